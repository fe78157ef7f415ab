"""Snapshots and files of whole runs, as real ROOT writes them: what was added between one and the next."""

import json
import shutil
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.errors import CaloscopeError
from tests.readers.folder_making import Root, started_root

from .making import make
from .test_convert import arrays, same
from .writing import RUN, Counts, dropped, hcal, hcal_counts, plane, require, rows, write_file, write_snapshot

MAP = "HCAL/digi"
LUMIS = (10, 20, 33, 40, 55)
LUMI = "Hcal/EventInfo/iLumiSection"


def added(run: int = RUN) -> dict[int, Counts]:
    """By lumisection of a snapshot what came since the one before, each with events of its own."""
    return {lumi: hcal_counts(100 + lumi, seed=run + lumi) for lumi in LUMIS}


def grown(steps: Mapping[int, Counts]) -> dict[int, Counts]:
    """The same, each with all that came before."""
    totals = np.cumsum(list(steps.values()), axis=0, dtype=np.uint32)
    return dict(zip(steps, totals, strict=True))


@pytest.fixture(scope="module")
def root() -> Iterator[Root]:
    yield from started_root()


@pytest.fixture(scope="module")
def snapshots(root: Root, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """One run, by lumisection."""
    folder = tmp_path_factory.mktemp("snapshots")
    totals = grown(added())
    return {lumi: write_snapshot(root, folder, lumi, hcal(total)) for lumi, total in totals.items()}


def expected(*lumis: int) -> dict[str, object]:
    """The rows of the run at some lumisections, each covering one snapshot's steps."""
    steps = added()
    before = {later: earlier for earlier, later in pairwise((0, *LUMIS))}
    return rows(
        [steps[lumi] for lumi in lumis],
        events=[100 + lumi for lumi in lumis],
        spans=[lumi - before[lumi] for lumi in lumis],
    )


def test_each_row_covers_what_came_since_the_snapshot_before(
    snapshots: dict[int, Path], tmp_path: Path
) -> None:
    report = make([snapshots[10].parent], tmp_path / "data.h5", maps=(MAP,))
    assert dropped(report) == {(MAP, "NO_BASELINE"): {RUN: "10"}}
    found = arrays(tmp_path / "data.h5")
    assert found["lumis"].tolist() == [20, 33, 40, 55]
    require(found, MAP, expected(20, 33, 40, 55))
    order = [snapshots[lumi] for lumi in (40, 10, 55, 33, 20)]
    make(order, tmp_path / "other.h5", maps=(MAP,), label="ZeroBias")
    assert same(tmp_path / "other.h5", tmp_path / "data.h5")


def test_from_the_start_the_first_is_a_row_too(snapshots: dict[int, Path], tmp_path: Path) -> None:
    report = make([snapshots[10].parent], tmp_path / "data.h5", maps=(MAP,), from_start=True)
    assert not report.dropped
    require(arrays(tmp_path / "data.h5"), MAP, expected(*LUMIS))


def test_a_copy_of_a_snapshot_changes_nothing(snapshots: dict[int, Path], tmp_path: Path) -> None:
    copy = shutil.copy(snapshots[33], tmp_path / snapshots[33].name.replace("host", "hostother"))
    report = make([copy, snapshots[10].parent], tmp_path / "data.h5", maps=(MAP,))
    assert dropped(report) == {(MAP, "NO_BASELINE"): {RUN: "10"}, (MAP, "DUPLICATE"): {RUN: "33"}}
    require(arrays(tmp_path / "data.h5"), MAP, expected(20, 33, 40, 55))


def test_a_snapshot_that_is_missing_makes_the_next_span_longer(
    snapshots: dict[int, Path], tmp_path: Path
) -> None:
    make([snapshots[lumi] for lumi in (10, 20, 40, 55)], tmp_path / "data.h5", maps=(MAP,))
    found = arrays(tmp_path / "data.h5")
    assert found["lumis"].tolist() == [20, 40, 55]
    steps = added()
    counts = [steps[20], steps[33] + steps[40], steps[55]]
    require(found, MAP, rows(counts, events=[120, 273, 155], spans=[10, 20, 15]))


def test_after_a_reset_counting_begins_anew(root: Root, tmp_path: Path) -> None:
    steps = added()
    for part in ((10, 20), (33, 40, 55)):
        for lumi, total in grown({lumi: steps[lumi] for lumi in part}).items():
            write_snapshot(root, tmp_path / "spool", lumi, hcal(total))
    report = make([tmp_path / "spool"], tmp_path / "data.h5", maps=(MAP,), from_start=True)
    assert dropped(report) == {(MAP, "NO_BASELINE"): {RUN: "33"}}
    assert arrays(tmp_path / "data.h5")["lumis"].tolist() == [10, 20, 40, 55]
    require(arrays(tmp_path / "data.h5"), MAP, expected(10, 20, 40, 55))


def test_runs_do_not_meet(root: Root, snapshots: dict[int, Path], tmp_path: Path) -> None:
    other = RUN + 1
    for lumi, total in grown(added(other)).items():
        write_snapshot(root, tmp_path / "spool", lumi, hcal(total), run=other)
    sources = [tmp_path / "spool", snapshots[10].parent]
    report = make(sources, tmp_path / "data.h5", maps=(MAP,))
    assert dropped(report) == {(MAP, "NO_BASELINE"): {RUN: "10", other: "10"}}
    found = arrays(tmp_path / "data.h5")
    assert found["runs"].tolist() == [RUN] * 4 + [other] * 4
    counts = [each[lumi] for each in (added(), added(other)) for lumi in LUMIS[1:]]
    require(found, MAP, rows(counts, events=[120, 133, 140, 155] * 2, spans=[10, 13, 7, 15] * 2))
    report = make(sources, tmp_path / "one.h5", maps=(MAP,), runs=str(RUN))
    assert dropped(report)["*", "NOT_ASKED"] == {other: "10,20,33,40,55"}
    require(arrays(tmp_path / "one.h5"), MAP, expected(20, 33, 40, 55))


def test_files_of_whole_runs(root: Root, tmp_path: Path) -> None:
    names = {RUN: f"DQM_V0001_Hcal_R{RUN:09d}.root"}
    names[RUN + 1] = f"DQM_V0001_R{RUN + 1:09d}__JetHT__Run2017F-v1__DQMIO.root"
    for run, name in names.items():
        things = {**hcal(hcal_counts(3000, seed=run)), LUMI: run % 100}
        write_file(root, tmp_path / "spool" / name, things, run=run)
    with pytest.raises(CaloscopeError, match="2 HCAL/digi NO_BASELINE"):
        make([tmp_path / "spool"], tmp_path / "data.h5", maps=(MAP,))
    make([tmp_path / "spool"], tmp_path / "data.h5", maps=(MAP,), from_start=True)
    found = arrays(tmp_path / "data.h5")
    assert [found["runs"].tolist(), found["lumis"].tolist()] == [[RUN, RUN + 1], [38, 39]]
    counts = [hcal_counts(3000, seed=run) for run in names]
    require(found, MAP, rows(counts, events=[3000, 3000], spans=[38, 39]))


@pytest.mark.parametrize(
    ("wanted", "taken", "why", "where"),
    [
        ({"lumis": "11-33"}, (20, 33), "NOT_ASKED", "40,55"),
        ({"lumis": "12-40"}, (33, 40), "NOT_ASKED", "20,55"),
        ({"golden": [[11, 25], [27, 60]]}, (20, 40, 55), "NOT_CERTIFIED", "33"),
        ({"golden": [[21, 33], [56, 99]]}, (33,), "NOT_CERTIFIED", "20,40,55"),
        ({"dcs": [[11, 54]]}, (20, 33, 40), "DETECTOR_OFF", "55"),
        ({"min_events": 140}, (40, 55), "FEW_EVENTS", "20,33"),
    ],
)
def test_all_of_a_span_must_pass_and_the_rest_is_a_baseline_still(
    snapshots: dict[int, Path], tmp_path: Path, wanted: dict[str, Any], taken: tuple[int, ...],
    why: str, where: str,
) -> None:  # fmt: skip
    for key in ("golden", "dcs"):
        if key in wanted:
            (tmp_path / key).write_text(json.dumps({str(RUN): wanted[key]}))
            wanted = {key: tmp_path / key}
    report = make([snapshots[10].parent], tmp_path / "data.h5", maps=(MAP,), **wanted)
    assert dropped(report) == {(MAP, "NO_BASELINE"): {RUN: "10"}, (MAP, why): {RUN: where}}
    found = arrays(tmp_path / "data.h5")
    assert found["lumis"].tolist() == list(taken)
    require(found, MAP, expected(*taken))


def test_pileup_of_a_span_is_the_mean_of_what_was_recorded(
    snapshots: dict[int, Path], tmp_path: Path
) -> None:
    lines = [
        f"{RUN}:6370,{lumi}:{lumi},11/03/17 05:00:00,STABLE BEAMS,6500,9.0,{lumi}.0,{lumi / 2},HFET"
        for lumi in range(1, 41)
        if lumi != 25
    ]
    head = "#run:fill,ls,time,beamstatus,E(GeV),delivered(/nb),recorded(/nb),avgpu,source\n"
    (tmp_path / "lumi.csv").write_text(head + "\n".join(lines) + "\n")
    make([snapshots[10].parent], tmp_path / "data.h5", maps=(MAP,), brilcalc=tmp_path / "lumi.csv")
    mean = [
        np.average(np.arange(low, high) / 2, weights=np.arange(low, high))
        for low, high in ((11, 21), (34, 41))
    ]
    found = arrays(tmp_path / "data.h5")[f"{MAP} pileup"]
    np.testing.assert_array_equal(found, np.array([mean[0], np.nan, mean[1], np.nan], np.float32))


def test_bins_booked_anew_in_the_middle_of_a_run(root: Root, tmp_path: Path) -> None:
    for lumi, width in ((10, 3), (20, 3), (30, 5), (40, 5), (50, 3), (60, 3)):
        things = {"Hcal/Task/h": plane(np.full((2, width), lumi), (0, 9), (0, 2))}
        write_snapshot(root, tmp_path / "spool", lumi, things)
    report = make([tmp_path / "spool"], tmp_path / "data.h5", maps=(), histograms=("Hcal/Task/h",))
    name = "plain/Hcal.Task.h"
    assert dropped(report) == {
        (name, "NO_BASELINE"): {RUN: "10,30,50"},
        (name, "OTHER_BINNING"): {RUN: "40"},
    }
    found = arrays(tmp_path / "data.h5")
    assert found["lumis"].tolist() == [20, 60]
    require(found, name, rows([np.full((2, 3), 10, np.uint32)] * 2, spans=[10, 10]))
