"""What stands beside a fault is healthy: it gets no flag, however long the fault lasts."""

import numpy as np
import pytest

from caloscope.evidence.counted import Counted
from caloscope.evidence.neighbours import neighbours_of
from caloscope.evidence.residuals import Levels, residuals
from caloscope.faults import Fault
from caloscope.faults.trigger import around
from caloscope.records import Cell
from caloscope.simulate import Fill, conditions

from .watching import Watch, fill, healthy_cells, known, off

MAP = "EE+/digi"
LUMIS, ONSET = 110, 8


def cells_of_endcap(number: int) -> list[Cell]:
    return healthy_cells(known("EE+"), number)


@pytest.mark.parametrize("factor", [0.0, 5.0])
@pytest.mark.parametrize("cell", cells_of_endcap(3))
def test_a_dead_and_a_five_times_hot_cell_are_flagged_alone_for_a_hundred_lumisections(
    factor: float, cell: Cell
) -> None:
    watch = Watch(known("EE+")).run(fill(LUMIS), [off(MAP, cell, factor, ONSET)])
    assert watch.of(cell)[ONSET - 1 :].all()
    assert not watch.flagged(besides=[cell]).any()


def test_a_dead_supermodule_is_flagged_alone_for_a_hundred_lumisections() -> None:
    barrel = known("EB")
    dead = barrel.region("EB+05") & barrel.testable
    watch = Watch(barrel).run(fill(LUMIS), [Fault("EB/digi", "EB+05", "dead", onset=ONSET)])
    flags = watch.flagged()
    assert flags[ONSET:, dead].all()
    assert not flags[:, ~dead].any()


@pytest.mark.parametrize("factor", [0.0, 5.0])
def test_the_first_lumisection_of_a_fault_says_nothing_of_its_neighbours(factor: float) -> None:
    """Neighbours of a hot cell do not look low, those of a dead one not high: not even half-way to a flag."""
    endcap = known("EE+")
    for cell in cells_of_endcap(12):
        evidence = Watch(endcap).run(fill(4), [off(MAP, cell, factor, 4)]).evidence[-1]
        here = np.zeros(endcap.view.shape, np.bool_)
        here[cell] = True
        beside = around(endcap.view, here) & ~here
        assert evidence.flagged[cell]
        assert not (evidence.flagged & ~here).any()
        assert evidence.value[beside].max() < 9.0


def test_residuals_beside_masked_dead_cells_keep_unit_variance() -> None:
    endcap, healthy = known("EE+"), known("EE+").healthy
    layout, neighbours = endcap.layout, neighbours_of(endcap.covariance)
    dead = np.zeros(endcap.view.shape, np.bool_)
    for cell in cells_of_endcap(12):
        dead[cell] = True
    levels, nothing = Levels(neighbours, layout, 0.0), np.zeros(layout.cells, np.float32)
    beside, found = layout.of_cells(around(endcap.view, dead) & ~dead & endcap.testable), []
    for at in conditions(Fill(1, 150, 5)):
        counts = np.where(dead, 0, healthy.draw(at))
        expectation = endcap.expectation(healthy.expected(at), at.events)
        cells = Counted.of(layout.of_cells(counts.astype(np.float64)), expectation, layout, nothing)
        out = layout.of_cells(dead | ~endcap.testable)
        seen = residuals(cells, neighbours, levels, out, broken=False)
        found.append((seen.given / np.sqrt(seen.precision))[beside])
    pulls = np.array(found)
    assert abs(pulls.mean()) < 0.05
    assert np.sqrt(np.mean(pulls**2)) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("cell", cells_of_endcap(6))
def test_the_halo_of_a_dead_trigger_tower_belongs_to_it(cell: Cell) -> None:
    """It counts nothing, seeds nothing, and the towers around it lose 3 to 6 %."""
    faults = [
        Fault(MAP, cell, "dead", onset=ONSET),
        Fault(MAP, cell, "dead", onset=ONSET, mechanism="trigger"),
    ]
    watch = Watch(known("EE+")).run(fill(LUMIS), faults)
    assert watch.of(cell)[ONSET - 1 :].all()
    assert not watch.flagged(besides=[cell]).any()


def test_a_tower_that_only_seeds_nothing_is_found_alone() -> None:
    """It loses a sixth itself."""
    cell = cells_of_endcap(6)[2]
    faults = [Fault(MAP, cell, "dead", onset=ONSET, mechanism="trigger")]
    watch = Watch(known("EE+")).run(fill(LUMIS), faults)
    assert watch.of(cell)[-30:].any()
    assert not watch.flagged(besides=[cell]).any()


@pytest.mark.parametrize("also", [False, True])
def test_the_halo_of_a_supermodule_without_trigger_belongs_to_it(also: bool) -> None:
    """Inside it a third is missing, or all of it; beside it a fifth."""
    barrel = known("EB")
    dead = barrel.region("EB+05")
    faults = [Fault("EB/digi", "EB+05", "dead", onset=ONSET, mechanism="trigger")]
    if also:
        faults.append(Fault("EB/digi", "EB+05", "dead", onset=ONSET))
    flags = Watch(barrel).run(fill(LUMIS), faults).flagged()
    assert flags[ONSET + 1 :, dead & barrel.testable].mean() > 0.98
    assert not flags[:, ~dead].any()
