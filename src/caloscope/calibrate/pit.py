"""Probability integral transforms: whether counts are spread as the expectation says.

Of a healthy cell the distribution function at its count is uniform between 0 and 1, if the distribution is
the true one. Counts are discrete, so a random number fills each step (Smith 1985; Czado, Gneiting and Held
2009). A histogram with a hump says that the counts scatter less than expected, a bowl that they scatter more;
its first and last bin are the low and the high tail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaincc

from caloscope.bundle import Bundle
from caloscope.calibrate.conditional import conditional
from caloscope.detectors.base import Array, Expectation, Memory
from caloscope.pipeline.ask import ask, observed
from caloscope.pipeline.state import Given
from caloscope.records import Mask

BINS: Final = 20
THIRDS: Final = 3
MOST: Final = 400
"""Lumisections, evenly taken, that are looked at."""

_SAME: Final = 1e-3
"""Relative difference of variance and mean below which a count is a Poisson."""


@dataclass(frozen=True, slots=True, eq=False)
class Pit:
    """Histograms of transforms: `counts`, `(3, BINS)`, for cells of low, middle and high mean.

    `means` are the lowest and highest mean count in each third, `(3, 2)`; `lumis` how many lumisections were
    looked at, `neighbours` whether the counts of neighbours were used.
    """

    counts: NDArray[np.int64]
    means: Array
    lumis: int
    neighbours: bool


def pit(bundle: Bundle, given: Sequence[Given], masked: Mask | None = None, *, seed: int = 1) -> Pit | None:
    """Transforms of the counts of good lumisections; None for a detector that expects nothing.

    Cells in `masked`, in the view's shape, are left out. The detector sees every lumisection, in order.
    """
    exists = bundle.view.exists
    found = _Growing(exists, exists if masked is None else exists & ~masked, np.random.default_rng(seed))
    memory: Memory = {}
    every = max(1, len(given) // MOST)
    for place, each in enumerate(given):
        if each.record is None:
            continue
        observation = observed(bundle, each, each.record)
        answer, memory = ask(bundle, observation, memory)
        if isinstance(answer, Expectation) and place % every == 0:
            found.add(observation.counts, answer, max(1.0, float(each.record.events or 1)))
    if found.edges is None:
        return None
    means = np.stack([found.edges[:-1], found.edges[1:]], axis=1) * found.events / found.lumis
    return Pit(found.counts, means, found.lumis, found.neighbours)


class _Growing:
    """Histograms that are being filled; `edges` are the rates per event between the thirds, `(4,)`."""

    def __init__(self, exists: Mask, wanted: Mask, random: np.random.Generator) -> None:
        self._exists, self._wanted, self._random = exists, wanted[exists], random
        self.counts = np.zeros((THIRDS, BINS), np.int64)
        self.edges: Array | None = None
        self.lumis, self.events, self.neighbours = 0, 0.0, False

    def add(self, counts: Array, expectation: Expectation, events: float) -> None:
        """One lumisection."""
        found = conditional(counts, expectation, self._exists)
        cells = found.testable & self._wanted
        if not cells.any():
            return
        rates = expectation.mean[self._exists][cells] / events
        if self.edges is None:
            self.edges = np.quantile(rates, [0.0, 1 / 3, 2 / 3, 1.0])
        value = transform(counts[self._exists][cells], found.mean[cells], found.variance[cells], self._random)
        third = np.clip(np.searchsorted(self.edges[1:-1], rates), 0, THIRDS - 1)
        np.add.at(self.counts, (third, np.minimum((value * BINS).astype(np.int64), BINS - 1)), 1)
        self.lumis, self.events = self.lumis + 1, self.events + events
        self.neighbours = self.neighbours or expectation.covariance is not None


def transform(counts: Array, mean: Array, variance: Array, random: np.random.Generator) -> Array:
    """Randomised transforms of counts, elementwise: uniform where mean and variance are right."""
    low, high = distribution(counts - 1.0, mean, variance), distribution(counts, mean, variance)
    return np.asarray(np.clip(low + random.random(counts.shape) * (high - low), 0.0, 1.0))


def distribution(counts: Array, mean: Array, variance: Array) -> Array:
    """Probability of at most so many counts, elementwise, of the count distribution with these two moments.

    Negative binomial where the variance exceeds the mean, Poisson where they are equal, and below that
    binomial, whose number of trials then need not be an integer. `mean` and `variance` > 0.
    """
    counts, mean, variance = (
        np.asarray(each, np.float64) for each in np.broadcast_arrays(counts, mean, variance)
    )
    found = np.zeros(counts.shape)
    there = counts >= 0
    wide, narrow = there & (variance > (1 + _SAME) * mean), there & (variance < (1 - _SAME) * mean)
    k, m, v = counts[wide], mean[wide], variance[wide]
    found[wide] = betainc(m**2 / (v - m), k + 1.0, m / v)
    k, m, v = counts[narrow], mean[narrow], variance[narrow]
    trials = m**2 / (m - v)
    left = trials - k
    found[narrow] = np.where(left > 0, betainc(np.maximum(left, 1e-9), k + 1.0, v / m), 1.0)
    rest = there & ~wide & ~narrow
    found[rest] = gammaincc(counts[rest] + 1.0, mean[rest])
    return found
