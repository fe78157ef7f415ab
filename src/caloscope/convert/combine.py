"""What several sources say of one map in one lumisection."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from caloscope.convert.dropped import Why
from caloscope.dataset import ShardRow, Stored
from caloscope.records import Content, MapRecord

_MOST = 2**32 - 1
_TELLING = 64
"""Occupied cells of a map that two different parts do not share by chance."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts of one lumisection's events, in several sources, that add up."""

    parts: tuple[Stored, ...]

    @property
    def events(self) -> int | None:
        """Events of all parts; None where one does not tell."""
        events = [part.events for part in self.parts]
        return None if None in events else sum(each for each in events if each is not None)

    def record(self) -> MapRecord:
        """The sum. Pileup is the parts' mean, weighted with their events.

        Raises `OverflowError` where a bin holds more than an unsigned 32-bit number does.
        """
        records = [part.record() for part in self.parts]
        return MapRecord(
            counts=_sum([record.counts for record in records]),
            events=self.events,
            pileup=_mean_pileup(self.parts),
            span=self.parts[0].span,
            axes=records[0].axes,
        )


def combine(entries: Sequence[tuple[Stored, bool]]) -> tuple[Stored | Parts | None, list[Why]]:
    """One map of one lumisection out of all that was found of it, and why the rest was left out.

    `entries`, in the order of the sources, are what was found and whether it is a part; copies of parts are
    not among them. Parts add up, and where they cannot be added none of them is the lumisection. Of others,
    the same again is a duplicate, and anything else a conflict, which the first wins.
    """
    if all(partial for _, partial in entries):
        parts = tuple(stored for stored, _ in entries)
        if len(parts) == 1:
            return parts[0], []
        if all(_addable(part, parts[0]) for part in parts):
            return Parts(parts), []
        return None, [Why.CONFLICT] * len(parts)
    # A source that has all of the lumisection is better than any part of it.
    first, *rest = [stored for stored, _ in sorted(entries, key=lambda entry: entry[1])]
    same = _identity(first)
    return first, [Why.DUPLICATE if _identity(each) == same else Why.CONFLICT for each in rest]


def is_copy(one: ShardRow, other: ShardRow) -> bool:
    """Whether two rows of parts hold the same part twice: all their maps are equal, and that is no chance.

    A map of many occupied cells is never equal by chance; one of a few bins may well be.
    """
    if one.maps.keys() != other.maps.keys():
        return False
    if any(_identity(stored) != _identity(other.maps[name]) for name, stored in one.maps.items()):
        return False
    return any(np.count_nonzero(stored.record().counts) >= _TELLING for stored in one.maps.values())


def _identity(stored: Stored) -> tuple[object, ...]:
    numbers = (stored.digest, stored.events, stored.span, stored.cumulative)
    return (*numbers, stored.kind, stored.shape, stored.axes)


def _addable(one: Stored, other: Stored) -> bool:
    """Real numbers are not added: nobody knows whether they are sums or means.

    Nor is what grows: in which lumisection each part began is not known.
    """
    if one.kind != "counts" or one.cumulative or other.cumulative:
        return False
    return (one.kind, one.span, one.shape, one.axes) == (other.kind, other.span, other.shape, other.axes)


def _sum(planes: list[Content]) -> Content:
    total = np.zeros(planes[0].shape, np.uint64)
    for plane in planes:
        total += plane.astype(np.uint64)
    if total.size and total.max() > _MOST:
        raise OverflowError("counts beyond 32 bits")
    return total.astype(np.uint32)


def _mean_pileup(parts: Sequence[Stored]) -> float | None:
    known = [(part.pileup, part.events or 0) for part in parts if part.pileup is not None]
    if not known:
        return None
    weights = [float(events) for _, events in known]
    if not sum(weights):
        weights = [1.0] * len(known)
    return float(np.average([pileup for pileup, _ in known], weights=weights))
