"""One lumisection in several DQMIO files, which real ROOT wrote: its parts add up, or none of them counts."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.readers.making import EB_PATH, EVENTS, PILEUP
from tests.readers.tree_making import Root

from .making import RUN, counts, make
from .making import write as write_whole
from .test_convert import arrays
from .writing import Counts, barrel, dropped, plane, require, rows, started_trees, write_dqmio

MAP = "EB/digi"
SMALL = "plain/Ecal.Task.h"


@pytest.fixture(scope="module")
def root() -> Iterator[Root]:
    yield from started_trees()


def part(seed: int, events: int | None = None, pileup: float | None = None) -> dict[str, Any]:
    """What a file holds of a lumisection: the tower map, and the numbers beside it."""
    things: dict[str, Any] = {EB_PATH: barrel(counts(seed))}
    things |= {} if events is None else {EVENTS: events}
    return things if pileup is None else things | {PILEUP: pileup}


def total(*seeds: int) -> Counts:
    """What the parts add up to."""
    added: Counts = np.sum([counts(seed) for seed in seeds], axis=0, dtype=np.uint32)
    return added


def write(root: Root, folder: Path, *files: dict[int, dict[str, Any]]) -> list[Path]:
    """Files of parts, by lumisection what each holds."""
    places = [folder / f"part{number}.root" for number in range(len(files))]
    return [write_dqmio(root, path, lumis, run=RUN) for path, lumis in zip(places, files, strict=True)]


def test_three_parts_add_up(root: Root, tmp_path: Path) -> None:
    files = write(
        root,
        tmp_path / "in",
        {5: part(1, 100, 30.0), 6: part(4, 50, 20.0)},
        {5: part(2, 300, 40.0)},
        {7: part(5, 60, 21.0), 5: part(3, 200, 36.0), 6: part(6, 70)},
    )
    report = make(files, tmp_path / "data.h5")
    assert (report.bad, report.dropped) == ((), ())
    found = arrays(tmp_path / "data.h5")
    assert found["lumis"].tolist() == [5, 6, 7]
    # (100 x 30 + 300 x 40 + 200 x 36) / 600; of lumisection 6 one part alone tells.
    numbers = {"events": [600, 120, 60], "pileup": [37.0, 20.0, 21.0]}
    require(found, MAP, rows([total(1, 2, 3), total(4, 6), total(5)], **numbers))
    make(reversed(files), tmp_path / "other.h5")  # type: ignore[arg-type]
    other = arrays(tmp_path / "other.h5")
    for name, array in found.items():
        np.testing.assert_array_equal(other[name], array)


def test_events_that_one_part_does_not_tell_are_not_known(root: Root, tmp_path: Path) -> None:
    files = write(root, tmp_path / "in", {5: part(1, 100)}, {5: part(2)})
    make(files, tmp_path / "data.h5")
    require(arrays(tmp_path / "data.h5"), MAP, rows([total(1, 2)], events=[-1]))


def test_a_map_that_one_part_does_not_hold(root: Root, tmp_path: Path) -> None:
    files = write(root, tmp_path / "in", {5: part(1, 100)}, {5: {EVENTS: 70}}, {5: part(2, 200)})
    make(files, tmp_path / "data.h5")
    require(arrays(tmp_path / "data.h5"), MAP, rows([total(1, 2)], events=[300]))


def test_a_copy_of_a_file_is_a_duplicate(root: Root, tmp_path: Path) -> None:
    first, second = write(root, tmp_path / "in", {5: part(1, 100), 6: part(3, 10)}, {5: part(2, 300)})
    shutil.copy(first, tmp_path / "in" / "copy.root")
    report = make([first, second, tmp_path / "in" / "copy.root"], tmp_path / "data.h5")
    assert dropped(report) == {(MAP, "DUPLICATE"): {RUN: "5-6"}}
    assert report.dropped[0].count == 2
    require(arrays(tmp_path / "data.h5"), MAP, rows([total(1, 2), total(3)], events=[400, 10]))


def test_a_copy_of_a_file_of_few_counts_is_a_duplicate(root: Root, tmp_path: Path) -> None:
    few = {5: {"Ecal/Task/h": plane(np.eye(3), (0, 3), (0, 3))}}
    (first,) = write(root, tmp_path / "in", few)
    shutil.copy(first, tmp_path / "in" / "copy.root")
    report = make([tmp_path / "in"], tmp_path / "data.h5", maps=(), histograms=("Ecal/Task/h",))
    assert dropped(report) == {(SMALL, "DUPLICATE"): {RUN: "5"}}
    require(arrays(tmp_path / "data.h5"), SMALL, rows([np.eye(3, dtype=np.uint32)]))


def test_other_parts_that_happen_to_be_equal_are_added(root: Root, tmp_path: Path) -> None:
    few = {"Ecal/Task/h": plane(np.eye(3), (0, 3), (0, 3))}
    files = write(root, tmp_path / "in", {5: few}, {5: few})
    assert files[0].read_bytes() != files[1].read_bytes()
    report = make(files, tmp_path / "data.h5", maps=(), histograms=("Ecal/Task/h",))
    assert not report.dropped
    require(arrays(tmp_path / "data.h5"), SMALL, rows([2 * np.eye(3, dtype=np.uint32)]))


def test_equal_counts_of_other_events_are_added(root: Root, tmp_path: Path) -> None:
    files = write(root, tmp_path / "in", {5: part(1, 100)}, {5: part(1, 101)})
    report = make(files, tmp_path / "data.h5")
    assert not report.dropped
    require(arrays(tmp_path / "data.h5"), MAP, rows([total(1, 1)], events=[201]))


@pytest.mark.parametrize("other", [((0, 4), (0, 2)), ((0, 3), (1, 2))])
def test_parts_of_other_axes_leave_nothing_of_the_lumisection(
    root: Root, tmp_path: Path, other: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    def histogram(value: int, *axes: tuple[float, float]) -> dict[str, Any]:
        return {"Ecal/Task/h": plane(np.full((2, 3), value), *axes)}

    usual = ((0.0, 3.0), (0.0, 2.0))
    first = {lumi: histogram(lumi, *usual) for lumi in (4, 5, 6)}
    files = write(root, tmp_path / "in", first, {5: histogram(9, *other)}, {5: histogram(7, *usual)})
    report = make(files, tmp_path / "data.h5", maps=(), histograms=("Ecal/Task/h",))
    assert dropped(report) == {(SMALL, "CONFLICT"): {RUN: "5"}}
    assert report.dropped[0].count == 3
    found = arrays(tmp_path / "data.h5")
    assert found["lumis"].tolist() == [4, 6]
    require(found, SMALL, rows([np.full((2, 3), lumi, np.uint32) for lumi in (4, 6)]))


def test_parts_of_profiles_leave_nothing_of_the_lumisection(root: Root, tmp_path: Path) -> None:
    def profile(mean: float) -> dict[str, Any]:
        common = {"tree": "TProfiles", "class": "TProfile", "name": "p", "axes": [(2, 0.0, 2.0)]}
        return {"Ecal/Task/p": {**common, "points": [[0.5, mean]]}}

    files = write(root, tmp_path / "in", {5: profile(1.5), 6: profile(2.5)}, {5: profile(3.5)})
    report = make(files, tmp_path / "data.h5", maps=(), histograms=("Ecal/Task/p",), as_float=True)
    assert dropped(report) == {("plain/Ecal.Task.p", "CONFLICT"): {RUN: "5"}}
    assert report.dropped[0].count == 2
    found = arrays(tmp_path / "data.h5")
    assert found["lumis"].tolist() == [6]
    require(found, "plain/Ecal.Task.p", rows([np.array([[2.5, np.nan]], np.float32)]))


def test_a_conflict_of_one_map_does_not_touch_another(root: Root, tmp_path: Path) -> None:
    def both(seed: int, high: float) -> dict[int, dict[str, Any]]:
        return {5: part(seed, 10) | {"Ecal/Task/h": plane(np.eye(3), (0, high), (0, 3))}}

    files = write(root, tmp_path / "in", both(1, 3), both(2, 4))
    report = make(files, tmp_path / "data.h5", histograms=("Ecal/Task/h",))
    assert dropped(report) == {(SMALL, "CONFLICT"): {RUN: "5"}}
    assert report.maps == {MAP: 1}
    require(arrays(tmp_path / "data.h5"), MAP, rows([total(1, 2)], events=[20]))


def test_parts_and_sums_beyond_what_a_bin_can_hold(root: Root, tmp_path: Path) -> None:
    full = {"Ecal/Task/h": plane(np.array([[2.0**31, 1.0]]), (0, 2), (0, 1))}
    more = {"Ecal/Task/h": plane(np.array([[2.0**31, 2.0]]), (0, 2), (0, 1))}
    files = write(root, tmp_path / "in", {5: full, 6: full}, {5: more})
    report = make(files, tmp_path / "data.h5", maps=(), histograms=("Ecal/Task/h",))
    assert dropped(report) == {(SMALL, "CONFLICT"): {RUN: "5"}}
    require(arrays(tmp_path / "data.h5"), SMALL, rows([np.array([[2**31, 1]], np.uint32)]))


def test_a_part_that_cannot_be_used_spoils_its_lumisection_alone(root: Root, tmp_path: Path) -> None:
    spoiled = part(2, 300)
    broken = counts(2).astype(np.float32)
    broken[3, 4] = np.nan
    spoiled[EB_PATH] = barrel(broken)
    files = write(root, tmp_path / "in", {5: part(1, 100), 6: part(3, 50)}, {5: spoiled, 6: part(4, 70)})
    report = make(files, tmp_path / "data.h5")
    assert len(report.bad) == 1
    found = arrays(tmp_path / "data.h5")
    assert found["lumis"].tolist() == [6]
    require(found, MAP, rows([total(3, 4)], events=[120]))


def test_a_whole_lumisection_is_better_than_its_parts(root: Root, tmp_path: Path) -> None:
    files = write(root, tmp_path / "in", {5: part(1, 100)}, {5: part(2, 300)})
    files += write_whole(tmp_path / "whole", [5])
    make(files, tmp_path / "data.h5")
    require(arrays(tmp_path / "data.h5"), MAP, rows([counts(5)], events=[705], pileup=[40.0]))
