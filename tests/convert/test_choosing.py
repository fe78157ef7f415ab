"""Which maps a conversion takes, what it leaves out, and that what is bad spoils nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.config.catalogue import plain_name
from caloscope.dataset import open_data_set
from caloscope.writers.dqm import write_dqm
from tests.readers import folder_making as folders
from tests.readers import tree_making as trees
from tests.readers.making import EB_PATH, ECAL, EVENTS, LUMI, ecal_objects, write_ecal
from tests.readers.making import RUN as ECAL_RUN
from tests.readers.making import counts as ecal_counts

from ..running import caloscope
from .making import RUN, counts, make
from .test_convert import arrays
from .writing import barrel, dropped, plane, require, rows, started_trees, write_dqmio, write_file

EE_PATH = "EcalEndcap/EEOccupancyTask/EEOT digi occupancy EE {} by lumi"


@pytest.fixture(scope="module")
def root() -> Iterator[folders.Root]:
    yield from folders.started_root()


@pytest.fixture(scope="module")
def root_of_trees() -> Iterator[trees.Root]:
    yield from started_trees()


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        ({"maps": ("EB/digi",)}, {"EB/digi"}),
        ({"maps": ("EE*",)}, {"EE-/digi", "EE+/digi"}),
        ({"maps": ("EE?/digi", "EB/*")}, {"EE-/digi", "EE+/digi", "EB/digi"}),
        ({"maps": ("*/EEOccupancyTask/*digi*EE + by lumi",)}, {"EE+/digi"}),
        ({"maps": (EB_PATH,)}, {"EB/digi"}),
        ({"maps": ()}, set(ECAL)),
        (
            {"maps": (), "histograms": ("*EE -*",)},
            {plain_name(EE_PATH.format("-"))},
        ),
        (
            {"maps": ("EE+*",), "histograms": (EB_PATH,)},
            {"EE+/digi", plain_name(EB_PATH)},
        ),
    ],
)
def test_choosing_maps(tmp_path: Path, wanted: dict[str, Any], taken: set[str]) -> None:
    write_ecal(tmp_path, name="DQM_V0001_Ecal_R000315488_L000000012.root")
    report = make([tmp_path], tmp_path / "data.h5", **wanted)
    assert set(report.maps) == taken
    found = arrays(tmp_path / "data.h5")
    for seed, name in enumerate(ECAL):
        if name in taken:
            expected = rows([ecal_counts(name, seed=seed).astype(np.uint32)], events=[500], pileup=[41.25])
            require(found, name, expected)


def widths(lumi: int) -> int:
    """How many bins a histogram has in a lumisection: other ones from 3 on, the first ones again in 6."""
    return 3 if lumi < 3 or lumi == 6 else 4


def histogram(lumi: int, factor: int = 1) -> dict[str, Any]:
    return {"Hcal/Task/h": plane(np.full((2, widths(lumi)), factor * lumi), (0, 9), (0, 2))}


@pytest.mark.parametrize("format_", ["DQM ROOT", "DQMIO", "DQMIO in two parts"])
def test_binning_that_changes(
    root: folders.Root, root_of_trees: trees.Root, tmp_path: Path, format_: str
) -> None:
    lumis = range(1, 7)
    spool, sums = tmp_path / "spool", 1
    if format_ == "DQM ROOT":
        for lumi in lumis:
            write_file(root, spool / f"DQM_V0001_Hcal_R{RUN:09d}_L{lumi:09d}.root", histogram(lumi), run=RUN)
    else:
        for factor in (1, 2) if "two" in format_ else (1,):
            things = {lumi: histogram(lumi, factor) for lumi in lumis}
            write_dqmio(root_of_trees, spool / f"part{factor}.root", things, run=RUN)
            sums = 2 * factor - 1
    report = make([spool], tmp_path / "data.h5", maps=(), histograms=("Hcal/Task/h",))
    name = "plain/Hcal.Task.h"
    assert dropped(report) == {(name, "OTHER_BINNING"): {RUN: "3-5"}}
    found = arrays(tmp_path / "data.h5")
    assert found["lumis"].tolist() == [1, 2, 6]
    require(found, name, rows([np.full((2, 3), sums * lumi, np.uint32) for lumi in (1, 2, 6)]))


def test_events_and_maps_that_are_not_there(tmp_path: Path) -> None:
    changes: dict[int, dict[str, Any]] = {1: {}, 2: {EVENTS: None}, 3: {EVENTS: 99}, 4: {EB_PATH: None}}
    for lumi, change in {**changes, 5: {}, 6: {EB_PATH: None, EVENTS: None}}.items():
        objects = {**ecal_objects(), LUMI: lumi, **change}
        path = tmp_path / f"DQM_V0001_Ecal_R{ECAL_RUN:09d}_L{lumi:09d}.root"
        write_dqm(path, ECAL_RUN, {key: value for key, value in objects.items() if value is not None})
    (tmp_path / "dcs.json").write_text(json.dumps({str(ECAL_RUN): [[1, 4]]}))
    sources = sorted(tmp_path.glob("*.root"))
    wanted: dict[str, Any] = {"min_events": 100, "dcs": tmp_path / "dcs.json"}
    report = make(sources, tmp_path / "data.h5", **wanted)
    assert dropped(report) == {
        ("*", "DETECTOR_OFF"): {ECAL_RUN: "6"},
        ("*", "MAP_MISSING"): {ECAL_RUN: "4"},
        ("EB/digi", "DETECTOR_OFF"): {ECAL_RUN: "5"},
        ("EB/digi", "EVENTS_UNKNOWN"): {ECAL_RUN: "2"},
        ("EB/digi", "FEW_EVENTS"): {ECAL_RUN: "3"},
    }
    counted = ecal_counts("EB/digi", seed=0).astype(np.uint32)
    require(arrays(tmp_path / "data.h5"), "EB/digi", rows([counted], events=[500], pileup=[41.25]))


def spoiled(values: Any) -> Any:
    """The same with one bin that holds no count."""
    bad = np.asarray(values, np.float32).copy()
    bad[1, 2] = np.nan
    return bad


def test_a_bad_bin_costs_its_map_of_its_lumisection(root_of_trees: trees.Root, tmp_path: Path) -> None:
    lumis: dict[int, dict[str, Any]] = {
        lumi: {EB_PATH: barrel(counts(lumi)), EVENTS: 10 * lumi} for lumi in range(1, 11)
    }
    lumis[3][EB_PATH] = barrel(spoiled(counts(3)))
    path = write_dqmio(root_of_trees, tmp_path / "a.root", lumis, run=RUN)
    out = caloscope("convert", path, "-o", tmp_path / "data.h5", "--map", "EB/digi", "--workers", "1")
    assert "sources: 1, 1 of them bad" in out
    assert f"INVALID_COUNTS: found nan in {EB_PATH}, bin x=3 y=2" in out.replace("\n", " ")
    (tmp_path / "data.h5").unlink()
    report = make([path], tmp_path / "data.h5")
    assert dropped(report) == {("EB/digi", "UNUSABLE"): {RUN: "3"}}
    (bad,) = report.bad
    assert "INVALID_COUNTS" in bad
    good = [lumi for lumi in lumis if lumi != 3]
    found = arrays(tmp_path / "data.h5")
    assert found["lumis"].tolist() == good
    require(found, "EB/digi", rows([counts(lumi) for lumi in good], events=[10 * lumi for lumi in good]))
    with open_data_set(tmp_path / "data.h5") as data:
        (note,) = data.provenance["sources"]
        assert (note["fault"], note["lumisections"]) == ("INVALID_COUNTS", 9)
        assert [entry["why"] for entry in data.provenance["dropped"]] == ["UNUSABLE"]


def test_a_bad_bin_costs_no_other_map(root: folders.Root, tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    ends = {side: rng.integers(0, 500, (20, 20)) for side in "-+"}
    things: dict[str, Any] = {
        EE_PATH.format(side): plane(values, (0, 100), (0, 100)) for side, values in ends.items()
    }
    things |= {EB_PATH: barrel(spoiled(counts(1))), EVENTS: 300}
    write_file(root, tmp_path / f"DQM_V0001_Ecal_R{RUN:09d}_L000000001.root", things, run=RUN)
    report = make([tmp_path], tmp_path / "data.h5", maps=ECAL)
    assert dropped(report) == {("EB/digi", "UNUSABLE"): {RUN: "1"}}
    assert len(report.bad) == 1
    assert report.maps == {"EE+/digi": 1, "EE-/digi": 1}
    for side, values in ends.items():
        require(
            arrays(tmp_path / "data.h5"), f"EE{side}/digi", rows([values.astype(np.uint32)], events=[300])
        )


def test_a_profile_among_counts_is_left_out_alone(root: folders.Root, tmp_path: Path) -> None:
    folder = f"DQMData/Run {RUN}/Hcal/Run summary/Task"
    planes = {name: np.arange(20).reshape(4, 5) + number for number, name in enumerate("abz")}
    objects = [folders.told("TH2F", full, name, folder) for name, full in planes.items()]
    profile = {"class": "TProfile", "name": "p", "folder": folder, "axes": [folders.axis(3, 0, 3)]}
    objects.insert(1, {**profile, "points": [[1.5, 2.0]]})
    root.write(tmp_path / f"DQM_V0001_Hcal_R{RUN:09d}_L000000001.root", objects)
    report = make([tmp_path], tmp_path / "data.h5", maps=(), histograms=("Hcal/Task/*",))
    assert dropped(report) == {("plain/Hcal.Task.p", "UNUSABLE"): {RUN: "1"}}
    assert "means in Hcal/Task/p" in report.bad[0]
    found = arrays(tmp_path / "data.h5")
    for name, full in planes.items():
        require(found, f"plain/Hcal.Task.{name}", rows([folders.inside(full).astype(np.uint32)]))
