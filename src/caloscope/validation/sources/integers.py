"""Counts from maps that somebody has normalised: every value is a whole multiple of one unit."""

import numpy as np

from caloscope.detectors.base import Array

_MOST_DIVISORS = 12
_NEAR = 0.05
"""Largest distance from a whole number; single precision leaves far less on a map of ordinary counts."""

_OUTLIER = 50.0
"""Values this many times the median come from a fault that somebody put in: they do not tell the unit."""


def integers(values: Array) -> tuple[Array, float, int] | None:
    """The counts behind one normalised map, the largest distance from a whole number, and the smallest count.

    The smallest positive value stands for 1, 2, 3 ... counts: the first that leaves all ordinary values near
    whole numbers is taken, that is the largest possible unit. None where no unit does.
    """
    positive = values[values > 0]
    if not positive.size:
        return np.zeros_like(values), 0.0, 0
    ordinary = values[(values > 0) & (values < _OUTLIER * np.median(positive))]
    for divisor in range(1, _MOST_DIVISORS + 1):
        unit = float(ordinary.min()) / divisor
        for _ in range(3):  # all values together know the unit better than the smallest
            whole = np.maximum(np.rint(ordinary / unit), 1.0)
            unit = float((ordinary * whole).sum() / (whole**2).sum())
        error = float(np.abs(ordinary / unit - np.rint(ordinary / unit)).max())
        if error < _NEAR:
            return np.rint(values / unit), error, divisor
    return None
