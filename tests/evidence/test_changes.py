"""What a healthy detector does from run to run is no fault; what creeps away is."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.evidence import EvidenceState
from caloscope.evidence.changes import FARTHEST, PATIENCE, Change, followed
from caloscope.faults import Fault
from caloscope.simulate import conditions

from .watching import Watch, drawn, fill, healthy_cells, known, rising

MAP = "EE+/digi"


def test_changes_from_run_to_run_give_no_flags_beyond_the_asked_rate() -> None:
    """Cells, regions and the map move by 1 to 4 %; 1,600 lumisections at one false incident in 3,700."""
    endcap = known("EE+")
    quiet = replace(endcap, covariance=replace(endcap.covariance, common=np.array([0.03])))
    watch = Watch(quiet, nominal=True).run([fill(100, run=run, day=float(run)) for run in range(1, 17)])
    assert rising(np.array([[each.flagged.any()] for each in watch.evidence])) <= 3


def test_a_response_that_falls_a_per_cent_a_day_is_reported_before_it_lost_fifteen() -> None:
    endcap = known("EE+")
    cells, watch, lost = healthy_cells(endcap, 3), Watch(endcap), []
    for day in range(1, 23):
        fault = Fault(MAP, tuple(cells), "factor", 1.0 - 0.01 * day)
        watch.run(fill(50, run=day, day=float(day)), [fault])
        lost += [0.01 * day] * 50
    for cell in cells:
        flags = watch.of(cell)
        assert flags.any()
        assert 0.04 < lost[int(np.argmax(flags))] < 0.15
        assert flags[np.array(lost) > 0.2].mean() > 0.6  # each run gathers anew


def test_a_drift_of_a_per_cent_a_month_is_never_reported() -> None:
    """For some months it is too little; and in months it is followed, see below."""
    endcap = known("EE+")
    cells = healthy_cells(endcap, 4)
    watch = Watch(endcap)
    for month in range(1, 5):
        watch.run(fill(150, run=month), [Fault(MAP, tuple(cells), "factor", 1.0 - 0.01 * month)])
    assert not watch.of_all(cells).any()


def test_the_drift_is_followed_slowly_and_not_far() -> None:
    drift, calm = np.zeros(3, np.float32), np.array([True, True, False])
    off = np.array([-0.03, -0.5, -0.03], np.float32)
    steps = int(PATIENCE)
    for _ in range(steps):
        drift = followed(drift, off - drift, calm)
    assert drift[0] == pytest.approx(-0.03 * (1 - np.exp(-1)), rel=0.02)
    assert drift[1] == pytest.approx(-FARTHEST)
    assert drift[2] == 0.0


def test_a_level_is_learned_as_its_prior_allows() -> None:
    change, prior = Change.none(2), np.array([0.01**2], np.float32)
    score, information = np.array([0.01 * 400, 1.0 * 400], np.float32), np.array([400, 400], np.float32)
    for _ in range(200):
        off = score - information * change.level
        change = change.learned(off, information, np.array([True, True]), prior)
    assert change.level[0] == pytest.approx(0.01, rel=0.15)
    assert change.level[1] == pytest.approx(0.03)  # three standard deviations, not what is there
    assert (change.variance(prior) < 0.3 * prior).all()


def test_nothing_is_learned_from_what_is_flagged_or_suspect() -> None:
    endcap = known("EE+")
    cells = healthy_cells(endcap, 8)
    watch = Watch(endcap).run(fill(300), [Fault(MAP, tuple(cells), "factor", 0.9, onset=6)])
    number = endcap.layout.on_view(np.arange(endcap.layout.cells))
    places = [int(number[cell]) for cell in cells]
    flags = watch.of_all(cells)
    learned = watch.state.drift[places] + watch.state.cells.change.level[places]
    assert flags[-100:].mean() > 0.35  # still flagged after hours, where three lumisections say so
    assert learned.min() > -0.03
    assert np.median(learned) > -0.02


def test_a_shift_that_all_maps_share_flags_nothing_but_a_dead_cell() -> None:
    endcap = known("EE+")
    cell = healthy_cells(endcap, 8)[4]
    faults = [Fault(MAP, "all", "factor", 0.75, onset=11, end=16), Fault(MAP, cell, "dead", onset=11)]
    alone, together = Watch(endcap), Watch(endcap)
    for first, last, coherent in ((1, 10, 0.0), (11, 15, 0.25), (16, 25, 0.0)):
        for watch, told in ((alone, 0.0), (together, coherent)):
            watch.coherent = told
            run_part(watch, first, last, faults)
    assert alone.flagged()[10:15, endcap.testable].all()
    assert together.of(cell)[10:].all()
    assert not together.flagged(besides=[cell]).any()


def run_part(watch: Watch, first: int, last: int, faults: list[Fault]) -> None:
    """Some lumisections of a run."""
    for each in drawn(watch.map, fill(last), faults):
        if each.id.lumi >= first:
            watch.told(each.id, each.counts, watch.map.expectation(each.mean, each.events))


def test_a_wider_common_mode_takes_from_the_whole_map_only_what_it_explains() -> None:
    endcap = known("EE+")
    peaks = []
    for coherent in (0.0, 0.1, -0.1, 0.5):
        watch = Watch(endcap)
        watch.coherent = coherent
        run_part(watch, 1, 3, [Fault(MAP, "all", "factor", 0.7, onset=3)])
        peaks.append(watch.evidence[-1].peaks["map_low"])
    assert peaks[0] > 50.0
    assert peaks[1] == peaks[2] < 10.0
    assert peaks[3] < 1.0


def test_unsettled_conditions_forget_the_levels_of_regions_and_map() -> None:
    endcap = known("EE+")
    watch = Watch(endcap, nominal=True).run(fill(40))
    before = watch.state
    assert before.whole.change.weight[0] > 0
    assert before.parts.change.weight.max() > 0
    at = next(iter(conditions(fill(1, run=1))))
    expectation = replace(endcap.expectation(endcap.steady.expected(at), at.events), unsettled=True)
    watch.told(at.id, endcap.healthy.draw(at), expectation)
    after = watch.state
    assert after.whole.change.weight[0] <= 0.1 * before.whole.change.weight[0]
    assert after.parts.change.weight.max() <= 0.1 * before.parts.change.weight.max()
    assert (after.cells.change.weight >= before.cells.change.weight).all()
    assert isinstance(after, EvidenceState)
