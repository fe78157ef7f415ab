"""95 % confidence intervals for shares and for rates."""

from typing import NamedTuple

import numpy as np
from scipy.stats import chi2, norm

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A measured value with the ends of its interval."""

    value: float
    low: float
    high: float

    def text(self, digits: int = 1, scale: float = 1.0) -> str:
        """`value (low to high)`, each multiplied by `scale`."""
        value, low, high = (f"{scale * each:.{digits}f}" for each in self)
        return f"{value} ({low} to {high})"


def wilson(successes: int, trials: int) -> Interval:
    """The share of successes among independent trials (Wilson 1927)."""
    z2 = float(norm.ppf(0.5 + CONFIDENCE / 2)) ** 2
    share = successes / trials
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = float(np.sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2)))) / (1 + z2 / trials)
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def garwood(count: int, exposure: float) -> Interval:
    """The rate of a Poisson process that gave `count` in `exposure`, exact (Garwood 1936)."""
    tail = (1 - CONFIDENCE) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    high = float(chi2.ppf(1 - tail, 2 * count + 2)) / 2
    return Interval(count / exposure, low / exposure, high / exposure)
