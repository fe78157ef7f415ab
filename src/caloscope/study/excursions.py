"""Cumulative sums in which nothing is wrong: how high they rise, and which height is reached how rarely."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.decide import LUMIS_PER_DAY

FLOOR: Final = 3.0
"""Nats; what rises less is not noted, and no threshold lies below."""

MOST: Final = 200
"""Peaks that the tail is fitted to."""


class Excursions:
    """Cumulative sums of some places, g = max(0, g + llr), and the peaks of those that came back to zero."""

    def __init__(self, places: int) -> None:
        self._sums = np.zeros(places, np.float32)
        self._highest = np.zeros(places, np.float32)
        self._peaks: list[NDArray[np.float32]] = []

    def see(self, ratios: NDArray[np.float32]) -> None:
        """Add the log-likelihood ratios of one lumisection, in nats."""
        sums = np.maximum(self._sums + ratios, 0.0)
        over = (sums == 0.0) & (self._highest > FLOOR)
        if over.any():
            self._peaks.append(self._highest[over])
        self._highest = np.where(sums > 0.0, np.maximum(self._highest, sums), np.float32(0.0))
        self._sums = sums

    def peaks(self) -> NDArray[np.float64]:
        """All peaks above the floor, those under way included, the highest first."""
        under_way = self._highest[self._highest > FLOOR]
        found = np.concatenate([*self._peaks, under_way]).astype(np.float64)
        return np.sort(found)[::-1]


def height(peaks: NDArray[np.float64], lumis: int, per_day: float = 1.0) -> float:
    """The height that excursions pass `per_day` times in 3,700 lumisections, from those in so many.

    The tail beyond the highest `MOST` peaks is taken to be exponential, with their mean excess; that is what
    sums of log-likelihood ratios have (Siegmund 1985). Without peaks nothing is known but that it is lower.
    """
    wanted = per_day * lumis / LUMIS_PER_DAY
    used = min(MOST, len(peaks) - 1)
    if used < 1 or len(peaks) <= wanted:
        return FLOOR
    start = peaks[used]
    scale = float(np.mean(peaks[:used] - start))
    return max(FLOOR, float(start + scale * np.log(used / wanted)))
