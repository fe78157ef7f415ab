"""The shape of a map rebuilt from a few that it is known to take, by the cells that agree with each other."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array
from caloscope.records import Mask

Rebuild: TypeAlias = Callable[[Array, Mask, Array], Array]
"""From ratios, the cells that take part, and the strength of each to the rebuilt ratios, all `(cell,)` of the
living cells. Ratios are activities over usual ones; see `rows.Cells`."""

OUTLIER = 4.0
"""Standard deviations beyond which a cell takes no part in rebuilding the map."""

REFITS = 2
LEAST_AGREEING = 0.5
"""With a smaller share of the cells left, the typical shape is all that is known."""

LOWEST_RATIO = 0.05

FOLDS = 4
"""One run, or one part of the lumisections, in so many is held out."""


def robust_shape(ratio: Array, strength: Array, rebuild: Rebuild) -> Array:
    """Activity over the usual one as the map's shape explains it, one on average, `(cell,)`.

    `ratio` is what was seen and `strength` one over its standard deviation. The first projection sees
    outliers cut down, the others do not see them at all: a dead cell has no say in what it should count.
    """
    reach = OUTLIER / np.maximum(strength, 1e-9)
    found = rebuild(np.clip(ratio, 1.0 - reach, 1.0 + reach), np.ones(ratio.shape, np.bool_), strength)
    for _ in range(REFITS):
        agree = np.abs(ratio - found) <= reach
        if agree.mean() < LEAST_AGREEING:
            return np.ones_like(ratio)
        found = rebuild(ratio, agree, strength)
    known = strength**2
    if not known.any():
        return np.ones_like(ratio)
    # How large the map is as a whole is for events and pileup to say, not for its shape.
    found = found / max(float((known * found).sum() / known.sum()), LOWEST_RATIO)
    return np.maximum(np.where(known > 0, found, 1.0), LOWEST_RATIO)


def held_out(run: NDArray[np.int64]) -> Mask:
    """Rows that are kept for judging: every fourth run, or the last quarter where there are few runs."""
    runs = np.unique(run)
    if len(runs) >= FOLDS:
        return np.isin(run, runs[FOLDS - 1 :: FOLDS])
    return np.arange(len(run)) >= len(run) - len(run) // FOLDS


def chosen(left: Mapping[int, tuple[float, float]], cells: int) -> int:
    """The number of components under which held-out lumisections are most likely, each cell given the others.

    `left` holds, for each number, the mean squared residual and how many cells' worth of freedom the
    components took. A cell that helps to rebuild itself is nearer to its own mean than it should be, by its
    leverage; a normal of the width that is found without that help has the largest likelihood where the width
    is least. Of equals the smallest number wins.
    """

    def width(number: int) -> float:
        square, freedom = left[number]
        return square / max(1.0 - freedom / cells, 1e-3) ** 2

    return min(sorted(left), key=width)
