"""What a map says of itself as a whole: how large its areas are, how many events there were, what pileup."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.detectors.base import Array
from caloscope.detectors.reference.areas import Areas, map_level
from caloscope.detectors.reference.mean import Mean
from caloscope.records import Mask

STEPS: Final = 9
"""Pileups at which the map is known beforehand; it is smooth in between."""

SURELY_COUNTS: Final = 5.0
"""A cell that expects more than this times its Fano factor does not count nothing by chance: it is dead."""

HOT: Final = 2.0
"""A cell that counts this many times what is due, and surely more, is hot."""

LEAST_LEFT: Final = 0.05
"""Share of an area that must be left without the broken cells for it to be the area."""

FEWEST_SURE: Final = 10
LOWEST: Final = 0.5
"""Counts that stand for none."""

WHOLE: Final = 0.9
"""Share of cells that always count which makes a group, like a depth of HF, one that needs no beam."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Levels of areas, in u, against the mean counts.

    `fano` `(n,)` is 1 for binomial noise. `grid` `(steps,)` are x of pileups over the range that was learned,
    `table` `(steps, rings, sectors)` the counts per event there. `stiff` `(rings, sectors)` turns the change
    of the hazard of an area's mean probability into that of its cells' hazards.
    """

    mean: Mean
    areas: Areas
    fano: Array
    grid: Array
    table: Array
    stiff: Array

    @classmethod
    def of(cls, mean: Mean, areas: Areas, fano: Array) -> "Levels":
        """For this mean."""
        low, high = (
            (mean.away(p) for p in (mean.pileup_low, mean.pileup_high)) if mean.follows else (0.0, 0.0)
        )
        grid = np.linspace(low, high, STEPS) if mean.follows else np.zeros(1)
        table = np.array([areas.sums(mean.counts(1.0, float(x))) for x in grid])
        stiff = np.ones(table.shape[1:])
        if mean.noise == "binomial":
            p = np.clip(mean.counts(1.0, 0.0), 1e-9, 1.0 - 1e-9)
            steep = areas.sums(-(1.0 - p) * np.log1p(-p)) / np.maximum(areas.cells, 1.0)
            whole = np.clip(areas.sums(p) / np.maximum(areas.cells, 1.0), 1e-9, 1.0 - 1e-9)
            stiff = -(1.0 - whole) * np.log1p(-whole) / np.maximum(steep, 1e-9)
        return cls(mean, areas, fano, grid, table, stiff)

    def found(self, counts: Array, expected: Array, events: float) -> Array:
        """The level of each area, `(kinds, rings, sectors)`, NaN without a cell. Broken cells have no say.

        The first kind is that of u. Binomial noise has a second one, that of the counts: what conditions do
        is simple in the hazards, what faults do in the counts.
        """
        counted, due = self.areas.sums(counts), self.areas.sums(expected)
        # Cells that are far above the level of the map, or dead.
        above = HOT * max(1.0, float(np.exp(map_level(_ratio(counted, due)))))
        broken = (counts == 0) & (expected > SURELY_COUNTS * self.fano)
        broken |= counts > above * expected + SURELY_COUNTS * self.fano
        cells = self.areas.cells
        if broken.any():
            left = due - self.areas.sums(np.where(broken, expected, 0.0))
            # An area that is broken as a whole is not one without cells.
            some = left > LEAST_LEFT * due
            cells = np.where(some, cells - self.areas.sums(broken.astype(np.float64)), cells)
            counted = np.where(some, self.areas.sums(np.where(broken, 0.0, counts)), counted)
            due = np.where(some, left, due)
        levels = self._levels(counted, due, cells, events)
        if self.mean.noise == "overdispersed":
            return levels[None]
        return np.stack((levels, _ratio(counted, due)))

    def _levels(self, counted: Array, due: Array, cells: Array, events: float) -> Array:
        if self.mean.noise == "overdispersed":
            return _ratio(counted, due)
        counted, empty = np.maximum(counted, LOWEST), due <= 0
        due = np.where(empty, 1.0, due)
        trials = np.maximum(cells * events, 1.0)
        hazards = (-np.log1p(-np.clip(each / trials, 1e-9, 1.0 - 1e-6)) for each in (counted, due))
        seen, expected = hazards
        return np.asarray(np.where(empty, np.nan, self.stiff * np.log(seen / expected)))

    def events(self, counts: Array, x: float) -> float:
        """Number of events, from the map alone; 0 where nothing counted.

        HCAL's forward channels count in every event, so it is the count that most of the living ones share.
        Elsewhere it is what the areas have in common.
        """
        always = counts[self.mean.sure]
        always = always[always > 0]
        if always.size >= FEWEST_SURE:
            values, votes = np.unique(always, return_counts=True)
            return float(values[np.argmax(votes)])
        counted = self.areas.sums(counts)
        if not counted.any():
            return 0.0
        rate = self.mean.counts(1.0, x)
        guess = np.exp(map_level(_ratio(counted, self.areas.sums(rate))))
        dead = (counts == 0) & (guess * rate > SURELY_COUNTS * self.fano)
        return float(np.exp(map_level(_ratio(counted, self.areas.sums(np.where(dead, 0.0, rate))))))

    def pileup(self, counts: Array, events: float) -> float:
        """The x of the pileup in the range that was learned which explains the map best."""
        middle = self.mean.counts(events, 0.0)
        dead = (counts == 0) & (middle > SURELY_COUNTS * self.fano)
        alive = 1.0 - self.areas.sums(np.where(dead, middle, 0.0)) / np.maximum(self.areas.sums(middle), 1e-9)
        cells, counted = self.areas.cells * np.maximum(alive, 1e-3), self.areas.sums(counts)
        above = np.array(
            [map_level(self._levels(counted, due * alive * events, cells, events)) for due in self.table]
        )
        if above[0] < above[-1]:  # a map that shrinks with pileup
            return float(np.interp(0.0, above, self.grid))
        return float(np.interp(0.0, -above, self.grid))

    def scaled(self, counts: Array, expected: Array, events: float) -> Array:
        """Mean counts, in cells, of a map with the level that this one shows.

        Only groups that always count as a whole keep theirs: single channels do so because of the beam.
        """
        level = map_level(self.found(counts, expected, events)[0]) if expected.any() else 0.0
        return np.where(self._steady(), expected, expected * np.exp(min(level, 0.0)))

    def _steady(self) -> Mask:
        """Cells that always count, in groups of such."""
        group, groups = self.mean.group, len(self.mean.curve)
        alive = np.maximum(np.bincount(group, self.mean.alive, groups), 1.0)
        share = np.bincount(group, self.mean.sure, groups) / alive
        return np.asarray(self.mean.sure & (share >= WHOLE)[group])


def _ratio(counted: Array, due: Array) -> Array:
    """Logarithm of what was counted over what was due, NaN where nothing was."""
    found = np.log(np.maximum(counted, LOWEST) / np.where(due > 0, due, 1.0))
    return np.asarray(np.where(due > 0, found, np.nan))
