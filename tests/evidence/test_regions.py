"""Faults of many cells: found as what they are, and nothing else with them."""

import numpy as np
import pytest

from caloscope.faults import Fault
from caloscope.records import Mask

from .watching import Known, Watch, fill, healthy_cells, known, off

ONSET = 8


def seen(map_: Known, faults: list[Fault], lumis: int = 50) -> tuple[Watch, Mask]:
    """The watch of a run with these faults, and all faulty cells that can be tested."""
    cells = np.any([fault.cells(map_.view) for fault in faults], axis=0) & map_.testable
    return Watch(map_).run(fill(lumis), faults), cells


def check(watch: Watch, cells: Mask, within: int) -> None:
    """All faulty cells flagged after so many lumisections and nearly always since; no other one, ever."""
    flags = watch.flagged()
    assert not flags[:, ~cells].any()
    assert flags[ONSET + within - 2, cells].all()
    assert flags[ONSET + within - 1 :, cells].mean() > 0.97


@pytest.mark.parametrize(
    ("name", "where", "factor", "within"),
    [
        ("EE+", "EE+Q1", 0.9, 10),
        ("EE+", "EE+Q4", 0.9, 10),
        ("EE+", "EE+Q4", 0.5, 1),
        ("EE+", "EE+Q2", 1.2, 3),
        ("EE+", "EE+N", 0.8, 3),
        ("EE+", "EE+F", 0.5, 1),
        ("EB", "EB+05", 0.9, 10),
        ("EB", "EB-12", 0.8, 4),
        ("EB", "EB-12", 1.15, 6),
        ("EB", "EB-12", 0.5, 1),
        ("EB", "EB+", 0.8, 2),
    ],
)
def test_a_faulty_region_is_flagged_whole_and_alone(
    name: str, where: str, factor: float, within: int
) -> None:
    watch, cells = seen(known(name), [off(f"{name}/digi", where, factor, ONSET)])
    check(watch, cells, within)


def test_a_hot_patch_is_found_though_no_hardware_is_its_own() -> None:
    barrel = known("EB")
    patch = tuple((y, x) for y in range(20, 24) for x in range(31, 35))
    watch, cells = seen(barrel, [Fault("EB/digi", patch, "hot", 1.2, onset=20)])
    flags = watch.flagged()
    assert flags[30:, cells].mean() > 0.9
    assert flags[:, ~cells].sum(axis=1).max() <= 8  # a row of cells beside it, where the box is off by one
    assert watch.evidence[-1].peaks["patch_high"] > 16.0


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_a_whole_map_is_found_in_the_first_lumisection(factor: float) -> None:
    endcap = known("EE+")
    watch, cells = seen(endcap, [off("EE+/digi", "all", factor, ONSET)])
    check(watch, cells, 1)
    directions = {int(each.direction[endcap.testable].min()) for each in watch.evidence[ONSET - 1 :]}
    assert directions == {1 if factor > 1 else -1}


def test_a_dead_cell_in_a_flagged_region_is_found_and_outlives_it() -> None:
    endcap = known("EE+")
    cell = next(each for each in healthy_cells(endcap, 60) if endcap.region("EE+Q3")[each])
    region = Fault("EE+/digi", "EE+Q3", "factor", 0.8, onset=ONSET, end=31)
    watch, cells = seen(endcap, [region, Fault("EE+/digi", cell, "dead", onset=20)])
    flags = watch.flagged()
    assert not flags[:, ~cells].any()
    assert flags[ONSET + 3 : 30, cells].mean() > 0.97
    assert watch.evidence[24].value[cell] > 3 * np.median(watch.evidence[24].value[cells])
    assert watch.of(cell)[34:].all()
    assert not watch.flagged(besides=[cell])[34:].any()


def test_two_faulty_supermodules_and_a_hot_tower_are_all_found() -> None:
    barrel = known("EB")
    cell = next(each for each in healthy_cells(barrel, 60) if barrel.region("EB-")[each])
    faults = [
        Fault("EB/digi", "EB+05", "factor", 0.8, onset=ONSET),
        Fault("EB/digi", "EB+11", "factor", 0.7, onset=ONSET),
        Fault("EB/digi", cell, "hot", 3.0, onset=ONSET),
    ]
    watch, cells = seen(barrel, faults, 40)
    check(watch, cells, 4)


def test_what_is_low_and_what_is_high_at_once_are_told_apart() -> None:
    barrel = known("EB")
    faults = [
        Fault("EB/digi", "EB+05", "factor", 0.7, onset=ONSET),
        Fault("EB/digi", "EB-09", "hot", 1.3, onset=ONSET),
    ]
    watch, cells = seen(barrel, faults, 40)
    check(watch, cells, 4)
    last = watch.evidence[-1].direction
    assert (last[barrel.region("EB+05") & barrel.testable] == -1).mean() > 0.99
    assert (last[barrel.region("EB-09") & barrel.testable] == 1).mean() > 0.99
