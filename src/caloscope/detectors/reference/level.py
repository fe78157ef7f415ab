"""What a map says of itself as a whole: how much larger its areas are than expected, its events, its pileup."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.detectors.base import Array
from caloscope.detectors.reference.areas import Areas, map_level
from caloscope.detectors.reference.mean import Mean

STEPS: Final = 9
"""Pileups at which the map is known beforehand; it is smooth in between."""

SURELY_COUNTS: Final = 5.0
"""A cell that expects more than this times its Fano factor does not count nothing by chance: it is dead."""

FEWEST_SURE: Final = 10
LOWEST: Final = 0.5
"""Counts that stand for none."""

REACH: Final = {"binomial": 1.25, "overdispersed": 2.0}
"""What a pileup of which nothing was learned may do to the map, as a factor: as much as over a fill."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Levels of areas, in u, against the mean counts.

    `fano` `(n,)` is 1 for binomial noise. `grid` `(steps,)` are x of pileups over the range that was learned,
    `table` `(steps, rings, sectors)` the counts per event there. `stiff` `(rings, sectors)` turns the change of
    the hazard of an area's mean probability into that of its cells' hazards.
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
        """The level of each area, `(kinds, rings, sectors)`, NaN where it has no cell. Dead cells have no say.

        The first kind is that of u. Binomial noise has a second one, that of the counts: what conditions do is
        simple in the hazards, what faults do in the counts.
        """
        dead = (counts == 0) & (expected > SURELY_COUNTS * self.fano)
        cells, due = self.areas.cells, self.areas.sums(expected)
        if dead.any():
            cells, due = (
                cells - self.areas.sums(dead.astype(np.float64)),
                self.areas.sums(np.where(dead, 0.0, expected)),
            )
        # An area that is dead as a whole is not one without cells.
        none = due <= 0
        cells, due = np.where(none, self.areas.cells, cells), np.where(none, self.areas.sums(expected), due)
        counted = self.areas.sums(counts)
        levels = self._levels(counted, due, cells, events)
        if self.mean.noise == "overdispersed":
            return levels[None]
        ratio = np.log(np.maximum(counted, LOWEST) / np.where(due > 0, due, 1.0))
        return np.stack((levels, np.where(due > 0, ratio, np.nan)))

    def _levels(self, counted: Array, due: Array, cells: Array, events: float) -> Array:
        counted, empty = np.maximum(counted, LOWEST), due <= 0
        due = np.where(empty, 1.0, due)
        if self.mean.noise == "overdispersed":
            return np.asarray(np.where(empty, np.nan, np.log(counted / due)))
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
        due = self.areas.sums(self.mean.counts(1.0, x))
        ratio = np.log(np.maximum(counted, LOWEST) / np.where(due > 0, due, 1.0))
        guess = np.exp(map_level(np.where(due > 0, ratio, np.nan)))
        dead = (counts == 0) & (guess * self.mean.counts(1.0, x) > SURELY_COUNTS * self.fano)
        due = self.areas.sums(np.where(dead, 0.0, self.mean.counts(1.0, x)))
        ratio = np.log(np.maximum(counted, LOWEST) / np.where(due > 0, due, 1.0))
        return float(np.exp(map_level(np.where(due > 0, ratio, np.nan))))

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

    def shift(self, counts: Array, events: float) -> float:
        """By how much the map is above the mean, where nothing was learned of pileup: no more than it may do."""
        limit = float(np.log(REACH[self.mean.noise]))
        return float(
            np.clip(map_level(self.found(counts, self.mean.counts(events, 0.0), events)[0]), -limit, limit)
        )

    def scaled(self, counts: Array, expected: Array, events: float) -> Array:
        """Mean counts, in cells, of a map with the level that this one shows."""
        level = map_level(self.found(counts, expected, events)[0]) if expected.any() else 0.0
        return np.where(self.mean.sure, expected, expected * np.exp(min(level, 0.0)))
