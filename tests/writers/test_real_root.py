"""ROOT itself and our files: it reads what we write, we read what it writes."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.geometry import view
from caloscope.readers import complete, read
from caloscope.writers.dqm import Histogram2D, Object, Profile, write_dqm

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ROOT") is None, reason="the package root is not here"
)

RUN = 355456
TOWERS = "EcalBarrel/EBOccupancyTask/EBOT digi occupancy by lumi"

_READ = """
import json, sys
import ROOT
file = ROOT.TFile.Open(sys.argv[1])
base = f"DQMData/Run {sys.argv[2]}/"
h = file.Get(base + "EcalBarrel/Run summary/EBOccupancyTask/EBOT digi occupancy by lumi")
d = file.Get(base + "Ecal/Run summary/labelled")
p = file.Get(base + "Ecal/Run summary/Trends/PU per Lumisection")
info = file.Get(base + "Ecal/Run summary/EventInfo")
keys = info.GetListOfKeys()
print(json.dumps({
    "zombie": bool(file.IsZombie() or file.TestBit(ROOT.TFile.kRecovered)),
    "class": h.ClassName(), "title": h.GetTitle(), "option": h.GetOption(),
    "axes": [h.GetXaxis().GetTitle(), h.GetYaxis().GetTitle()],
    "contents": [[h.GetBinContent(x + 1, y + 1) for x in range(72)] for y in range(34)],
    "entries": h.GetEntries(), "mean": [h.GetMean(1), h.GetMean(2)], "rms": [h.GetStdDev(1), h.GetStdDev(2)],
    "correlation": h.GetCorrelationFactor(),
    "labels": [d.GetYaxis().GetBinLabel(n) for n in (1, 2)], "range": [d.GetMinimum(), d.GetMaximum()],
    "profile": [p.ClassName(), p.GetEntries(), p.GetBinContent(1), p.GetBinError(1), p.GetBinEntries(1)],
    "profile x": [p.GetXaxis().GetTitle(), p.GetNbinsX(), p.GetXaxis().GetXmax()],
    "scalars": sorted([key.GetName(), key.GetClassName(), str(key.ReadObj().GetString())] for key in keys),
}))
"""

_WRITE = """
import sys
import ROOT, array
for algorithm, level, name in ((1, 1, "zlib"), (2, 1, "lzma"), (4, 4, "lz4"), (5, 5, "zstd"), (1, 0, "none")):
    file = ROOT.TFile(f"{sys.argv[1]}/{name}_LS7.root", "RECREATE", "", 100 * algorithm + level)
    for path, kind in (
        ("EcalBarrel/Run summary/EBOccupancyTask/EBOT digi occupancy by lumi", "TH2F"),
        ("EcalEndcap/Run summary/EEOccupancyTask/EEOT digi occupancy EE - by lumi", "TH2S"),
        ("EcalEndcap/Run summary/EEOccupancyTask/EEOT digi occupancy EE + by lumi", "TH2D"),
    ):
        folder, title = (f"DQMData/Run {sys.argv[2]}/" + path).rsplit("/", 1)
        into = file.GetDirectory(folder) or file.mkdir(folder, "", True)
        into.cd()
        barrel = "EBOT" in title
        bins = (72, 0, 360, 34, -85, 85) if barrel else (20, 0, 100, 20, 0, 100)
        h = getattr(ROOT, kind)(title, title, *bins)
        if kind == "TH2D":
            h.Sumw2()
            h.GetXaxis().SetBinLabel(3, "three")
        for x in range(bins[0] + 2):
            for y in range(bins[3] + 2):
                h.SetBinContent(x, y, x * 100 + y)
        if barrel:
            h.GetListOfFunctions().Add(ROOT.TF1("f", "x", 0, 1))
        h.Write()
    scalars = file.mkdir(f"DQMData/Run {sys.argv[2]}/Ecal/Run summary/EventInfo", "", True)
    scalars.cd()
    for text in ("<PU in the lumi>f=38.5</PU in the lumi>", "<iLumiSection>i=7</iLumiSection>"):
        ROOT.TObjString(text).Write()
    file.Close()
"""


def _root(script: str, *arguments: str) -> str:
    """What a script prints in a Python of its own: importing ROOT is heavy and warns."""
    command = [sys.executable, "-W", "ignore", "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_root_reads_what_we_write(tmp_path: Path) -> None:
    towers = view("EB", "2019+")
    values = np.random.default_rng(3).integers(0, 999, towers.shape).astype(np.float32)
    ranges: dict[str, Any] = {"x_range": (0, 360), "y_range": (-85, 85)}
    labelled = Histogram2D(
        *("t", "x", "y", (0, 1), (0, 1), np.zeros((2, 3), np.float64)),
        y_labels=["a", "b"],
        minimum=0,
        maximum=5,
    )
    objects: dict[str, Object] = {
        TOWERS: Histogram2D(title="occ / #sigma", x_title="i#phi", y_title="i#eta", values=values, **ranges),
        "Ecal/labelled": labelled,
        "Ecal/Trends/PU per Lumisection": Profile.of(
            [(1, 40.0), (2, 42.0), (30, 7.0)], title="PU", x_title="LS"
        ),
        "Ecal/EventInfo/PU in the lumi": 38.5,
        "Ecal/EventInfo/iRun": RUN,
        "Ecal/EventInfo/host": "é/b",
    }
    path = tmp_path / "x.root"
    write_dqm(path, RUN, objects)
    found = json.loads(_root(_READ, str(path), str(RUN)))
    assert not found["zombie"]
    assert (found["class"], found["title"], found["option"]) == ("TH2F", "occ / #sigma", "colz")
    assert found["axes"] == ["i#phi", "i#eta"]
    np.testing.assert_array_equal(found["contents"], values)
    assert found["entries"] == values.sum()
    y, x = np.meshgrid(np.arange(-82.5, 85, 5), np.arange(2.5, 360, 5), indexing="ij")
    means = [np.average(x, weights=values), np.average(y, weights=values)]
    assert found["mean"] == pytest.approx(means)
    spread = [np.sqrt(np.average((c - m) ** 2, weights=values)) for c, m in zip((x, y), means, strict=True)]
    assert found["rms"] == pytest.approx(spread)
    both = np.average((x - means[0]) * (y - means[1]), weights=values)
    assert found["correlation"] == pytest.approx(both / spread[0] / spread[1])
    assert found["labels"] == ["a", "b"]
    assert found["range"] == [0, 5]
    assert found["profile"] == ["TProfile", 3, 41, pytest.approx(1 / np.sqrt(2)), 2]
    assert found["profile x"] == ["LS", 200, 2000]
    texts = ["<PU in the lumi>f=38.5</PU in the lumi>", "<host>s=é/b</host>", f"<iRun>i={RUN}</iRun>"]
    assert found["scalars"] == [[text, "TObjString", text] for text in texts]


def test_we_read_what_root_writes(tmp_path: Path) -> None:
    _root(_WRITE, str(tmp_path), str(RUN))
    maps = [load()[name] for name in ("EB/digi", "EE-/digi", "EE+/digi")]
    files = sorted(tmp_path.iterdir())
    assert len(files) == 5
    for path in files:
        assert complete(path)
        (found,) = read(path, maps, label="x", views=view)
        assert (found.run, found.lumi, len(found.maps)) == (RUN, 7, 3)
        for record in found.maps.values():
            rows, columns = record.counts.shape
            y, x = np.meshgrid(np.arange(1, rows + 1), np.arange(1, columns + 1), indexing="ij")
            np.testing.assert_array_equal(record.counts, 100 * x + y)
            assert record.pileup == 38.5
