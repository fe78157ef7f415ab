"""Simulated files in which histograms grow, as the online system and some calorimeters write them."""

from pathlib import Path

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.geometry import view
from caloscope.prepare import difference
from caloscope.readers import read
from caloscope.records import Lumisection, MapRecord
from caloscope.simulate import Fill, healthy_maps, lumisections, write_fill

from .running import caloscope

MAPS = ("EB/digi", "HCAL/digi")


def given() -> list[Lumisection]:
    """What the detector counted."""
    detectors = healthy_maps([(load()[name], view(load()[name].view, "2018")) for name in MAPS], 3)
    return list(lumisections(Fill(run=320_001, lumis=13, seed=9), detectors))


def record(path: Path, name: str) -> MapRecord:
    (found,) = read(path, [load()[name]], label="x", views=view)
    return found.maps[name]


def test_snapshots_hold_what_the_online_system_writes(tmp_path: Path) -> None:
    counted = given()
    maps = [(load()[name], view(load()[name].view, "2018")) for name in MAPS]
    assert write_fill(tmp_path, counted, maps, snapshots=5) == 2
    names = [path.name for path in sorted(tmp_path.iterdir())]
    assert names == [
        f"DQM_V0001_{producer}_R000320001.root.ls{lumi:08d}_hostsimulated_pid00000001"
        for producer in ("Ecal", "Hcal")
        for lumi in (5, 10)
    ]
    ecal = record(tmp_path / names[1], "EB/digi")
    assert (ecal.cumulative, ecal.span, ecal.events) == (False, 1, counted[9].maps["EB/digi"].events)
    np.testing.assert_array_equal(ecal.counts, counted[9].maps["EB/digi"].counts)
    first, second = (record(tmp_path / name, "HCAL/digi") for name in names[2:])
    for found, lumis in ((first, 5), (second, 10)):
        assert found.cumulative
        expected = sum(each.maps["HCAL/digi"].counts.astype(np.uint64) for each in counted[:lumis])
        np.testing.assert_array_equal(found.counts, expected)
        assert found.events == sum(each.maps["HCAL/digi"].events or 0 for each in counted[:lumis])
    between = difference((counted[4].id, first), (counted[9].id, second)).record
    assert between is not None
    assert between.span == 5


@pytest.mark.parametrize(("every", "files"), [("4", 3), ("0", 13)])
def test_the_command_writes_them(tmp_path: Path, every: str, files: int) -> None:
    words = ("simulate", "--map", "EB/digi", "--lumis", "13", "--snapshots", every, "-o", tmp_path)
    told = caloscope(*words)
    assert len(list(tmp_path.iterdir())) == files
    what = "3 snapshots of 13" if files == 3 else "13"
    assert told == f"{tmp_path}: {what} simulated lumisections of run 320001, seed 1\n"
