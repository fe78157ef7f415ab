"""Scores counted in fine bins of their logarithm: what is kept of millions of healthy cells."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

FINE: Final = 50.0
"""Bins of scores per decade."""

LOWEST, HIGHEST = -12, 12
"""Decades; what is lower, zero too, is in the lowest bin."""

Histogram = dict[str, int]
"""Number of scores by bin, as text."""


def bins(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """The bin of each score; higher is worse, NaN (not judged) lowest."""
    known = np.nan_to_num(np.asarray(values, np.float64), nan=0.0)
    logarithm = np.log10(np.clip(known, 10.0**LOWEST, 10.0**HIGHEST))
    return np.floor(FINE * logarithm).astype(np.int64)


def counted(values: NDArray[np.floating]) -> Histogram:
    """The histogram of scores."""
    found, numbers = np.unique(bins(values.ravel()), return_counts=True)
    return dict(zip(map(str, found.tolist()), numbers.tolist(), strict=True))


def added(one: Mapping[str, int], other: Mapping[str, int]) -> Histogram:
    """Both together."""
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def arrays(histogram: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bins, ascending, and the numbers in them."""
    places = sorted((int(name), number) for name, number in histogram.items())
    found = np.array(places, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]
