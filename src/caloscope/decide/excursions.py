"""Excursions: how often, and how far, a series goes above a level.

A series is the largest evidence (or score) of a map in one lumisection after the other, `(lumi,)`, NaN where
the map was not scored; one series a run, for what one run has shown is not carried into the next. Consecutive
lumisections above a level are one excursion, for they are one incident; a lumisection that was not scored
does not end it.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]


def scored(series: Sequence[Array]) -> list[Array]:
    """The series without the lumisections that were not scored."""
    return [one[~np.isnan(one)] for one in (np.asarray(each, np.float64) for each in series)]


def excursions(series: Sequence[Array], level: float) -> Array:
    """The largest value of each excursion above a level, in the order of time, `(excursion,)`."""
    found = []
    for one in scored(series):
        above = one > level
        starts = np.flatnonzero(above & ~np.concatenate([[False], above[:-1]]))
        if starts.size:
            found.append(np.maximum.reduceat(np.where(above, one, -np.inf), starts))
    return np.concatenate(found) if found else np.empty(0)


def upcrossings(series: Sequence[Array], levels: Array, quiet: int = 1) -> NDArray[np.int64]:
    """Number of excursions above each of some levels, `(level,)`.

    Two of them are one where fewer than `quiet` lumisections that were scored lie between them, as for
    incidents, which do not close at once.
    """
    before, after = _rises([_held(one, quiet) for one in scored(series)])
    levels = np.asarray(levels, np.float64)
    # A rise crosses the levels from where it starts to below where it ends.
    begun = np.searchsorted(np.sort(before), levels, side="right")
    ended = np.searchsorted(np.sort(after), levels, side="right")
    return np.asarray(begun - ended, np.int64)


def level_of(series: Sequence[Array], wanted: float) -> float:
    """The highest level with at least so many excursions; that with the most of them where none has so many.

    It is a value of the series, or zero for one that never rises.
    """
    _, after = _rises(series)
    levels = np.unique(np.concatenate([after, [one.min() for one in scored(series) if one.size], [0.0]]))
    counts = upcrossings(series, levels)
    enough = np.flatnonzero(counts >= wanted)
    if enough.size:
        return float(levels[enough[-1]])
    return float(levels[len(counts) - 1 - int(np.argmax(counts[::-1]))])


def _held(one: Array, quiet: int) -> Array:
    """The largest of so many values up to each."""
    if quiet <= 1 or not one.size:
        return one
    padded = np.concatenate([np.full(quiet - 1, -np.inf), one])
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, quiet).max(axis=1))


def _rises(series: Sequence[Array]) -> tuple[Array, Array]:
    """Where the series rise from one lumisection to the next: from what, and to what."""
    before, after = [], []
    for one in scored(series):
        earlier = np.concatenate([[-np.inf], one[:-1]])
        rises = one > earlier
        before.append(earlier[rises])
        after.append(one[rises])
    return (np.concatenate(before), np.concatenate(after)) if before else (np.empty(0), np.empty(0))
