"""Trigger primitives that are dead or noisy: what they do to the towers around them.

The selective readout of ECAL reads in full the towers around one whose trigger primitive is high. A dead
primitive seeds no readout, so the towers around lose what it would have brought; a noisy one seeds readouts
of nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caloscope.faults.change import Array, Whole, drawn
from caloscope.geometry import View
from caloscope.geometry.readout import CRYSTALS
from caloscope.records import Mask


def around(view: View, cells: Mask) -> Mask:
    """The cells and their eight neighbours, round the seam of circular axes; only those that exist."""
    reached = np.zeros(view.shape, np.bool_)
    for cell in np.argwhere(cells):
        for neighbour in _block(view, cell):
            reached[neighbour] = True
    return reached & view.exists


def _block(view: View, cell: NDArray[np.int64]) -> list[tuple[int, ...]]:
    """The 3 x 3 cells around one, as far as the view goes."""
    found = []
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            place = [*cell[:-2], cell[-2] + dy, cell[-1] + dx]
            for axis in (-2, -1):
                if view.circular[axis]:
                    place[axis] %= view.shape[axis]
            if all(0 <= i < n for i, n in zip(place, view.shape, strict=True)):
                found.append(tuple(int(i) for i in place))
    return found


def seeds_of(view: View, cells: Mask, reached: Mask) -> tuple[Whole, ...]:
    """For each seed the positions, among the cells reached in C order, of the cells that it reads."""
    position = np.full(view.shape, -1, np.int64)
    position[reached] = np.arange(int(reached.sum()))
    blocks = []
    for cell in np.argwhere(cells):
        places = np.array([position[place] for place in _block(view, cell)])
        blocks.append(places[places >= 0])
    return tuple(blocks)


@dataclass(frozen=True, slots=True)
class FalseSeeds:
    """Each seed has the towers around it read in full in a share `rate` of the events, whatever is in them.

    `blocks` are the positions of the towers that each seed reads, `crystals` the crystals of each tower.
    Towers that never count stay empty: there is nothing to read.
    """

    events: int
    rate: float
    blocks: tuple[Whole, ...]
    crystals: Whole

    def mean(self, mean: Array) -> Array:
        """All crystals in the events that some seed covers, as before in the others."""
        seeds = np.zeros(mean.shape)
        for block in self.blocks:
            seeds[block] += 1.0
        covered = 1.0 - (1.0 - self.rate) ** seeds
        after = mean * (1.0 - covered) + self.events * covered * self.crystals
        return np.where(mean > 0.0, after, 0.0)

    def counts(self, counts: Whole, mean: Array, rng: np.random.Generator) -> Whole:
        """Towers around one seed are read in the same number of events, less those read already."""
        covered = np.zeros(counts.shape, np.int64)
        for block in self.blocks:
            seeded = rng.binomial(self.events, self.rate)
            covered[block] += rng.hypergeometric(self.events - covered[block], covered[block], seeded)
        covered[mean <= 0.0] = 0
        others = 1.0 - covered / max(self.events, 1)
        return drawn(counts, others, float(CRYSTALS * self.events), rng) + covered * self.crystals
