"""Real against simulated: Monte Carlo p-values that need no assumption about any distribution."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from caloscope.detectors.base import Array
from caloscope.records import Mask
from caloscope.validation.quantity import Quantity

SIGNIFICANT = 0.01
"""A p-value below this is called a difference."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """One quantity on a real sample and on the replicas of its simulation.

    `mean` and `deviation` are those of the replicas, value by value. `size` is how large the difference is:
    relative for numbers and curves (root of the mean square over the curve), the greatest distance of the
    cumulative shares for a distribution; an absolute difference where the quantity asks for it. `worst` is
    where a curve differs most, in standard deviations, None otherwise. `replicas` is `(replicas, values)`.
    """

    real: Quantity
    mean: Array
    deviation: Array
    replicas: Array
    p: float
    size: float
    worst: tuple[str, float] | None = None

    @property
    def agrees(self) -> bool:
        """Whether the real sample could be one of the simulated."""
        return not self.p < SIGNIFICANT

    @property
    def verdict(self) -> str:
        """*agrees*, *differs slightly* (too little to matter), *differs*, or *nothing to compare*."""
        if not np.isfinite(self.p):
            return "nothing to compare"
        if self.agrees:
            return "agrees"
        return "differs slightly" if self.size <= self.real.tolerance else "differs"


def compare(real: Quantity, simulated: Sequence[Array]) -> Comparison:
    """Ranks the real values among those of the replicas.

    Real and simulated values are treated alike, so that under the hypothesis that the simulation is right
    every rank is equally probable and the p-value is exact (Phipson and Smyth, 2010: it is never zero).
    Places where any of them has nothing are left out.
    """
    replicas = np.array(simulated, dtype=float).reshape(len(simulated), -1)
    if real.kind == "number":  # some numbers are measured on some of the replicas only
        replicas = replicas[np.isfinite(replicas[:, 0])]
    if len(replicas) < 2:
        nothing = np.full(real.values.size, np.nan)
        return Comparison(real, nothing, nothing, replicas, np.nan, np.nan)
    mean, deviation = replicas.mean(0), replicas.std(0, ddof=1)
    use = np.isfinite(real.values) & np.isfinite(replicas).all(0)
    if not use.any():
        return Comparison(real, mean, deviation, replicas, np.nan, np.nan)
    rank = {"number": _two_sided, "curve": _curve, "distribution": _kolmogorov}[real.kind]
    p = rank(real.values[use], replicas[:, use])
    size = _size(real, replicas, mean, use)
    return Comparison(real, mean, deviation, replicas, p, size, _worst(real, mean, deviation, use))


def _two_sided(real: Array, replicas: Array) -> float:
    values = replicas[:, 0]
    tails = (1 + np.count_nonzero(values <= real[0]), 1 + np.count_nonzero(values >= real[0]))
    return min(1.0, 2.0 * min(tails) / (len(values) + 1))


def _curve(real: Array, replicas: Array) -> float:
    """Rank of the sum of squared pulls, around mean and deviation of real and simulated together."""
    pool = np.vstack([real, replicas])
    spread = pool.std(0)
    pulls = np.divide(pool - pool.mean(0), spread, out=np.zeros_like(pool), where=spread > 0)
    return _rank((pulls**2).sum(1))


def _kolmogorov(real: Array, replicas: Array) -> float:
    """Rank of the Kolmogorov-Smirnov distance to all of them together."""
    return _rank(distances(np.vstack([real, replicas])))


def distances(pool: Array) -> Array:
    """Largest distance of each row's cumulative share from that of all rows; rows are counts in bins."""
    shares = np.cumsum(pool, axis=1) / np.maximum(pool.sum(1, keepdims=True), 1e-300)
    together = np.cumsum(pool.sum(0)) / max(float(pool.sum()), 1e-300)
    found: Array = np.abs(shares - together).max(1)
    return found


def _rank(distance: Array) -> float:
    """Share of all that are at least as far as the first, the first included."""
    return float(np.count_nonzero(distance >= distance[0] * (1 - 1e-12)) / len(distance))


def _size(real: Quantity, replicas: Array, mean: Array, use: Mask) -> float:
    if real.kind == "distribution":
        return float(distances(np.vstack([real.values, replicas.sum(0)]))[0])
    difference = real.values[use] - mean[use]
    if not real.absolute:
        scale = np.maximum(np.abs(mean[use]), 1e-12)
        difference = difference / scale
    return float(np.sqrt(np.mean(difference**2)))


def _worst(real: Quantity, mean: Array, deviation: Array, use: Mask) -> tuple[str, float] | None:
    if real.kind != "curve":
        return None
    spread = np.where(use & (deviation > 0), deviation, np.inf)
    pulls = np.where(use, real.values - mean, 0.0) / spread
    place = int(np.argmax(np.abs(pulls)))
    return (real.labels[place] if real.labels else f"{real.x[place]:g}"), float(pulls[place])
