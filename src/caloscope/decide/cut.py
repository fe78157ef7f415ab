"""A threshold for a rate of chance excursions, and how sure it is."""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaincinv


class Interval(NamedTuple):
    """A number and the 95 % interval around it."""

    value: float
    low: float
    high: float


class Cut(NamedTuple):
    """A threshold for a rate, the interval it lies in (95 %), and whether the sample reaches so far.

    `bound` is the rate per lumisection at that threshold which the excursions that were seen above it exclude
    at 95 %, whatever the shape of the tail. `logarithmic` and `most` are those of the tail.
    """

    threshold: float
    low: float
    high: float
    extrapolated: bool
    bound: float
    logarithmic: bool = False
    most: float = np.inf

    @property
    def careful(self) -> float:
        """The threshold, raised by one standard deviation: so the rate is kept by five samples in six.

        Evidence of one class comes in clumps, as a run in which a cell is off by what runs are off shows it
        again and again; a tail fitted to one month is too steep for the next more often than not.
        """
        if self.logarithmic and self.low > 0:
            return min(self.threshold * float(np.power(self.high / self.low, 0.25)), self.most)
        return min(self.threshold + (self.high - self.low) / 4.0, self.most)


def upper_bound(excursions_seen: int, lumis: int, confidence: float = 0.95) -> float:
    """Rate per lumisection that so many excursions exclude (Poisson); infinite without a lumisection."""
    return float(gammaincinv(excursions_seen + 1.0, confidence)) / lumis if lumis else float("inf")
