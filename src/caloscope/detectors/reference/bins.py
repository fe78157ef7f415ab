"""All lumisections, summed up to what the mean is learned from: short of one run and of one pileup."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.detectors.base import Array
from caloscope.detectors.reference.cells import Cells, Whole
from caloscope.detectors.reference.samples import Samples

LONGEST_PART: Final = 200
"""Lumisections after which a run is taken for several, so that a fault in one part of it stands out."""

MOST_PARTS: Final = 100
MOST_BINS: Final = 128
WIDTH: Final = 0.06
"""Of a bin, in the logarithm of pileup: the curvature inside is nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Sums over lumisections: `counts` `(bins, n)`, `events` `(bins,)`.

    `away` `(bins,)` is the mean logarithm of pileup over `pileup_mean`, zero where nothing is learned of it.
    `part` `(bins,)` is the part of the data taking that each belongs to: a run, a piece of one, or a few
    short ones; `part_of` `(lumi,)` is that of each lumisection.
    """

    counts: Array
    events: Array
    away: Array
    part: Whole
    part_of: Whole
    pileup_mean: float

    @classmethod
    def of(cls, samples: Samples, cells: Cells) -> "Bins":
        """The sums of all lumisections."""
        away, mean = _away(samples)
        part = _parts(samples.run)
        number = _numbers(part, away)
        bins = int(number.max()) + 1
        flat = np.flatnonzero(cells.view.exists)
        counts = np.zeros((bins, cells.count))
        for place, observation in zip(number, samples.observations, strict=True):
            counts[place] += observation.counts.ravel()[flat]
        events = np.bincount(number, samples.events, bins)
        middle = np.bincount(number, samples.events * away, bins) / events
        owner = np.zeros(bins, np.int64)
        owner[number] = part
        return cls(counts, events.astype(np.float64), middle, owner, part, mean)

    @property
    def around_part(self) -> Array:
        """The `away` of each bin against the mean of its part."""
        events = np.bincount(self.part, self.events)
        return np.asarray(self.away - (np.bincount(self.part, self.events * self.away) / events)[self.part])

    def per_part(self, values: Array) -> Array:
        """Sums over the bins of each part, `(parts, n)`."""
        found = np.zeros((int(self.part.max()) + 1, values.shape[1]))
        np.add.at(found, self.part, values)
        return found


def _away(samples: Samples) -> tuple[Array, float]:
    known = np.isfinite(samples.pileup)
    if not known.any():
        return np.zeros(len(samples.events)), 0.0
    logarithm, weight = np.log(samples.pileup[known]), samples.events[known]
    mean = float(np.average(logarithm, weights=weight))
    if not samples.follows:
        return np.zeros(len(samples.events)), float(np.exp(mean))
    return np.log(samples.pileup) - mean, float(np.exp(mean))


def _parts(run: Whole) -> Whole:
    """Of each lumisection."""
    _, first, number, lumis = np.unique(run, return_index=True, return_inverse=True, return_counts=True)
    pieces = -(-lumis // LONGEST_PART)
    within = (np.arange(len(run)) - first[number]) * pieces[number] // lumis[number]
    part = (np.cumsum(pieces) - pieces)[number] + within
    parts = int(part.max()) + 1
    return np.asarray(part if parts <= MOST_PARTS else part * MOST_PARTS // parts)


def _numbers(part: Whole, away: Array) -> Whole:
    """The bin of each lumisection: parts are cut at steps of pileup, wide enough to leave few bins."""
    width = WIDTH
    while True:
        _, number = np.unique(part * 10_000 + np.floor(away / width).astype(np.int64), return_inverse=True)
        if number.max() < MOST_BINS or width > 10.0:
            return np.asarray(number)
        width *= 1.5
