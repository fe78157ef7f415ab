"""Histograms that grow through a run, turned into what was counted since one looked last.

The difference of two looks covers all lumisections between them. Nothing says how the counts are spread over
those, so they stay together: one record with its `span`, never shares of it.
"""

from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np

from caloscope.geometry import View
from caloscope.readers.maps.plateau import plateau_events
from caloscope.records import Content, LumiId, MapRecord, Reason

LONGEST_SPAN = 65_535
"""Data sets keep a span in 16 bits."""

Seen: TypeAlias = tuple[LumiId, MapRecord]
"""A record and the lumisection at whose end it was written."""


class Difference(NamedTuple):
    """What a map gained since the one before; `record` is None where that cannot be said, `reason` why."""

    record: MapRecord | None
    reason: Reason | None = None
    detail: str = ""


def difference(before: Seen | None, now: Seen, *, from_start: bool = False) -> Difference:
    """What was counted after `before` up to and including the lumisection of `now`.

    NO_BASELINE where `before` is None, of another run or booked otherwise, where a bin or the events fell (a
    reset, or a count beyond 32 bits), for a span beyond 65,535, and for real numbers, which may be means.
    `from_start` says that the first record of a run holds all since lumisection 1. `events` is None unless
    both know it; pileup is that of `now`.
    Whatever comes out, `now` is what the next record is to be compared with. Equal counts are an empty
    record, not a fault: with growing events that is a dead map. A reset after which every bin has overtaken
    what it held before cannot be seen.

    Raises `ValueError` where `now` does not grow or is not later than `before` in its run.
    """
    here, record = now
    if not record.cumulative:
        raise ValueError(f"{here.run}:{here.lumi}: a record that does not grow has no difference")
    if not record.is_counts:
        return _unknown("real numbers, and nobody can tell whether they are sums or means")
    if before is None or before[0].run != here.run:
        return _first(now) if from_start else _unknown(f"the first of run {here.run}")
    since, known = before
    span = here.lumi - since.lumi
    if span <= 0:
        raise ValueError(f"{here.run}:{here.lumi} does not come after {since.run}:{since.lumi}")
    why = _why_not(known, record, since.lumi)
    if why:
        return _unknown(why)
    events = None if known.events is None or record.events is None else record.events - known.events
    return _spanning(replace(record, counts=record.counts - known.counts, events=events), span)


def with_plateau_events(record: MapRecord, view: View) -> MapRecord:
    """The record with the number of events that HF shows, where the source told none and the map holds HF.

    That is a map of counts on a view that is CMS's HCAL: HF's share of depth 1 counts every event.
    """
    if record.events is not None or not record.is_counts or view.name != "HCAL" or record.counts.ndim != 3:
        return record
    return replace(record, events=plateau_events(record.counts[0]))


def _first(now: Seen) -> Difference:
    """The first record of a run that is known to begin at lumisection 1."""
    return _spanning(now[1], now[0].lumi)


def _spanning(record: MapRecord, span: int) -> Difference:
    if span > LONGEST_SPAN:
        return _unknown(f"it would cover {span} lumisections, at most {LONGEST_SPAN} can be told")
    return Difference(replace(record, span=span, cumulative=False))


def _why_not(before: MapRecord, now: MapRecord, since: int) -> str:
    """Why one cannot be subtracted from the other, "" where it can."""
    if before.counts.shape != now.counts.shape or before.axes != now.axes:
        return f"booked otherwise than in lumisection {since}"
    if before.is_counts != now.is_counts:
        return f"counts, where lumisection {since} had real numbers"
    if before.events is not None and now.events is not None and now.events < before.events:
        return f"a reset: events fell from {before.events} to {now.events} since lumisection {since}"
    fallen = _fallen(before.counts, now.counts)
    return f"a reset: the counts of {fallen} bins fell since lumisection {since}" if fallen else ""


def _fallen(before: Content, now: Content) -> int:
    return int(np.count_nonzero(now < before))


def _unknown(detail: str) -> Difference:
    return Difference(None, Reason.NO_BASELINE, detail)
