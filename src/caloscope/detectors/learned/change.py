"""How much single cells change from one run to the next, beyond what counts scatter.

It is measured against the typical map: shapes that were fitted to the same runs would hide most of it.
"""

import numpy as np

from caloscope.detectors.base import Array, Noise
from caloscope.detectors.learned import scale

USUAL_CHANGE = 0.02
"""Relative rms of the activity where it cannot be learned: response is recalibrated to 1 to 4 %."""

FEWEST_RUNS = 3


class Changes:
    """Gathers lumisections in order and compares each run with what was expected of it.

    Arrays are of the living cells, `(cell,)`; `scatter` is the dispersion of their counts.
    """

    def __init__(self, noise: Noise, scatter: Array) -> None:
        self._noise, self._scatter = noise, scatter
        self._run: int | None = None
        self._off, self._steep, self._variance = (np.zeros_like(scatter) for _ in range(3))
        self._excess, self._weight, self._runs = 0.0, 0.0, 0

    def add(self, run: int, counts: Array, mean: Array, events: float) -> None:
        """One more lumisection."""
        if run != self._run:
            self._close()
            self._run = run
        self._off += counts - mean
        self._steep += steepness(mean, events, self._noise)
        if self._noise == "binomial":
            self._variance += mean * (1.0 - mean / events) * (1.0 + max(0.0, events - 1.0) * self._scatter)
        else:
            self._variance += mean * self._scatter

    def rms(self) -> float:
        """Relative rms by which the activity of a cell is off in a new run; `USUAL_CHANGE` for few runs."""
        self._close()
        if self._runs < FEWEST_RUNS or self._weight <= 0:
            return USUAL_CHANGE
        # What is expected is the mean of these runs: each is nearer to it than a new one will be.
        excess = self._excess / self._weight * (self._runs + 1) / (self._runs - 1)
        return float(np.sqrt(max(0.0, excess)))

    def _close(self) -> None:
        if self._run is None:
            return
        known = (self._steep > 0) & (self._variance > 0)
        own = self._variance[known] / self._steep[known] ** 2
        change = (self._off[known] / self._steep[known]) ** 2
        # Changes are cut off: a fault in one run is none.
        self._excess += float(((np.minimum(change, 16.0 * (own + USUAL_CHANGE**2)) - own) / own**2).sum())
        self._weight += float((1.0 / own**2).sum())
        self._runs += 1
        self._run = None
        for each in (self._off, self._steep, self._variance):
            each[:] = 0.0


def steepness(mean: Array, events: float, noise: Noise) -> Array:
    """Change of the mean counts per relative change of the activity; any shape."""
    if noise == "overdispersed":
        return mean
    p = np.minimum(mean / events, scale.HIGHEST_PROBABILITY)
    found = -np.log1p(-p) * (1.0 - p) * events
    return np.asarray(np.where(p > scale.SURE, 0.0, found))
