"""One hot cell comes out where it went in, through every stage, on every calorimeter.

The place is given in the bins that CMS's DQM books, worked out by hand, and looked for in the output with
uproot: no geometry of ours is used to say where it should be.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import uproot

from caloscope import training
from caloscope.config.catalogue import load
from caloscope.faults import Fault
from caloscope.geometry import era_of_run, view
from caloscope.monitor import Intake, write_outputs
from caloscope.records import Cell, Code, Direction
from caloscope.simulate import STEADY, Fill, healthy_maps, lumisections, write_lumisection
from caloscope.store import FlagRow, Store

LABEL = "test"


class Hot(NamedTuple):
    """A hot cell: its index, the centre of its bin (x, y) in the file, its depth and its name."""

    map: str
    cell: Cell
    centre: tuple[float, float]
    depth: int | None
    histogram: str
    name: str


# Trigger tower ieta +5 is crystals 21 to 25 of an axis from -85 to 85, iphi 3 is crystals 11 to 15.
EB = Hot("EB/digi", (21, 2), (12.5, 22.5), None, "EBOT ML quality", "EB+01 tower (ieta 21..25, iphi 11..15)")
# Supercrystal (8, 6) is crystals 36 to 40 in x and 26 to 30 in y.
EE = Hot(
    "EE+/digi", (5, 7), (37.5, 27.5), None, "EE + ML quality", "EE+04 supercrystal (ix 36..40, iy 26..30)"
)
# 84 bins of ieta: -41 to -29 (HF), -29 to -1, 1 to 29, 29 to 41 (HF); ieta 20 is the 62nd.
HCAL = Hot("HCAL/digi", (2, 10, 61), (61.5, 11.0), 3, "depth3", "HEP04 (ieta 20, iphi 11, depth 3)")
HB = Hot("HCAL/digi", (0, 71, 26), (26.5, 72.0), 1, "depth1", "HBM01 (ieta -16, iphi 72, depth 1)")
HO = Hot("HO/digi", (39, 44), (44.5, 40.0), None, "depthHO", "HO0 (ieta 3, iphi 40)")


@pytest.mark.parametrize(
    ("run", "hot"),
    [
        (320_100, [EB, EE, HCAL]),
        (320_100, [HB]),
        (320_100, [HO]),
        (276_582, [HB, EB]),
        (355_100, [EB, EE, HCAL, HO]),
    ],
    ids=["2018", "2018-HB", "2018-HO", "2016", "2022"],
)
def test_a_hot_cell_stays_where_it_is(tmp_path: Path, run: int, hot: list[Hot]) -> None:
    spool, era = tmp_path / "spool", era_of_run(run)
    maps = [(load()[each.map], view(load()[each.map].view, era)) for each in hot]
    detectors = healthy_maps(maps, seed=3, stability=STEADY)
    good = list(lumisections(Fill(run, 10, seed=3), detectors))
    bundles = [training.train(good, spec, on, tmp_path / f"{spec.slug}.bundle") for spec, on in maps]
    faults = [
        Fault(each.map, each.cell, *(("noisy", 0.5) if each.map.startswith("H") else ("hot", 4.0)), onset=2)
        for each in hot
    ]
    spool.mkdir()
    for lumisection in lumisections(Fill(run + 1, 3, seed=3), detectors, faults):
        write_lumisection(spool, lumisection, maps, began_at=1.7e9)
    with Store(str(tmp_path / "store.sqlite")) as store:
        intake = Intake(store, bundles, LABEL)
        taken = [intake.take(path) for path in sorted(spool.iterdir())]
        assert all(each.runs == {run + 1} for each in taken)
        outputs = write_outputs(store, LABEL, [run + 1], tmp_path / "output")
        flags, incidents = list(store.flags()), store.incidents()
    assert {(i.map, i.cells, i.hardware, i.direction) for i in incidents if not i.standing} == {
        (each.map, (each.cell,), each.name, Direction.HIGH) for each in hot
    }
    assert [_place(row) for row in flags if row.code == Code.BAD] == [
        (lumi, each.map, each.depth, *each.cell[-2:], 0, "high")
        for each in sorted(hot, key=lambda each: each.map)
        for lumi in (2, 3)
    ]
    bad = [place for path in outputs for place in _bad_bins(path)]
    assert len(bad) == len(hot)
    for each in hot:
        assert [centre for name, centre in bad if each.histogram in name] == [each.centre]


def _place(row: FlagRow) -> tuple[int, str, int | None, int | None, int | None, int, str]:
    return row.lumi, row.map, row.depth, row.y, row.x, row.code, row.direction


def _bad_bins(path: Path) -> list[tuple[str, tuple[float, float]]]:
    """Histogram and bin centre of everything that the quality summaries of a file call bad."""
    found = []
    with uproot.open(path) as file:
        for name, kind in file.classnames(cycle=False).items():
            if "uality" in name and kind.startswith("TH2"):
                histogram = file[name]
                x, y = (histogram.axis(number).centers() for number in (0, 1))
                found += [(name, (float(x[i]), float(y[j]))) for i, j in np.argwhere(histogram.values() == 0)]
    return found
