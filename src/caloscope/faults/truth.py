"""What is truly wrong with a map: how far each cell is from healthy, and which fault made it so."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.faults.active import Active
from caloscope.faults.change import Array
from caloscope.geometry import View
from caloscope.records import MapTruth, Mask

TOLERANCE: Final = 1e-6
"""A cell whose factor is closer to one than this is sound."""

_RESHAPED: Final = frozenset({"garbage", "scrambled", "stuck"})


def truth_of(
    mean: Array, expected: Array, alone: Iterable[Array], faults: Sequence[Active], view: View
) -> MapTruth:
    """The truth of one map; `alone` is what is expected with each fault by itself. Shapes are the view's."""
    factor = ratio(expected, mean)
    changed = np.abs(factor - 1.0) > TOLERANCE
    own, halo = _largest(mean, alone, faults, changed)
    beside = changed & (own == 0) & view.exists
    if (beside & (halo == 0)).any():
        halo = np.where(beside & (halo == 0), _nearest(faults, view), halo)
    number = np.where(own != 0, own, -np.where(beside, halo, 0))
    return MapTruth(factor.astype(np.float32), number.astype(np.int16))


def ratio(expected: Array, mean: Array) -> Array:
    """Counts expected with faults over those without; 1 where both are 0, infinity where the second is."""
    never = mean <= 0.0
    found = np.divide(expected, mean, out=np.ones_like(mean), where=~never)
    found[never & (expected > 0.0)] = np.inf
    return found


def _largest(
    mean: Array, alone: Iterable[Array], faults: Sequence[Active], changed: Mask
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Number of the fault that changes each cell most, 0 for none: of its own, and of the others."""
    numbers, largest = np.zeros((2, *mean.shape), np.int16), np.zeros((2, *mean.shape))
    for active, after in zip(faults, alone, strict=True):
        with np.errstate(divide="ignore"):
            size = np.abs(np.log(ratio(after, mean)))
        # Garbage is garbage even where its mean is by chance the signal's.
        touched = changed & ((size > TOLERANCE) | (active.fault.kind in _RESHAPED))
        for number, most, here in zip(numbers, largest, (active.cells, ~active.cells), strict=True):
            better = touched & here & ((size > most) | (number == 0))
            number[better], most[better] = active.number, size[better]
    return numbers[0], numbers[1]


def _nearest(faults: Sequence[Active], view: View) -> NDArray[np.int16]:
    """Number of the fault that has a cell nearest to each cell, round the seam of circular axes."""
    number = np.zeros(view.shape, np.int16)
    nearest = np.full(view.shape, np.inf)
    places = np.indices(view.shape)
    for active in faults:
        for cell in np.argwhere(active.cells):
            apart = np.zeros(view.shape)
            for axis, (n, circular) in enumerate(zip(view.shape, view.circular, strict=True)):
                along = np.abs(places[axis] - cell[axis])
                apart += np.minimum(along, n - along) ** 2 if circular else along**2
            closer = apart < nearest
            number[closer], nearest[closer] = active.number, apart[closer]
    return number
