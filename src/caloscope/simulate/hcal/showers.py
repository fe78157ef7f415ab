"""Why neighbouring channels of HCAL fluctuate together: in one event a shower, or a jet, reaches several.

Each channel finds its surroundings *busy* in half of all events. In those it counts with a probability of p
+ d/2, in the others with p - d/2, so that its counts remain exactly binomial(N, p). Which events are busy
is decided by groups of towers, each busy half of the time: for some events by *jets*, 6 iphi x 6 ieta over
all depths, for the others by *particles*, 2 x 2 within one depth. Events are dealt out such that of all
groups of a size that hold a channel each decides its own ones: so the number of busy events is exactly
binomial(N, 1/2), and channels correlate by the groups that they share:

    cov(i, j) = N d_i d_j / 4 (jets x overlap of 6 x 6 + (1 - jets) x overlap of 2 x 2 if in one depth)

with overlap (1 - |iphi apart| / 6) (1 - |ieta apart| / 6), or 2 for 6. Sizes and strengths were fitted to
the correlations at some twenty distances in HB, and as many in HE, of run 306138 (chi2 about 24 and 20);
channels that count hardly ever, or nearly always, cannot follow quite so much.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array

Whole: TypeAlias = NDArray[np.int64]
_ROWS: Final = 72
_JET: Final = (6, 6)
_PARTICLE: Final = (2, 2)
_WORD: Final = 64
_MOST_WORDS: Final = 64
_FIRST: Final = np.array([(1 << bits) - 1 for bits in range(_WORD + 1)], dtype=np.uint64)
"""Words whose first so many bits are set."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How much channels of a subdetector fluctuate together.

    `correlation` is that at no distance, `jets` the part of it that jets make.
    """

    correlation: float
    jets: float


HB: Final = Strength(0.073, 0.5)
HE: Final = Strength(0.125, 0.4)


class Showers:
    """Showers in one subdetector, for channels at these depths, rows (iphi) and columns (ieta bins)."""

    def __init__(self, depth: Whole, row: Whole, column: Whole, strength: Strength) -> None:
        self._strength = strength
        depths, self._depth = np.unique(depth, return_inverse=True)
        columns, index = np.unique(column, return_inverse=True)
        # Between the two sides of HE a gap that no group spans is as good as the whole barrel.
        steps = np.minimum(np.diff(columns, prepend=columns[:1]), _JET[1])
        self._row, self._place = row, np.cumsum(steps)[index]
        width = int(steps.sum()) + 1
        self._jet_turns, self._particle_turns = _turns(width, _JET), _turns(width, _PARTICLE)
        self._depths = len(depths)

    def draw(self, rng: np.random.Generator, events: int, p: Array) -> Whole:
        """Counts of channels with these probabilities."""
        busy, half = self._busy(rng, events), 0.5 * self._contrast(p)
        counts = rng.binomial(busy, np.minimum(p + half, 1.0))
        counts += rng.binomial(events - busy, np.maximum(p - half, 0.0))
        return np.asarray(counts)

    def covariance(self, events: int, p: Array, chosen: Whole) -> Array:
        """Covariance of the counts of the channels with these numbers; the diagonal is exactly binomial."""
        row, place, depth = self._row[chosen], self._place[chosen], self._depth[chosen]
        across = np.abs(row[:, None] - row)
        across, along = np.minimum(across, _ROWS - across), np.abs(place[:, None] - place)
        jets = self._strength.jets * _overlap(across, along, _JET)
        particles = (1.0 - self._strength.jets) * _overlap(across, along, _PARTICLE)
        contrast = self._contrast(p)[chosen]
        shared = jets + np.where(depth[:, None] == depth, particles, 0.0)
        found = 0.25 * events * contrast[:, None] * contrast * shared
        np.fill_diagonal(found, events * (p * (1.0 - p))[chosen])
        return np.asarray(found)

    def _contrast(self, p: Array) -> Array:
        """d, how much likelier a channel counts in a busy event: one correlation for all that can have it."""
        wanted = 2.0 * np.sqrt(self._strength.correlation * p * (1.0 - p))
        return np.asarray(np.minimum(wanted, 2.0 * np.minimum(p, 1.0 - p)))

    def _busy(self, rng: np.random.Generator, events: int) -> Whole:
        """In how many events the surroundings of each channel are busy."""
        by_jets = int(rng.binomial(events, self._strength.jets))
        jets = _sums(_heads(rng, _dealt(rng, by_jets, _JET), self._jet_turns, ()), _JET)
        dealt = _dealt(rng, events - by_jets, _PARTICLE)
        particles = _sums(_heads(rng, dealt, self._particle_turns, (self._depths,)), _PARTICLE)
        return np.asarray(jets[self._row, self._place] + particles[self._depth, self._row, self._place])


def _turns(width: int, size: tuple[int, int]) -> Whole:
    """Whose turn it is: a number for each group, different for all groups of this size that hold a tower."""
    rows, columns = np.arange(_ROWS)[:, None], np.arange(width + size[1] - 1)
    return np.asarray(rows % size[0] * size[1] + columns % size[1])


def _dealt(rng: np.random.Generator, events: int, size: tuple[int, int]) -> Whole:
    """Events dealt out to the turns."""
    turns = size[0] * size[1]
    return rng.multinomial(events, [1.0 / turns] * turns).astype(np.int64)


def _heads(rng: np.random.Generator, dealt: Whole, turns: Whole, layers: tuple[int, ...]) -> Whole:
    """In how many of the events of its turn each group is busy, half of them on average: binomial(n, 1/2).

    As numbers of bits that are set in random words, which is ten times as fast as drawing them one by one.
    """
    words = -(-int(dealt.max()) // _WORD)
    shape = (*layers, *turns.shape)
    if words > _MOST_WORDS:
        return np.asarray(rng.binomial(dealt[turns], 0.5, shape))
    total = np.zeros(shape, np.int64)
    for word in range(words):
        mask = _FIRST[np.clip(dealt - _WORD * word, 0, _WORD)]
        bits = rng.integers(0, 2**_WORD - 1, shape, np.uint64, endpoint=True)
        total += np.bitwise_count(bits & mask[turns])
    return total


def _sums(groups: Whole, size: Sequence[int]) -> Whole:
    """Sums over the groups that hold each tower; rows are circular."""
    rows, columns = size
    total = sum((np.roll(groups, -k, axis=-2) for k in range(1, rows)), groups)
    width = groups.shape[-1] - columns + 1
    return np.asarray(sum((total[..., k : k + width] for k in range(1, columns)), total[..., :width]))


def _overlap(across: Whole, along: Whole, size: tuple[int, int]) -> Array:
    """The part of the groups which hold a tower that also hold another, so many rows and columns away."""
    rows, columns = size
    return np.asarray(np.maximum(1.0 - across / rows, 0.0) * np.maximum(1.0 - along / columns, 0.0))
