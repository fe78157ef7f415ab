"""Random fields on a view: smooth over a few cells, common to shared hardware, or of single cells."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array
from caloscope.geometry import Axis, Region, View

_REACH: Final = 2.5
"""Cells; the correlation falls to 1/e over twice as many, five: about a supermodule of EB."""

_LARGE: Final = 0.15
"""Regions with a larger part of the cells (halves, quadrants) are no hardware that changes by itself."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Which parts of a field's variance are smooth, per region and per cell; together 1."""

    smooth: float
    regions: float
    cells: float


class Fields:
    """Draws random fields on the cells of a view that exist, in C order: mean 0, variance 1 in each.

    Depths of a view share what is smooth. There is no seam where an axis is circular.
    """

    def __init__(self, view: View) -> None:
        self._smooth_y, self._smooth_x = _smoothing(view.y), _smoothing(view.x)
        *_, self._row, self._column = np.nonzero(view.exists)
        regions = _hardware(view)
        self._regions = len(regions)
        order = np.full(view.shape, -1)
        order[view.exists] = np.arange(len(self._row))
        members = [order[region.members] for region in regions]
        self._members = np.concatenate([*members, np.empty(0, np.int64)]).astype(np.int64)
        self._owner = np.repeat(np.arange(self._regions), [len(one) for one in members])
        self._owners = np.bincount(self._members, minlength=len(self._row))

    def draw(self, rng: np.random.Generator, shares: Shares) -> Array:
        """One field, shape (cells that exist,)."""
        in_regions = np.where(self._owners > 0, shares.regions, 0.0)
        field = np.sqrt(1.0 - shares.cells - in_regions) * self._smooth(rng)
        if shares.regions > 0.0:
            field += np.sqrt(in_regions) * self._by_region(rng)
        if shares.cells > 0.0:
            field += math.sqrt(shares.cells) * rng.standard_normal(len(field))
        return field

    def _smooth(self, rng: np.random.Generator) -> Array:
        white = rng.standard_normal((len(self._smooth_y), len(self._smooth_x)))
        plane = self._smooth_y @ white @ self._smooth_x.T
        return np.asarray(plane[self._row, self._column])

    def _by_region(self, rng: np.random.Generator) -> Array:
        """The sum of what each region of a cell has, brought to variance 1."""
        value = rng.standard_normal(self._regions)
        total = np.bincount(self._members, value[self._owner], len(self._row))
        return np.asarray(total / np.sqrt(np.maximum(self._owners, 1)))


def _smoothing(axis: Axis) -> NDArray[np.float64]:
    """Makes white noise along an axis smooth, with variance 1 at its ends too; (bins, bins)."""
    place = np.arange(axis.bins)
    distance = np.abs(place[:, None] - place)
    if axis.circular:
        distance = np.minimum(distance, axis.bins - distance)
    kernel = np.exp(-0.5 * (distance / _REACH) ** 2)
    return np.asarray(kernel / np.sqrt(np.square(kernel).sum(axis=1, keepdims=True)))


def _hardware(view: View) -> list[Region]:
    """The regions that change by themselves: small ones, or all where there are no small ones."""
    cells = np.count_nonzero(view.exists)
    small = [region for region in view.regions if np.count_nonzero(region.members) <= _LARGE * cells]
    return small or list(view.regions)
