"""Evidence is a function of what was told:

it can be saved, restored and repeated, and nothing told breaks it.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from caloscope.evidence import Evidence, EvidenceState, Thresholds, Told, weigh
from caloscope.evidence.neighbours import Neighbours, neighbours_of
from caloscope.faults import Fault

from .watching import THRESHOLDS, Known, Watch, drawn, fill, known


def told(map_: Known, lumis: int, faults: list[Fault]) -> Iterator[Told]:
    """Lumisections of a run."""
    nothing = np.zeros(map_.view.shape, np.bool_)
    for each in drawn(map_, [fill(lumis), fill(6, run=2)], faults):
        yield Told(each.id, each.counts, map_.expectation(each.mean, each.events), nothing)


def same(one: Evidence, other: Evidence) -> None:
    for name in ("value", "direction", "onset", "flagged"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.peaks == other.peaks


def test_a_restored_state_goes_on_as_if_nothing_had_happened() -> None:
    endcap = known("EE+")
    faults = [Fault("EE+/digi", (9, 5), "dead", onset=4), Fault("EE+/digi", "EE+Q1", "factor", 0.8, onset=9)]
    state = copy = EvidenceState.empty(endcap.view)
    for each in told(endcap, 14, faults):
        # Nothing that was computed for earlier lumisections is at hand.
        neighbours_of.cache_clear()
        arrays = {name: array.copy() for name, array in copy.arrays().items()}
        counts = each.counts.copy()
        one, state = weigh(state, each, endcap.layout, THRESHOLDS)
        other, copy = weigh(EvidenceState.restored(arrays), each, endcap.layout, THRESHOLDS)
        same(one, other)
        np.testing.assert_array_equal(each.counts, counts)
    for name, array in state.arrays().items():
        np.testing.assert_array_equal(array, copy.arrays()[name])
        assert array.dtype == copy.arrays()[name].dtype
    assert state.fits(endcap.view)


def test_weighing_does_not_change_the_state_it_was_given() -> None:
    endcap = known("EE+")
    state = EvidenceState.empty(endcap.view)
    for each in told(endcap, 6, [Fault("EE+/digi", "EE+Q1", "dead", onset=3)]):
        before = {name: array.copy() for name, array in state.arrays().items()}
        _, after = weigh(state, each, endcap.layout, THRESHOLDS)
        for name, array in state.arrays().items():
            np.testing.assert_array_equal(array, before[name])
        state = after


def test_a_state_fits_its_view_only() -> None:
    state = EvidenceState.empty(known("EE+").view)
    assert state.fits(known("EE+").view)
    assert not state.fits(known("EB").view)
    arrays = state.arrays()
    arrays["drift"] = arrays["drift"].astype(np.float64)
    assert not EvidenceState.restored(arrays).fits(known("EE+").view)
    del arrays["drift"]
    with pytest.raises(KeyError):
        EvidenceState.restored(arrays)


def test_thresholds_are_those_of_the_card() -> None:
    found = Thresholds.of(12.0, {"cell_low": 9.0, "map_high": 7.5})
    assert (found.cell_low, found.cell_high, found.map_high) == (9.0, 12.0, 7.5)


def test_what_is_flagged_follows_the_thresholds_of_its_class() -> None:
    endcap = known("EE+")
    high = Thresholds(*[1e6] * 8)
    for name, faults in (
        ("cell_low", [Fault("EE+/digi", (9, 5), "dead", onset=3)]),
        ("region_low", [Fault("EE+/digi", "EE+Q1", "factor", 0.7, onset=3)]),
        ("map_high", [Fault("EE+/digi", "all", "hot", 1.4, onset=3)]),
    ):
        for thresholds, flagged in ((high, False), (replace(high, **{name: 12.0}), True)):
            watch = Watch(endcap, thresholds).run(fill(5), faults)
            assert watch.evidence[-1].peaks[name] > 20.0
            assert bool(watch.evidence[-1].flagged.any()) == flagged, name


def test_neighbours_remember_a_layout_and_not_its_address() -> None:
    neighbours = Neighbours(known("EE+").covariance)
    assert neighbours.remembered("a", lambda: 1) == 1
    assert neighbours.remembered("a", lambda: 2) == 1
    assert neighbours.remembered("b", lambda: 2) == 2
