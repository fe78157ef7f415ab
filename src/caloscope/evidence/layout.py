"""The places that are tested on a view: its cells, regions of hardware, patches of cells, the whole map."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from caloscope.geometry import View
from caloscope.records import Mask

SIDE: Final = 4
"""Cells along a side of a patch."""

FILLED: Final = 0.75
"""Share of a patch's cells that must exist."""

SMALLEST: Final = 4
LARGEST: Final = 0.6
"""A region of fewer cells is tested as cells, one with more than this share of the map as the map."""

Indices = NDArray[np.int64]
Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Layout:
    """The n cells of a view that exist, flat in C order, and the parts of it: regions first, then patches.

    `place` holds the cells' places in a flat array of the view's shape. `parts` is a sparse matrix of ones,
    `(part, cell)`; `regions` of its rows are hardware. `sizes` are their cells.
    """

    view: View
    place: Indices
    parts: sparse.csr_array
    regions: int
    sizes: NDArray[np.float32]

    @property
    def cells(self) -> int:
        """Number of cells."""
        return int(self.parts.shape[1])

    def members(self, part: int) -> NDArray[np.int32]:
        """Flat numbers of the cells of a part."""
        first, last = self.parts.indptr[part], self.parts.indptr[part + 1]
        return np.asarray(self.parts.indices[first:last])

    def covered(self, parts: Mask) -> Mask:
        """Cells that are in one of these parts."""
        inside = np.zeros(self.cells, np.bool_)
        for part in np.flatnonzero(parts).tolist():
            inside[self.members(part)] = True
        return inside

    def total(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sum over each part's cells."""
        return np.asarray(self.parts @ values, dtype=np.float32)

    def of_cells(self, values: NDArray[Kind]) -> NDArray[Kind]:
        """The cells' values, flat, of an array in the view's shape."""
        return values.reshape(-1)[self.place]

    def on_view(self, values: NDArray[Kind]) -> NDArray[Kind]:
        """Flat values in the view's shape, zero where no cell is."""
        found = np.zeros(self.view.shape, values.dtype)
        found.reshape(-1)[self.place] = values
        return found


@lru_cache(maxsize=32)
def layout_of(view: View) -> Layout:
    """The places of a view; made once."""
    number = np.full(view.shape, -1, np.int64)
    cells = int(view.exists.sum())
    number[view.exists] = np.arange(cells)
    regions = [number[region.members] for region in reversed(view.regions)]
    regions = [members for members in regions if SMALLEST <= len(members) <= LARGEST * cells]
    parts = [*regions, *_patches(number, view)]
    counts = [len(members) for members in parts]
    rows = np.repeat(np.arange(len(parts)), counts)
    columns = np.concatenate(parts) if parts else np.empty(0, np.int64)
    ones = np.ones(len(rows), np.float32)
    matrix: Any = sparse.coo_array((ones, (rows, columns)), shape=(len(parts), cells)).tocsr()
    matrix.sort_indices()
    return Layout(view, np.flatnonzero(view.exists), matrix, len(regions), np.array(counts, np.float32))


def _patches(number: Indices, view: View) -> Iterator[Indices]:
    """Boxes of cells in one depth, at every place of a plane, at every second one where there are depths."""
    rows, columns = view.shape[-2:]
    step = 2 if view.depths else 1
    if min(rows, columns) < 2 * SIDE:
        return
    down = range(0, rows if view.y.circular else rows - SIDE + 1, step)
    right = range(0, columns if view.x.circular else columns - SIDE + 1, step)
    side = np.arange(SIDE)
    for plane in number.reshape(-1, rows, columns):
        for top, left in product(down, right):
            box = plane[np.ix_((top + side) % rows, (left + side) % columns)]
            inside = box[box >= 0]
            if len(inside) >= FILLED * SIDE**2:
                yield np.sort(inside)
