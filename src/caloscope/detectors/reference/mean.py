"""The mean count of each cell: its own level, and how it follows pileup.

    u = level + (slope + g1) x + g2 x^2,    x = log(pileup / pileup_mean)

with u as in `link`, a level and a slope for each cell, and a curve g1, g2 for each group of cells.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.detectors.base import Array, Noise
from caloscope.detectors.reference.bins import Bins
from caloscope.detectors.reference.cells import Cells, Whole
from caloscope.detectors.reference.link import level_of, mean_of, slope_of, variance_of
from caloscope.records import Mask

ALWAYS: Final = 0.99
"""A channel with a higher probability says nothing of what it follows."""

SURE: Final = 0.9998
"""A channel that counted in more of all events does so whatever the pileup."""

MOSTLY: Final = 0.9
"""Share of such channels that makes a whole group (HF) one that always counts."""

RUN_TO_RUN: Final = 0.025
"""Relative rms by which rates change from run to run, as real ones do: no run weighs more than this allows."""

USUAL_FANO: Final = 12.0
"""Fano factor of ECAL towers, run 276582: it only weighs counting against what changes from run to run."""

WIDEST_SLOPE, NARROWEST_SLOPE = 0.15, 0.01
ROUNDS: Final = 6
OUTLIER: Final = 5.0
FEWEST_PARTS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Mean:
    """The mean counts of the n cells that exist, in C order.

    `level`, `slope` `(n,)` and `curve` `(groups, 2)` are those of u. `group` `(n,)`. `alive` are cells that
    counted, `sure` those that always do: they follow nothing. Pileup moved enough to be learned if
    `follows`, from `pileup_low` to `pileup_high`; both are zero where it was never known.
    """

    noise: Noise
    level: Array
    slope: Array
    group: Whole
    curve: Array
    alive: Mask
    sure: Mask
    follows: bool
    pileup_mean: float
    pileup_low: float
    pileup_high: float

    def away(self, pileup: float) -> float:
        """The x of a pileup, 0 where nothing was learned."""
        return math.log(max(pileup, 0.1) / self.pileup_mean) if self.follows else 0.0

    def counts(self, events: float, x: float, shift: float = 0.0) -> Array:
        """Mean counts `(n,)`; `shift` is added to u where a cell follows anything. Cells not alive have 0."""
        u = self.level
        if self.follows and x:
            first, second = self.curve[:, 0] * x + self.curve[:, 1] * x * x, x
            u = u + first[self.group] + self.slope * second
        if shift:
            u = np.where(self.sure, u, u + shift)
        return np.where(self.alive, mean_of(u, events, self.noise), 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """The mean, and the `(part, cell)` pairs that were left out: the cell was not itself."""

    mean: Mean
    left_out: Mask


def fit_mean(bins: Bins, cells: Cells, noise: Noise, pileup: Array, *, follows: bool) -> Fitted:
    """Learn from sums. `pileup` `(lumi,)` gives the range.

    A cell whose rate in a part of the data taking is more than 5 sigma from its median over four or more
    parts was not itself there (dead, or hot) and is not learned from it.
    """
    climb = _Climb(bins, cells, noise, follows)
    for turn in range(ROUNDS):
        climb.groups()
        climb.cells_alone()
        if turn == ROUNDS // 2 - 1:
            climb.leave_out()
    known = pileup[np.isfinite(pileup)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    mean = Mean(
        noise,
        climb.level,
        climb.slope,
        cells.group,
        climb.curve,
        climb.alive,
        climb.sure,
        follows,
        bins.pileup_mean,
        low,
        high,
    )
    return Fitted(mean, climb.left_out)


class _Climb:
    """Newton's method on the likelihood, group curves and cells in turn; each run has a level of its own."""

    def __init__(self, bins: Bins, cells: Cells, noise: Noise, follows: bool) -> None:
        self.bins, self.group, self.noise, self.follows = bins, cells.group, noise, follows
        total, events = bins.counts.sum(axis=0), float(bins.events.sum())
        self.alive = total > 0
        rate = np.where(self.alive, total / events, 0.5)
        if noise == "binomial":
            rate = np.where(self.alive, (total + 0.5) / (events + 1.0), 0.5)
        self.level = level_of(rate, noise)
        self.slope = np.zeros(cells.count)
        self.curve = np.zeros((cells.groups, 2))
        always = self.alive & (rate >= ALWAYS) & (noise == "binomial")
        self.sure = always & ((rate >= SURE) | (_share(always, self.alive, self.group) >= MOSTLY))
        self.moves = self.alive & ~always
        self.left_out = np.zeros((int(bins.part.max()) + 1, cells.count), np.bool_)
        self.prior = WIDEST_SLOPE
        self._look()

    def _look(self) -> None:
        """Information of each bin on each cell's u, and the pull towards what was counted."""
        x, events = self.bins.away[:, None], self.bins.events[:, None]
        follow = self.slope + self.curve[self.group, 0]
        u = self.level + x * np.where(self.sure, 0.0, follow)
        u += x * x * np.where(self.sure, 0.0, self.curve[self.group, 1])
        self.mean = mean_of(u, events, self.noise)
        steep = slope_of(self.mean, events, self.noise)
        variance = variance_of(self.mean, events, self.noise)
        if self.noise == "overdispersed":
            variance = variance * USUAL_FANO
        share = steep / variance
        known = self.bins.per_part(share * steep)
        damped = np.where(self.left_out, 0.0, 1.0 / (1.0 + known * RUN_TO_RUN**2))[self.bins.part]
        self.weight = share * steep * damped
        self.pull = share * (self.bins.counts - self.mean) * damped

    def groups(self) -> None:
        """One step for the curves."""
        if not self.follows:
            return
        shape = np.stack([np.ones_like(self.bins.away), self.bins.away, self.bins.away**2], axis=1)
        for number in range(len(self.curve)):
            mine = (self.group == number) & self.moves
            if not mine.any():
                continue
            weight, pull = self.weight[:, mine].sum(axis=1), self.pull[:, mine].sum(axis=1)
            known = shape.T @ (shape * weight[:, None])
            # Little is believed of a bend that the range hardly shows.
            known += np.diag([0.0, 1e-6, 1e-4]) * weight.sum() + np.diag([1e-9] * 3)
            self.curve[number] += np.linalg.solve(known, shape.T @ pull)[1:]
        self._look()

    def cells_alone(self) -> None:
        """One step for the level and the slope of each cell."""
        x = self.bins.away[:, None]
        none = self.weight.sum(axis=0) + 1e-9
        first = self.pull.sum(axis=0)
        if not self.follows:
            self.level = self.level + np.where(self.moves, np.clip(first / none, -1.0, 1.0), 0.0)
            self._look()
            return
        one, two = (self.weight * x).sum(axis=0), (self.weight * x * x).sum(axis=0) + 1e-9
        second = (self.pull * x).sum(axis=0)
        self._narrow(self.slope + _second(none, one, two, first, second), none / (none * two - one**2))
        two, second = two + self.prior**-2, second - self.slope * self.prior**-2
        step = (two * first - one * second) / (none * two - one**2)
        self.level = self.level + np.where(self.moves, np.clip(step, -1.0, 1.0), 0.0)
        turn = np.clip(_second(none, one, two, first, second), -1.0, 1.0)
        self.slope = self.slope + np.where(self.moves, turn, 0.0)
        self._look()

    def _narrow(self, free: Array, error: Array) -> None:
        """How much slopes of cells differ: what those that nothing holds back differ by, beyond their errors."""
        if not self.moves.any():
            return
        free, error = free[self.moves], error[self.moves]
        weight = 1.0 / (error + NARROWEST_SLOPE) ** 2
        variance = float((weight * (free**2 - error)).sum() / weight.sum())
        self.prior = float(np.clip(np.sqrt(max(variance, 0.0)), NARROWEST_SLOPE, WIDEST_SLOPE))

    def leave_out(self) -> None:
        """Find the cells that were not themselves in a part."""
        if len(self.left_out) < FEWEST_PARTS:
            return
        seen, expected = self.bins.per_part(self.bins.counts), self.bins.per_part(self.mean)
        variance = self.bins.per_part(variance_of(self.mean, self.bins.events[:, None], self.noise))
        if self.noise == "overdispersed":
            variance *= USUAL_FANO
        ratio = seen / expected
        ratio /= _usual_ratio(ratio, self.group, self.moves)
        middle = np.median(ratio, axis=0)
        error = np.sqrt(variance / expected**2 + RUN_TO_RUN**2)
        self.left_out = (np.abs(ratio - middle) > OUTLIER * error * np.maximum(middle, 0.1)) & self.moves
        # A cell that is another in most parts has changed for good.
        self.left_out &= self.left_out.mean(axis=0) < 0.5
        self._look()


def _second(none: Array, one: Array, two: Array, first: Array, second: Array) -> Array:
    """The second unknown of two linear equations for each cell."""
    return np.asarray((none * second - one * first) / (none * two - one**2))


def _usual_ratio(ratio: Array, group: Whole, moves: Mask) -> Array:
    """What a part of the data taking does to a typical cell of each group, `(part, n)`."""
    found = np.ones_like(ratio)
    for number in np.unique(group[moves]):
        usual = np.median(ratio[:, (group == number) & moves], axis=1)
        found[:, group == number] = np.maximum(usual, 0.1)[:, None]
    return found


def _share(mask: Mask, among: Mask, group: Whole) -> Array:
    """Share of cells of the own group that are in a mask, for each cell."""
    total = np.maximum(np.bincount(group, among), 1)
    return np.asarray((np.bincount(group, mask & among, len(total)) / total)[group])
