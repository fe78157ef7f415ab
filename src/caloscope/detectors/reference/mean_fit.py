"""How the mean is learned: Newton's method on the likelihood, with a level of its own for each run."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.detectors.base import Array, Noise
from caloscope.detectors.reference.bins import Bins
from caloscope.detectors.reference.cells import Cells, Whole
from caloscope.detectors.reference.link import level_of, mean_of, slope_of, variance_of
from caloscope.detectors.reference.mean import Mean
from caloscope.records import Mask

ALWAYS: Final = 0.99
"""A channel with a higher probability says nothing of what it follows."""

SURE: Final = 0.9998
"""A channel that counted in more of all events does so whatever the pileup."""

MOSTLY: Final = 0.9
"""Share of such channels that makes a whole group (HF) one that always counts."""

RUN_TO_RUN: Final = 0.025
"""Relative rms by which real rates change from run to run: no run weighs more than this allows."""

USUAL_FANO: Final = 12.0
"""Fano factor of ECAL towers, run 276582: it only weighs counting against what changes from run to run."""

WIDEST_SLOPE, NARROWEST_SLOPE = 0.15, 0.03
"""Limits of the rms by which slopes of cells differ from the curve of their group."""

ROUNDS: Final = 6
OUTLIER: Final = 5.0
FEWEST_PARTS: Final = 4


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
    own = (climb.level, climb.slope, cells.group, climb.curve, climb.alive, climb.sure)
    mean = Mean(noise, *own, follows, bins.pileup_mean, low, high)
    return Fitted(mean, climb.left_out)


class _Climb:
    """Curves of groups and cells in turn."""

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
        kept = np.where(self.left_out, 0.0, 1.0)[self.bins.part]
        self.inside, self.turn = share * steep * kept, share * (self.bins.counts - self.mean) * kept
        damped = (1.0 / (1.0 + known * RUN_TO_RUN**2))[self.bins.part]
        self.weight, self.pull = self.inside * damped, self.turn * damped

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
        # What a run's level cannot blur is how its own lumisections follow its own pileup.
        own = self.bins.around_part[:, None]
        middle = x - own
        one = (self.weight * middle).sum(axis=0)
        two = (self.weight * middle**2).sum(axis=0) + (self.inside * own**2).sum(axis=0) + 1e-9
        second = (self.pull * middle).sum(axis=0) + (self.turn * own).sum(axis=0)
        free = self._apart(self.slope + _second(none, one, two, first, second))
        self._narrow(free, none / (none * two - one**2))
        two, second = two + self.prior**-2, second - self.slope * self.prior**-2
        step = (two * first - one * second) / (none * two - one**2)
        self.level = self.level + np.where(self.moves, np.clip(step, -1.0, 1.0), 0.0)
        turn = np.clip(_second(none, one, two, first, second), -1.0, 1.0)
        self.slope = self._apart(self.slope + np.where(self.moves, turn, 0.0))
        self._look()

    def _apart(self, slope: Array) -> Array:
        """Slopes of cells without what those of a group share: that is the curve's."""
        cells = np.maximum(np.bincount(self.group, self.moves), 1.0)
        shared = np.bincount(self.group, np.where(self.moves, slope, 0.0)) / cells
        return np.where(self.moves, slope - shared[self.group], 0.0)

    def _narrow(self, free: Array, error: Array) -> None:
        """How much slopes of cells differ: as those that nothing holds back do, beyond their errors."""
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
