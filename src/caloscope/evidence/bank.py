"""The faults that are looked for: by how much a cell, a region or the whole map may be off."""

from typing import Final

import numpy as np

from caloscope.records import Floats

LOW_FACTORS: Final = (0.02, 0.4, 0.65, 0.8, 0.9)
HIGH_FACTORS: Final = (1.11, 1.25, 1.6, 2.5, 8.0)
FACTORS: Final = np.array(LOW_FACTORS + HIGH_FACTORS)
"""A cell counts so many times what it should. A fault between two of them is found hardly later than with its
own: of the evidence that x0.75 gives against x0.75, x0.8 collects 96 %."""

LOWS: Final = len(LOW_FACTORS)

LOW_SHIFTS: Final = (-0.95, -0.5, -0.3, -0.18, -0.1)
HIGH_SHIFTS: Final = (0.1, 0.18, 0.35, 0.8)
SHIFTS: Final = np.array(LOW_SHIFTS + HIGH_SHIFTS)
"""A region, or the whole map, is off by so much, relative to what it should count."""

LOW_SHIFTS_COUNT: Final = len(LOW_SHIFTS)

FACTOR_MARGINS: Final = (0.0, 2.5, 0.5, 0.0, 0.0, 0.0, 0.5, 1.5, 4.0, 2.0)
SHIFT_MARGINS: Final = (0.0, 2.0, 1.0, 0.0, 0.0, 0.0, 1.0, 4.0, 8.0)
"""Nats that evidence for each of these faults must have beyond its threshold.

Far out, healthy counts have heavier tails than any likelihood says, and it is the large faults that look
there: without a margin they alone would make the threshold of all. To a fault that gives ten nats and more in
one lumisection it is little; where it gives less the margin is smaller (`sums.Bank`). Nothing healthy looks
dead, and what is dead may count little: no margin.
"""


def column(values: tuple[float, ...] | np.ndarray) -> Floats:
    """As a float32 column, one row an alternative."""
    return np.asarray(values, np.float32)[:, np.newaxis]
