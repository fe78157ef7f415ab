"""Evidence over time: fast with large faults, patient with small ones, and forgiving."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.detectors.base import Array
from caloscope.evidence import onset_of
from caloscope.faults import Fault
from caloscope.records import LumiId

from .watching import Watch, drawn, fill, healthy_cells, known, off, rising

MAP = "EE+/digi"


def delays(factor: float, *, window: int = 25, number: int = 12, duty: float = 1.0) -> Array:
    """Lumisections from onset to flag in some cells, one fault a run; infinite where none came."""
    endcap, found = known("EE+"), []
    for run, cell in enumerate(healthy_cells(endcap, number), start=1):
        fault = replace(off(MAP, cell, factor, onset=6), duty=duty, period=2 if duty < 1 else 0)
        flags = Watch(endcap).run(fill(5 + window, run=run), [fault]).of(cell)[5:]
        found.append(float(np.argmax(flags) + 1) if flags.any() else np.inf)
    return np.array(found)


@pytest.mark.parametrize(
    ("factor", "usual", "late"),
    [(0.0, 1, 2), (0.5, 2, 4), (1.5, 3, 5), (2.0, 1, 2), (0.75, 7, 16), (1.25, 8, 18)],
)
def test_large_faults_are_found_at_once_and_small_ones_patiently(
    factor: float, usual: int, late: int
) -> None:
    found = delays(factor)
    assert np.median(found) <= usual
    assert np.sort(found)[-2] <= late


def test_a_fault_of_a_tenth_is_found_by_those_who_wait() -> None:
    assert np.isfinite(delays(0.9, window=90, number=8)).sum() >= 5


def test_a_cell_that_is_dead_every_second_lumisection_is_found() -> None:
    assert np.sort(delays(0.0, duty=0.5))[-2] <= 4


@pytest.mark.parametrize(("factor", "left"), [(0.0, 0), (0.5, 1), (0.8, 2), (1.5, 1), (2.0, 0), (8.0, 0)])
def test_a_cured_cell_is_good_within_three_lumisections_and_stays_so(factor: float, left: int) -> None:
    """Of ten; three lumisections tell x0.8 from healthy by 2.8 standard deviations only."""
    endcap = known("EE+")
    cells = tuple(healthy_cells(endcap, 40)[::4])
    watch = Watch(endcap).run(fill(120), [off(MAP, cells, factor, 6, 51)])
    flags = watch.of_all(cells)
    assert flags[44:50].mean() > 0.9
    assert flags[53:].sum() <= left


def test_cured_regions_and_a_cured_map_are_good_within_three_lumisections() -> None:
    endcap = known("EE+")
    for where, factor in (("EE+Q3", 0.8), ("EE+Q3", 0.5), ("all", 0.8), ("EE+F", 1.2)):
        fault = off(MAP, where, factor, 6, 41)
        flags = Watch(endcap).run(fill(80), [fault]).flagged()
        cells = fault.cells(endcap.view) & endcap.testable
        assert flags[35:40, cells].mean() > 0.95, where
        assert not flags[43:].any(), where


def test_flags_do_not_flicker_while_a_fault_lasts() -> None:
    endcap = known("EE+")
    cells = tuple(healthy_cells(endcap, 40)[::5])
    watch = Watch(endcap).run(fill(200), [Fault(MAP, cells, "factor", 0.8, onset=6)])
    flags = watch.of_all(cells)[40:]
    assert flags.mean() > 0.93
    assert rising(flags) <= 0.05 * flags.size


def test_lumisections_with_few_events_weigh_less() -> None:
    def evidence(events: int) -> float:
        endcap = known("EE+")
        cells = healthy_cells(endcap, 12)
        faults = [Fault(MAP, tuple(cells), "factor", 0.5, onset=2)]
        found = Watch(endcap).run(fill(2, events=events), faults).evidence[-1].value
        return float(np.mean([found[cell] for cell in cells]))

    assert evidence(90) < 0.4 * evidence(500)


def test_a_lumisection_with_few_events_is_no_fault_and_hides_none() -> None:
    endcap = known("EE+")
    cell = healthy_cells(endcap, 12)[5]
    runs = fill(60, low_statistics=0.5, gaps=0.2)
    watch = Watch(endcap).run(runs, [Fault(MAP, cell, "dead", onset=30)])
    assert watch.of(cell)[np.array([id_.lumi >= 31 for id_ in watch.ids])].all()
    assert not watch.flagged(besides=[cell]).any()


def test_the_onset_is_told() -> None:
    endcap = known("EE+")
    for cell in healthy_cells(endcap, 8):
        evidence = Watch(endcap).run(fill(20), [Fault(MAP, cell, "factor", 0.5, onset=11)]).evidence[-1]
        assert evidence.flagged[cell]
        assert abs(onset_of(int(evidence.onset[cell])).lumi - 11) <= 3
        assert not evidence.onset[~evidence.flagged].any()


def test_another_run_does_not_flag_by_itself_and_onsets_stay_in_their_run() -> None:
    endcap = known("EE+")
    cell = healthy_cells(endcap, 8)[4]
    fills = [fill(12), fill(10, run=2)]
    cured = Watch(endcap).run(fills, [Fault(MAP, cell, "factor", 0.5, onset=3, end=13)])
    assert cured.evidence[11].flagged[cell]
    assert not cured.flagged()[12:].any()
    lasting = Watch(endcap).run(fills, [Fault(MAP, cell, "factor", 0.5, onset=3)])
    flags = lasting.of(cell)[12:]
    assert flags[2:].all()
    stamps = [onset_of(int(each.onset[cell])) for each in lasting.evidence[12:] if each.flagged[cell]]
    assert all(LumiId(2, 1) <= stamp <= LumiId(2, 3) for stamp in stamps)


def test_gaps_in_lumisection_numbers_change_nothing_but_the_onset() -> None:
    endcap = known("EE+")
    cell = healthy_cells(endcap, 8)[4]
    watch = Watch(endcap).run(fill(20), [Fault(MAP, cell, "factor", 0.5, onset=11)])
    spread = Watch(endcap)
    for each in drawn(endcap, fill(20), [Fault(MAP, cell, "factor", 0.5, onset=11)]):
        spread.told(LumiId(1, 7 * each.id.lumi), each.counts, endcap.expectation(each.mean, each.events))
    for one, other in zip(watch.evidence, spread.evidence, strict=True):
        np.testing.assert_array_equal(one.value, other.value)
        np.testing.assert_array_equal(one.flagged, other.flagged)
    assert onset_of(int(spread.evidence[-1].onset[cell])).lumi % 7 == 0


def test_a_record_of_several_lumisections_may_hold_a_fault_and_its_cure() -> None:
    """Half of what it should count, in one record: flagged by itself, and no longer by the next."""
    endcap = known("EE+")
    cell = healthy_cells(endcap, 8)[4]
    watch = Watch(endcap)
    for each in drawn(endcap, fill(24, events=2000)):
        counts = each.counts.copy()
        if each.id.lumi == 15:
            counts[cell] //= 2
        watch.told(LumiId(1, 4 * each.id.lumi), counts, endcap.expectation(each.mean, each.events))
    assert np.flatnonzero(watch.of(cell)).tolist() == [14]
    assert onset_of(int(watch.evidence[14].onset[cell])) == LumiId(1, 60)
