"""Evidence over time: fast with large faults, patient with small ones, and forgiving."""

import numpy as np
import pytest

from caloscope.evidence import onset_of
from caloscope.faults import Fault
from caloscope.records import LumiId

from .watching import Watch, fill, healthy_cells, known, rising

MAP = "EE+/digi"


def delays(factor: float, *, window: int = 25, number: int = 12, **changes: float) -> np.ndarray:
    """Lumisections from the onset to the flag in some cells, one fault in each run; infinite where none came."""
    endcap, found = known("EE+"), []
    for run, cell in enumerate(healthy_cells(endcap, number), start=1):
        kind = "hot" if factor > 1 else "factor"
        fault = Fault(MAP, cell, kind, factor, onset=6, **changes)
        flags = Watch(endcap).run(fill(5 + window, run=run), [fault]).flagged()[5:, *cell]
        found.append(float(np.argmax(flags) + 1) if flags.any() else np.inf)
    return np.array(found)


@pytest.mark.parametrize(
    ("factor", "usual", "late"), [(0.0, 1, 2), (0.5, 2, 4), (1.5, 2, 5), (2.0, 1, 2), (0.75, 7, 16), (1.25, 8, 18)]
)
def test_large_faults_are_found_at_once_and_small_ones_patiently(factor: float, usual: int, late: int) -> None:
    found = delays(factor)
    assert np.median(found) <= usual
    assert np.sort(found)[-2] <= late


def test_a_fault_of_a_tenth_is_found_by_those_who_wait() -> None:
    assert np.isfinite(delays(0.9, window=90, number=8)).sum() >= 5


def test_a_cell_that_is_dead_every_second_lumisection_is_found() -> None:
    assert np.sort(delays(0.0, duty=0.5, period=2))[-2] <= 4


@pytest.mark.parametrize("factor", [0.0, 0.5, 0.8, 1.5, 2.0, 8.0])
def test_a_cured_cell_is_good_within_three_lumisections_and_stays_so(factor: float) -> None:
    endcap = known("EE+")
    cells = tuple(healthy_cells(endcap, 40)[::4])
    kind = "hot" if factor > 1 else "factor"
    watch = Watch(endcap).run(fill(90), [Fault(MAP, cells, kind, factor, onset=6, end=51)])
    flags = np.array([[each.flagged[cell] for cell in cells] for each in watch.evidence])
    assert flags[44:50].mean() > 0.9
    assert not flags[53:].any()


def test_cured_regions_and_a_cured_map_are_good_within_three_lumisections() -> None:
    endcap = known("EE+")
    for where, factor in (("EE+Q3", 0.8), ("EE+Q3", 0.5), ("all", 0.8), ("EE+F", 1.2)):
        kind = "hot" if factor > 1 else "factor"
        watch = Watch(endcap).run(fill(80), [Fault(MAP, where, kind, factor, onset=6, end=41)])
        flags, cells = watch.flagged(), Fault(MAP, where, kind, factor).cells(endcap.view) & endcap.testable
        assert flags[35:40, cells].mean() > 0.95, where
        assert not flags[43:].any(), where


def test_flags_do_not_flicker_while_a_fault_lasts() -> None:
    endcap = known("EE+")
    cells = tuple(healthy_cells(endcap, 40)[::5])
    watch = Watch(endcap).run(fill(200), [Fault(MAP, cells, "factor", 0.8, onset=6)])
    flags = np.array([[each.flagged[cell] for cell in cells] for each in watch.evidence])[40:]
    assert flags.mean() > 0.95
    assert rising(flags) <= 0.02 * flags.size


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
    flags = watch.flagged()
    assert flags[[id_.lumi >= 31 for id_ in watch.ids], *cell].all()
    flags[:, *cell] = False
    assert not flags.any()


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
    flags = lasting.flagged()[12:, *cell]
    assert flags[2:].all()
    stamps = [onset_of(int(each.onset[cell])) for each in lasting.evidence[12:] if each.flagged[cell]]
    assert all(LumiId(2, 1) <= stamp <= LumiId(2, 3) for stamp in stamps)


def test_gaps_in_lumisection_numbers_change_nothing_but_the_onset() -> None:
    endcap = known("EE+")
    cell = healthy_cells(endcap, 8)[4]
    watch = Watch(endcap).run(fill(20), [Fault(MAP, cell, "factor", 0.5, onset=11)])
    spread = Watch(endcap)
    for id_, counts, mean, events in _again(endcap, cell):
        spread.told(LumiId(1, 7 * id_.lumi), counts, endcap.expectation(mean, events))
    for one, other in zip(watch.evidence, spread.evidence, strict=True):
        np.testing.assert_array_equal(one.value, other.value)
        np.testing.assert_array_equal(one.flagged, other.flagged)


def _again(endcap, cell):  # type: ignore[no-untyped-def]
    from caloscope.simulate import simulated

    faults = [Fault(MAP, cell, "factor", 0.5, onset=11)]
    for each in simulated(fill(20), {MAP: endcap.healthy}, faults, with_truth=False):
        at = each.conditions
        yield at.id, each.lumisection.maps[MAP].counts, endcap.healthy.expected(at), at.events
