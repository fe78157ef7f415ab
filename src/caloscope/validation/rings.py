"""Rings of cells that see alike, and parts of a view that rise and fall together."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array
from caloscope.geometry import View
from caloscope.records import Mask


class Rings(NamedTuple):
    """`labels`, in the view's shape: the place of a cell's ring in `positions`, -1 where there is no cell."""

    labels: NDArray[np.int64]
    positions: tuple[float, ...]
    title: str

    def mean(self, values: Array, weights: Array) -> Array:
        """Weighted mean in each ring, `(rings,)`; NaN where nothing has weight."""
        inside = self.labels >= 0
        labels, n = self.labels[inside], len(self.positions)
        total = np.bincount(labels, (values * weights)[inside], n)
        weight = np.bincount(labels, weights[inside], n)
        return np.asarray(np.divide(total, weight, out=np.full(n, np.nan), where=weight > 0))

    def spread_out(self, of_rings: Array) -> Array:
        """The value of its ring in each cell; NaN where there is no cell."""
        return np.where(self.labels >= 0, of_rings[np.maximum(self.labels, 0)], np.nan)


def rings(view: View) -> Rings:
    """Rings of |eta| in a barrel and in HCAL, of distance from the beam in an endcap, else rows."""
    rows, columns = np.indices(view.shape[-2:])
    if view.name == "EB":
        half = view.y.bins // 2
        number, title = np.where(rows < half, half - 1 - rows, rows - half) + 1, "|ieta| of the tower"
    elif view.name in ("EE-", "EE+"):
        middle = (view.y.bins - 1) / 2
        number, title = (
            np.hypot(rows - middle, columns - middle).astype(int),
            "distance from the beam [supercrystals]",
        )
    elif view.x.name == "ieta":
        number, title = np.abs(np.array(view.x.values))[columns], "|ieta|"
    else:
        number, title = rows, view.y.name
    there = np.unique(np.broadcast_to(number, view.shape)[view.exists])
    labels = np.where(view.exists, np.searchsorted(there, np.clip(number, there[0], there[-1])), -1)
    return Rings(labels.astype(np.int64), tuple(float(each) for each in there), title)


def parts(view: View) -> Mapping[str, Mask]:
    """The subdetectors of a view by name; one part of the view's own name where it has none."""
    found = {region.name: region.members for region in view.regions if region.kind == "subdetector"}
    return found or {view.name: view.exists}
