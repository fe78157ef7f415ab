"""Values against lumisection, and the profile histogram that shows them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caloscope.writers.histograms import Profile

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LumiAxis:
    """An axis of lumisections: `bins` of equal width from `low` to `high`.

    A lumisection n stands at n + `shift`: CMS's ECAL fills at n + 0.5 on an axis that starts at 0, its HCAL
    at n on an axis that starts at 1 (`MESetTrend.cc`, `ValueQuantity.h`).
    """

    title: str
    bins: int
    low: float
    high: float
    shift: float

    @classmethod
    def covering(
        cls, last: int, *, title: str, bins: int, low: float, width: float, shift: float
    ) -> "LumiAxis":
        """The axis with `bins` bins of `width` lumisections, and as many times more as `last` needs.

        The width of a bin never changes, so that two files of one run can be compared bin by bin.
        """
        times = max(1, math.ceil((last + 1 - low) / (bins * width)))
        return cls(title, bins * times, low, low + bins * times * width, shift)

    def index(self, lumis: Points) -> NDArray[np.int64]:
        """Zero-based bin of each lumisection; the axis must cover them."""
        width = (self.high - self.low) / self.bins
        return np.floor((lumis + self.shift - self.low) / width).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """Values `(n,)` at lumisections `(n,)`; NaN where nothing is known, which is left out."""

    title: str
    lumis: Points
    values: Points

    def profile(self, axis: LumiAxis) -> Profile:
        """The mean of the values in each bin of the axis, with its spread."""
        known = np.isfinite(self.values)
        index, values = axis.index(self.lumis[known]), self.values[known]

        def summed(weights: Points) -> Points:
            return np.bincount(index, weights=weights, minlength=axis.bins).astype(np.float64)

        return Profile(
            title=self.title,
            x_title=axis.title,
            x_range=(axis.low, axis.high),
            bins=axis.bins,
            entries=summed(np.ones_like(values)),
            sums=summed(values),
            squares=summed(values**2),
        )
