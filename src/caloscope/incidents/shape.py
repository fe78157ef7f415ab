"""Which flagged cells hang together, and what hardware they are."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from caloscope.geometry import View
from caloscope.records import Cell, Mask, Severity

REGION_FRACTION = 0.7
"""Share of a region's testable cells that must be flagged for the region to be named."""

SMALLEST_REGION = 4
"""A region with fewer testable cells is not named for them."""

Indices = NDArray[np.intp]

Regions: TypeAlias = "csr_array[Any, tuple[int, int]]"
"""A row for each region, with ones at its cells."""


def members(cells: Sequence[Cell], shape: tuple[int, ...]) -> Mask:
    """The cells as a mask on the view's shape."""
    mask = np.zeros(shape, np.bool_)
    if cells:
        mask[tuple(np.array(cells).T)] = True
    return mask


def places(mask: Mask) -> Indices:
    """Indices `(n, axes)` of the cells of a mask, in C order."""
    return np.stack(np.unravel_index(np.flatnonzero(mask), mask.shape), axis=1)


def region_sizes(testable: Mask, view: View) -> NDArray[np.int64]:
    """How many testable cells the whole map and each region have, from large regions to small."""
    _, regions = _regions(view)
    return _held(regions, testable)


def filled_regions(flagged: Mask, sizes: NDArray[np.int64], view: View) -> Iterator[Mask]:
    """The flags in each region that they fill, from the whole map down; no cell is given twice."""
    if not flagged.any():
        return
    _, regions = _regions(view)
    left = flagged.ravel().copy()
    # A region that its flags do not fill now does not fill later, when others took some of them.
    filled = (sizes >= SMALLEST_REGION) & (_held(regions, flagged) >= REGION_FRACTION * sizes)
    for number in np.flatnonzero(filled):
        cells = _cells_of(regions, int(number))
        inside = cells[left[cells]]
        if inside.size >= REGION_FRACTION * sizes[number]:
            left[inside] = False
            yield _mask(inside, view)


def clusters(flagged: Mask, view: View) -> Iterator[Mask]:
    """The flags that touch each other, group by group in C order; circular axes close."""
    flat = np.flatnonzero(flagged)
    if not flat.size:
        return
    cells = places(flagged)
    place = np.full(view.shape, -1, np.intp)
    place[flagged] = np.arange(len(cells))
    near = neighbours(cells, view)
    owner = np.repeat(np.arange(len(cells)), near.shape[1])
    other = place[tuple(near.reshape(-1, near.shape[2]).T)]
    owner, other = owner[other >= 0], other[other >= 0]
    graph = coo_array((np.ones(len(owner)), (owner, other)), shape=(len(cells), len(cells)))
    _, labels = connected_components(graph, directed=False)
    for label in dict.fromkeys(labels.tolist()):
        yield _mask(flat[labels == label], view)


def neighbours(cells: Indices, view: View) -> Indices:
    """The cells `(n, axes)` with all that share a side or a corner with them, `(n, 3^axes, axes)`.

    At an end that is not circular a cell is its own neighbour. Where every other bin in y is no cell (HCAL
    at high eta) the next bin but one is the neighbour, so a step in y is taken twice if it meets no cell.
    """
    steps = np.array(list(product((-1, 0, 1), repeat=len(view.shape))))
    near = _step(cells[:, np.newaxis, :], steps, view)
    gaps = ~view.exists[tuple(np.moveaxis(near, -1, 0))]
    up = np.zeros_like(steps)
    up[:, -2] = steps[:, -2]
    near[gaps] = _step(near, up, view)[gaps]
    return near


def _step(cells: Indices, steps: Indices, view: View) -> Indices:
    moved = cells + steps
    for axis, (size, circular) in enumerate(zip(view.shape, view.circular, strict=True)):
        moved[..., axis] = moved[..., axis] % size if circular else np.clip(moved[..., axis], 0, size - 1)
    return moved


def hardware_of(cells: Mask, sizes: NDArray[np.int64], view: View) -> tuple[str, Severity]:
    """Name of the largest region that the cells fill, else of the cell, else a count and where it is.

    `sizes` are those of `region_sizes`.
    """
    flat = np.flatnonzero(cells)
    names, regions = _regions(view)
    held = _held(regions, cells)
    filled = (sizes >= SMALLEST_REGION) & (held >= REGION_FRACTION * np.maximum(sizes, flat.size))
    if filled.any():
        number = int(np.argmax(filled))
        return names[number], Severity.MAP if number == 0 else Severity.REGION
    first: Cell = tuple(int(i) for i in places(cells)[0])
    if flat.size == 1:
        return view.describe(first), Severity.CELL
    holding = np.flatnonzero(held == flat.size)
    inside = names[int(holding[-1])] if holding.size and holding[-1] > 0 else view.name
    return f"{flat.size} cells in {inside}, from {view.describe(first)}", Severity.CLUSTER


@lru_cache(maxsize=32)
def _regions(view: View) -> tuple[list[str], Regions]:
    """Names and members of the whole map and of the regions from large to small, `(region, cell)`, 0 or 1."""
    large_first = list(reversed(view.regions))
    names = [f"{view.name} (whole map)", *(region.name for region in large_first)]
    masks = [view.exists, *(region.members for region in large_first)]
    table = csr_array(np.stack([mask.ravel() for mask in masks]), dtype=np.int32)
    return names, cast("Regions", table)


def _held(regions: Regions, cells: Mask) -> NDArray[np.int64]:
    """How many of the cells each region has."""
    return np.asarray(regions @ cells.ravel().astype(np.int32)).astype(np.int64)


def _cells_of(regions: Regions, number: int) -> Indices:
    """The cells of a region, ascending."""
    first, last = regions.indptr[number : number + 2]
    return np.asarray(regions.indices[first:last], np.intp)


def _mask(flat: Indices, view: View) -> Mask:
    mask = np.zeros(view.shape, np.bool_)
    mask.ravel()[flat] = True
    return mask
