"""How soon faults are found: medians, means within the window, and how many times the oracle's."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from caloscope.study.metrics.intervals import between, draws
from caloscope.study.results import NOTHING, Interval

Delays = NDArray[np.float64]
"""Lumisections from the onset to the find, 1 in the first; infinite where it was not found."""


def delays_of(trials: Sequence[Mapping[str, object]]) -> Delays:
    """Those of trials, in their order."""
    found = (trial.get("delay") for trial in trials)
    return np.array([np.inf if each is None else float(str(each)) for each in found])


def median(delays: Delays) -> Interval:
    """The median of all, infinite where less than half were found."""
    if not delays.size:
        return NOTHING
    drawn = _median(delays[draws(delays.size)])
    return between(float(_median(delays[np.newaxis])[0]), drawn)


def _median(rows: Delays) -> Delays:
    """The median of each row; of two middle values that differ the mean, infinite where one is."""
    ordered, number = np.sort(rows, axis=1), rows.shape[1]
    low, high = ordered[:, (number - 1) // 2], ordered[:, number // 2]
    return np.where(low == high, low, low / 2.0 + high / 2.0)


def mean(delays: Delays, window: int) -> Interval:
    """The mean of what the window leaves: a fault that was not found counts the whole window."""
    if not delays.size:
        return NOTHING
    inside = np.minimum(delays, window)
    return between(float(inside.mean()), inside[draws(inside.size)].mean(axis=1))


def slower(delays: Sequence[Delays], oracle: Sequence[Delays], windows: Sequence[int]) -> Interval:
    """The geometric mean over faults of the mean delay over the oracle's, both within the window.

    Trials of the same place are the same run, so they are drawn together.
    """
    if not delays:
        return NOTHING
    number = min(each.size for each in (*delays, *oracle))
    if not number:
        return NOTHING
    own, known = (
        np.array([np.minimum(one[:number], window) for one, window in zip(each, windows, strict=True)])
        for each in (delays, oracle)
    )
    value = float(np.exp(np.log(own.mean(axis=1) / known.mean(axis=1)).mean()))
    drawn = draws(number)
    ratios = own[:, drawn].mean(axis=2) / known[:, drawn].mean(axis=2)
    return between(value, np.exp(np.log(ratios).mean(axis=0)))
