"""Excursions: how often, and how far, a series goes above a level.

A series is the largest evidence (or score) of a map in one lumisection after the other, `(lumi,)`, NaN where
the map was not scored; one series a run, for what one run has shown is not carried into the next. Consecutive
lumisections above a level are one excursion, for they are one incident; a lumisection that was not scored
does not end it.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

FEWEST_RUNS: Final = 5
FEWEST_EXCURSIONS: Final = 20
"""Runs, and excursions in them, from which it can be told how these clump."""

BEND: Final = 2.0
"""Standard deviations by which the scatter of the excesses may miss that of an exponential."""


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


def clumping(series: Sequence[Array], level: float) -> float:
    """Variance over mean of the number of excursions of a run, for its length; at least 1.

    A run that differs from what was learned has more of them. 1 where too few runs or excursions could tell.
    """
    lengths = np.array([float(len(one)) for one in scored(series)])
    counts = np.array([float(len(excursions([one], level))) for one in series])
    return dispersion(counts[lengths > 0], lengths[lengths > 0])


def dispersion(counts: Array, lengths: Array) -> float:
    """Variance over mean of what was counted in runs, `(run,)`, for their lengths; at least 1.

    1 where too few runs or counts could tell.
    """
    if len(lengths) < FEWEST_RUNS or counts.sum() < FEWEST_EXCURSIONS:
        return 1.0
    expected = counts.sum() * lengths / lengths.sum()
    return max(1.0, float(((counts - expected) ** 2 / expected).sum() / (len(lengths) - 1)))


def bends(excesses: Array) -> bool:
    """Whether the excesses scatter more, or less, than an exponential's would.

    The squared coefficient of variation of n exponential numbers is 1, with a standard deviation of
    2 / sqrt(n).
    """
    if len(excesses) < 2 or excesses.mean() <= 0:
        return False
    variation = float(excesses.var(ddof=1) / excesses.mean() ** 2)
    return bool(abs(variation - 1.0) * np.sqrt(len(excesses)) / 2.0 > BEND)


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
