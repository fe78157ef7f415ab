"""What the kinds of faults do to the counts of some cells, and to their mean.

Every change here takes and gives one-dimensional arrays of the cells that it touches, and is linear in the
counts, so that its mean is known exactly whatever the counts are distributed like. A part of the lumisection
is drawn without replacement (hypergeometric): of n counts among the N that were possible, those in a share of
the N. So parts that are put together never exceed what can be counted.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Whole: TypeAlias = NDArray[np.int64]

_DRAWABLE = 1e9  # numpy draws without replacement from fewer than this
_HIGHEST = float(np.iinfo(np.uint32).max)


class Change(Protocol):
    """What one fault does to the cells that it touches."""

    def mean(self, mean: Array) -> Array:
        """Mean counts after it, of cells with this mean before."""
        ...

    def counts(self, counts: Whole, mean: Array, rng: np.random.Generator) -> Whole:
        """Counts after it, of counts with this mean."""
        ...


def portion(share: float, capacity: float | Array) -> Array:
    """A share rounded to what can be counted: an event is there or not."""
    most = np.asarray(capacity, dtype=np.float64)
    if not np.isfinite(most).all():
        return np.full(most.shape, share)
    return np.where(most > 0.0, np.rint(share * most) / np.maximum(most, 1.0), 0.0)


def drawn(counts: Whole, share: float | Array, capacity: float | Array, rng: np.random.Generator) -> Whole:
    """The counts that lie in a share of the lumisection; never more than the share of the capacity."""
    if not np.max(capacity, initial=0.0) < _DRAWABLE:
        return rng.binomial(counts, share)
    most = np.asarray(capacity).astype(np.int64)
    sampled = np.rint(np.asarray(share) * most).astype(np.int64)
    return rng.hypergeometric(counts, np.maximum(most - counts, 0), sampled)


@dataclass(frozen=True, slots=True)
class Thinned:
    """Each count survives with probability `keep`.

    `blocks`, where given, is the share of each cell's counts that came in whole readouts of `size`: those
    survive or vanish together.
    """

    keep: float | Array
    blocks: Array | None = None
    size: int = 25

    def mean(self, mean: Array) -> Array:
        """The mean times what is kept."""
        return mean * self.keep

    def counts(self, counts: Whole, mean: Array, rng: np.random.Generator) -> Whole:  # noqa: ARG002 - asked alike
        """Binomial, count by count or readout by readout."""
        if self.blocks is None:
            return rng.binomial(counts, self.keep)
        # the number of readouts is rounded at random, so that on average it is right
        readouts = np.floor(self.blocks * counts / self.size + rng.random(counts.shape)).astype(np.int64)
        readouts = np.minimum(readouts, counts // self.size)
        single = counts - self.size * readouts
        return self.size * rng.binomial(readouts, self.keep) + rng.binomial(single, self.keep)


@dataclass(frozen=True, slots=True)
class Added:
    """More counts where there is room: `gain` times the mean, or, with `fill`, this share of the room."""

    capacity: float | Array
    gain: float | Array = 0.0
    fill: float = 0.0

    def _filled(self, mean: Array) -> Array:
        """Share of each cell's room that is filled."""
        if self.fill > 0.0:
            return np.full(mean.shape, min(self.fill, 1.0))
        room = np.maximum(self.capacity - mean, 0.0)
        extra = self.gain * mean
        share = np.divide(extra, room, out=np.zeros_like(mean), where=room > 0.0)
        return np.minimum(share, 1.0)

    def mean(self, mean: Array) -> Array:
        """The mean and what is added, at most the capacity."""
        if not np.isfinite(self.capacity).all():
            return mean * (1.0 + self.gain)
        return mean + self._filled(mean) * np.maximum(self.capacity - mean, 0.0)

    def counts(self, counts: Whole, mean: Array, rng: np.random.Generator) -> Whole:
        """Binomial in the room that is left, Poisson where there is no limit."""
        if not np.isfinite(self.capacity).all():
            return counts + rng.poisson(np.minimum(self.gain * mean, _HIGHEST))
        room = np.maximum(np.asarray(self.capacity).astype(np.int64) - counts, 0)
        return counts + rng.binomial(room, self._filled(mean))


@dataclass(frozen=True, slots=True)
class Replaced:
    """In a share of the lumisection the counts are not those of the signal.

    There they are `top`, per cell, or anything from 0 to it at random.
    """

    capacity: float | Array
    share: float
    top: Whole
    random: bool = False

    def _healthy(self) -> Array:
        return 1.0 - portion(self.share, self.capacity)

    def mean(self, mean: Array) -> Array:
        """The mean of the healthy share, and what replaces the rest."""
        return mean * self._healthy() + (0.5 if self.random else 1.0) * self.top

    def counts(self, counts: Whole, mean: Array, rng: np.random.Generator) -> Whole:  # noqa: ARG002 - asked alike
        """Counts of the healthy share, and what replaces the rest."""
        rest = rng.integers(0, self.top, endpoint=True) if self.random else self.top
        return drawn(counts, self._healthy(), self.capacity, rng) + rest


@dataclass(frozen=True, slots=True)
class Scrambled:
    """The counts of a share of the lumisection go to other cells: cell i gets those of cell `source[i]`."""

    capacity: float
    share: float
    source: Whole

    def mean(self, mean: Array) -> Array:
        """The means are exchanged like the counts."""
        share = portion(self.share, self.capacity)
        return mean * (1.0 - share) + mean[self.source] * share

    def counts(self, counts: Whole, mean: Array, rng: np.random.Generator) -> Whole:  # noqa: ARG002 - asked alike
        """Exchanged counts; their sum stays."""
        moved = drawn(counts, portion(self.share, self.capacity), self.capacity, rng)
        return counts - moved + moved[self.source]


def exchange(cells: int, seed: int) -> Whole:
    """A random permutation of so many cells that leaves none in its place (a single one has no other)."""
    order = np.random.default_rng([seed, cells]).permutation(cells)
    source = np.empty(cells, np.int64)
    source[order] = np.roll(order, 1)
    return source
