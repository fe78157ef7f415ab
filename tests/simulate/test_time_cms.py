"""Fills of all kinds through the maps of CMS, into files and back."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from caloscope.config.catalogue import MapSpec, load
from caloscope.geometry import View, view
from caloscope.readers import read
from caloscope.simulate.fill import Fill
from caloscope.simulate.makers import healthy_maps
from caloscope.simulate.simulated import lumisections
from caloscope.simulate.spool import write_fill

NAMES = tuple(load())

_READ = """
import json, sys
import ROOT
file = ROOT.TFile.Open(sys.argv[1])
h = file.Get(sys.argv[2])
crystals = [h.GetNbinsX(), h.GetNbinsY(), h.GetXaxis().GetXmin(), h.GetXaxis().GetXmax(), h.GetEntries()]
h.Rebin2D(5, 5)
towers = [[h.GetBinContent(x + 1, y + 1) for x in range(h.GetNbinsX())] for y in range(h.GetNbinsY())]
print(json.dumps({"zombie": bool(file.IsZombie()), "crystals": crystals, "towers": towers}))
"""


def maps(era: str, *names: str) -> list[tuple[MapSpec, View]]:
    return [(load()[name], view(load()[name].view, era)) for name in names or NAMES]


@pytest.mark.parametrize(
    "fill",
    [
        Fill(320_001, 3, 5),
        Fill(320_002, 3, 5, dataset="JetHT", began_at=1.5e9, day=200.0),
        Fill(320_003, 3, 5, beam="none", events=100),
        Fill(320_004, 3, 5, beam="ions", events=100),
        Fill(320_005, 4, 5, ramp=2, dump=True),
    ],
    ids=["protons", "jets", "cosmics", "ions", "ends"],
)
def test_every_map_comes_back_from_its_files(tmp_path: Path, fill: Fill) -> None:
    wanted = maps("2018")
    made = list(lumisections(fill, healthy_maps(wanted, 3)))
    write_fill(tmp_path, made, wanted)
    for each in made:
        for producer in ("Ecal", "Hcal"):
            path = tmp_path / f"DQM_V0001_{producer}_R{fill.run:09d}_L{each.lumi:09d}.root"
            mine = [spec for spec, _ in wanted if spec.producer == producer]
            (found,) = read(path, mine, label="x", views=view)
            for spec in mine:
                exists = view(spec.view, "2018").exists
                given, back = each.maps[spec.name], found.maps[spec.name]
                np.testing.assert_array_equal(back.counts[exists], given.counts[exists])
                assert back.events == given.events
                if producer == "Ecal":
                    assert (back.pileup is None) == (given.pileup is None)


@pytest.mark.skipif(importlib.util.find_spec("ROOT") is None, reason="the package root is not here")
@pytest.mark.parametrize("name", ["EB/rechit", "EE-/rechit"])
def test_root_itself_reads_the_crystals(tmp_path: Path, name: str) -> None:
    ((spec, on),) = wanted = maps("2018", name)
    (made,) = lumisections(Fill(320_001, 1, 5), healthy_maps(wanted, 3))
    write_fill(tmp_path, [made], wanted)
    (path,) = tmp_path.iterdir()
    key = "DQMData/Run 320001/" + spec.histograms[0].replace("/", "/Run summary/", 1)
    command = [sys.executable, "-W", "ignore", "-c", _READ, str(path), key]
    told = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    found = json.loads(told.stdout)
    counts = made.maps[name].counts
    assert not found["zombie"]
    assert found["crystals"] == [5 * on.x.bins, 5 * on.y.bins, on.x.low, on.x.high, counts.sum()]
    np.testing.assert_array_equal(found["towers"], counts)
