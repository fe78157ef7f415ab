"""Differences of histograms that grow: what was counted in between, or why nobody can say."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caloscope.geometry import view
from caloscope.prepare import Seen, difference, with_plateau_events
from caloscope.prepare.difference import LONGEST_SPAN
from caloscope.records import BinRange, LumiId, MapRecord, Reason

TOP = 2**32 - 1


def grown(lumi: int, counts: object, events: int | None = None, *, run: int = 1) -> Seen:
    """What a map that grows held at the end of a lumisection."""
    array = np.array(counts, np.uint32)
    return LumiId(run, lumi), MapRecord(array, events, 40.0 + lumi, cumulative=True)


def test_a_difference_is_of_all_lumisections_in_between() -> None:
    found = difference(grown(10, [[5, 0], [7, 1]], 100), grown(25, [[9, 0], [7, 4]], 260))
    assert found.record is not None
    assert found.record.counts.tolist() == [[4, 0], [0, 3]]
    assert found.record.counts.dtype == np.uint32
    assert (found.record.events, found.record.pileup, found.record.span) == (160, 65.0, 15)
    assert not found.record.cumulative
    assert (found.reason, found.detail) == (None, "")


@given(st.lists(st.lists(st.integers(0, 1000), min_size=3, max_size=3), min_size=2, max_size=8))
def test_differences_add_up_to_what_was_counted(counted: list[list[int]]) -> None:
    totals = np.cumsum(np.array(counted, np.uint32), axis=0, dtype=np.uint32)
    looks = [grown(3 * place + 1, total, 10 * place) for place, total in enumerate(totals)]
    pairs = pairwise(looks)
    records = [record for pair in pairs if (record := difference(*pair).record) is not None]
    assert len(records) == len(looks) - 1
    assert np.array_equal(sum(record.counts for record in records), totals[-1] - totals[0])
    assert sum(record.span for record in records) == looks[-1][0].lumi - 1
    assert sum(record.events or 0 for record in records) == 10 * len(records)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (None, grown(10, [1]), "the first of run 1"),
        (grown(10, [1]), grown(3, [2], run=2), "the first of run 2"),
        (
            grown(10, [5, 5, 5]),
            grown(20, [9, 4, 0]),
            "a reset: the counts of 2 bins fell since lumisection 10",
        ),
        (grown(10, [TOP]), grown(20, [3]), "a reset: the counts of 1 bins fell since lumisection 10"),
        (grown(4, [1], 90), grown(9, [8], 89), "a reset: events fell from 90 to 89 since lumisection 4"),
        (grown(10, [1]), grown(20, [1, 2]), "booked otherwise than in lumisection 10"),
        (
            grown(1, [1]),
            grown(LONGEST_SPAN + 2, [1]),
            f"it would cover {LONGEST_SPAN + 1} lumisections, at most {LONGEST_SPAN} can be told",
        ),
    ],
)
def test_without_a_baseline_nothing_is_said(before: Seen | None, now: Seen, told: str) -> None:
    found = difference(before, now)
    assert (found.record, found.reason, found.detail) == (None, Reason.NO_BASELINE, told)


def test_bins_that_were_booked_anew_are_no_baseline() -> None:
    axes = (BinRange("ix", 2, 0.0, 2.0),)
    (at, record), now = grown(1, [1, 2]), grown(2, [2, 2])
    moved = replace(now[1], axes=(axes[0]._replace(high=4.0),))
    found = difference((at, replace(record, axes=axes)), (now[0], moved))
    assert (found.reason, found.detail) == (Reason.NO_BASELINE, "booked otherwise than in lumisection 1")
    same = difference((at, replace(record, axes=axes)), (now[0], replace(moved, axes=axes))).record
    assert same is not None
    assert same.axes == axes


def test_real_numbers_are_not_subtracted_as_they_may_be_means() -> None:
    (at, record), (later, more) = grown(1, [1]), grown(2, [3])
    halves = replace(more, counts=np.array([2.5], np.float32))
    for before in (None, (at, record), (at, replace(record, counts=np.array([1.0], np.float32)))):
        found = difference(before, (later, halves), from_start=True)
        assert found.reason is Reason.NO_BASELINE
        assert "sums or means" in found.detail


def test_what_did_not_grow_while_events_did_is_a_dead_map_not_a_fault() -> None:
    found = difference(grown(1, [3, 4], 100), grown(2, [3, 4], 150)).record
    assert found is not None
    assert (found.counts.tolist(), found.events, found.span) == ([0, 0], 50, 1)


@pytest.mark.parametrize(("known", "now"), [(None, 100), (100, None), (None, None)])
def test_events_that_one_of_them_did_not_know_are_not_known(known: int | None, now: int | None) -> None:
    found = difference(grown(1, [3], known), grown(2, [4], now)).record
    assert found is not None
    assert found.events is None


def test_the_first_of_a_run_counts_from_its_start_where_that_is_known() -> None:
    for before in (None, grown(40, [7], 9, run=1)):
        found = difference(before, grown(12, [5], 80, run=2), from_start=True).record
        assert found is not None
        assert (found.counts.tolist(), found.events, found.span, found.cumulative) == ([5], 80, 12, False)
    beyond = difference(None, grown(LONGEST_SPAN + 1, [5]), from_start=True)
    assert beyond.reason is Reason.NO_BASELINE
    reset = difference(grown(10, [7]), grown(12, [5]), from_start=True)
    assert "a reset" in reset.detail


def test_what_makes_no_sense_is_an_error_of_the_caller() -> None:
    for lumi in (4, 5):
        with pytest.raises(ValueError, match="does not come after 1:5"):
            difference(grown(5, [1]), grown(lumi, [2]))
    at, record = grown(6, [2])
    with pytest.raises(ValueError, match="does not grow"):
        difference(grown(5, [1]), (at, replace(record, cumulative=False)))


def test_nothing_is_written_into_what_was_given() -> None:
    before, now = grown(1, [1, 2], 5), grown(2, [5, 2], 9)
    for _, record in (before, now):
        record.counts.flags.writeable = False
    assert difference(before, now) is not None
    assert (before[1].counts.tolist(), now[1].counts.tolist()) == ([1, 2], [5, 2])


def test_hf_tells_the_events_of_a_difference() -> None:
    on = view("HCAL", "2018")
    counts = np.where(on.exists, 30, 0).astype(np.uint32)
    counts[0, :, :13] = counts[0, :, -13:] = np.where(on.exists[0, :, :13], 120, 0)
    known = with_plateau_events(MapRecord(counts, None, math.nan), on)
    assert known.events == 120
    assert with_plateau_events(replace(known, events=7), on).events == 7
    assert with_plateau_events(MapRecord(np.zeros_like(counts)), on).events is None
    assert with_plateau_events(MapRecord(counts.astype(np.float32)), on).events is None
    assert with_plateau_events(MapRecord(counts[0]), view("HO", "2018")).events is None
    assert with_plateau_events(MapRecord(counts[0][:34, :72]), view("EB", "2018")).events is None
