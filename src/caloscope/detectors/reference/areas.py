"""Coarse areas of a view: what a map is like as a whole, whatever single cells do.

A family of cells is cut into *rings* (of |ieta|, or of the distance from the middle) and each ring into
*sectors*. Conditions change rings alike all round; faults sit in some sectors, and the median over those of a
ring does not see them.
"""

import itertools
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from caloscope.detectors.base import Array
from caloscope.detectors.reference.cells import Cells, Whole
from caloscope.geometry import View
from caloscope.records import Mask

SECTORS: Final = 8
"""Four of the azimuth on each side of the middle, or eight around it."""

MOST_RINGS: Final = 5
CELLS_A_RING: Final = 96
"""So many cells at least make a ring."""

LOG_ABSENT: Final = float(np.log(0.4))
"""Areas whose level is lower than that of the busier ones by this are broken and have no say."""

BUSY: Final = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Which area each cell belongs to: `number` `(n,)` is ring x `SECTORS` + sector, -1 for none.

    `family` `(rings,)` is the family of each ring, ascending; `families` are the rings of each.
    """

    number: Whole
    family: Whole
    cells: Array = field(init=False)
    families: tuple[slice, ...] = field(init=False)
    _inside: Whole = field(init=False, repr=False)
    _number: Whole = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keeps at hand which cells have an area."""
        object.__setattr__(self, "_inside", np.flatnonzero(self.number >= 0))
        object.__setattr__(self, "_number", self.number[self._inside])
        object.__setattr__(self, "cells", self.sums(np.ones(len(self.number))))
        edges = np.flatnonzero(np.diff(self.family, prepend=-1, append=-1))
        families = tuple(slice(int(a), int(b)) for a, b in itertools.pairwise(edges))
        object.__setattr__(self, "families", families)

    @property
    def rings(self) -> int:
        """How many rings there are."""
        return len(self.family)

    @property
    def free(self) -> int:
        """How many rings can differ from others of their family."""
        return self.rings - len(self.families)

    @classmethod
    def of(cls, cells: Cells, use: Mask) -> "Areas":
        """Areas of the cells to `use`."""
        ring_at, sector = _polar(cells.view)
        number = np.full(cells.count, -1)
        family: list[int] = []
        for each in range(len(cells.families)):
            mine = np.flatnonzero((cells.family == each) & use)
            rings = int(np.clip(len(mine) // CELLS_A_RING, 1, MOST_RINGS)) if len(mine) else 0
            order = np.argsort(np.argsort(ring_at[mine], kind="stable"), kind="stable")
            ring = order * rings // max(len(mine), 1)
            number[mine] = (len(family) + ring) * SECTORS + sector[mine]
            family += [each] * rings
        return cls(number, np.array(family, np.int64))

    def sums(self, values: Array) -> Array:
        """Sums over the cells of each area, `(rings, SECTORS)`."""
        found = np.bincount(self._number, values[self._inside], self.rings * SECTORS)
        return np.asarray(found.reshape(self.rings, SECTORS), np.float64)


def ring_medians(levels: Array) -> Array:
    """Medians over the last axis of `(rings, sectors)` of what is finite, NaN where nothing is."""
    known = np.isfinite(levels)
    votes, rows = known.sum(axis=1), np.arange(len(levels))
    order = np.sort(np.where(known, levels, np.inf), axis=1)
    low = order[rows, np.maximum(votes - 1, 0) // 2]
    high = order[rows, np.minimum(votes // 2, levels.shape[1] - 1)]
    return np.where(votes > 0, 0.5 * (low + high), np.nan)


def map_level(levels: Array) -> float:
    """The level that the areas of a map share, those aside that are broken; 0 where nothing has one."""
    known = np.sort(levels[np.isfinite(levels)])
    last = known.size - 1
    if last < 0:
        return 0.0
    first = int(np.searchsorted(known, known[int(BUSY * last)] + LOG_ABSENT))
    return float(0.5 * (known[(first + last) // 2] + known[(first + last + 1) // 2]))


def _polar(view: View) -> tuple[Array, Whole]:
    """Distance from the middle, and sector, of each cell that exists."""
    *_, row, column = np.nonzero(view.exists)
    y, x = row - 0.5 * (view.y.bins - 1), column - 0.5 * (view.x.bins - 1)
    if view.y.circular == view.x.circular:
        angle = np.arctan2(y, x) / (2.0 * np.pi) % 1.0
        return np.hypot(y, x), np.minimum((angle * SECTORS).astype(np.int64), SECTORS - 1)
    along, around, bins = (y, column, view.x.bins) if view.x.circular else (x, row, view.y.bins)
    quarters = SECTORS // 2
    return np.abs(along), (along > 0) * quarters + around * quarters // bins
