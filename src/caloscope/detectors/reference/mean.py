"""The mean count of each cell: its own level, and how it follows pileup.

    u = level + (slope + g1) x + g2 x^2,    x = log(pileup / pileup_mean)

with u as in `link`, a level and a slope for each cell, and a curve g1, g2 for each group of cells.
"""

import math
from dataclasses import dataclass

import numpy as np

from caloscope.detectors.base import Array, Noise
from caloscope.detectors.reference.cells import Whole
from caloscope.detectors.reference.link import mean_of
from caloscope.records import Mask


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
