"""Which flagged cells hang together, and what hardware they are.

Cells are given by their places: indices into the flattened view, in C order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from caloscope.geometry import View
from caloscope.records import Cell, Mask, Severity

REGION_FRACTION = 0.7
"""Share of a region's testable cells that must be flagged for the region to be named."""

SMALLEST_REGION = 4
"""A region with fewer testable cells is not named for them."""

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """A region that is filled: its name and the places of the flags in it, ascending."""

    name: str
    places: Indices


@dataclass(frozen=True, slots=True, eq=False)
class _Regions:
    """The whole map and the regions from large to small, as places and by cell.

    `of_cell` `(cells, most)` holds the numbers of the regions that a cell is part of, filled up with the
    number of regions.
    """

    names: tuple[str, ...]
    places: tuple[Indices, ...]
    of_cell: Indices


def members(cells: Sequence[Cell], shape: tuple[int, ...]) -> Mask:
    """The cells as a mask on the view's shape."""
    mask = np.zeros(shape, np.bool_)
    if cells:
        mask[tuple(np.array(cells).T)] = True
    return mask


def places_of(cells: Sequence[Cell], shape: tuple[int, ...]) -> Indices:
    """The places of cells."""
    if not cells:
        return np.zeros(0, np.intp)
    return np.asarray(np.ravel_multi_index(tuple(np.array(cells).T), shape), np.intp)


def cells_of(places: Indices, shape: tuple[int, ...]) -> tuple[Cell, ...]:
    """The cells at places, in their order."""
    return tuple(zip(*(axis.tolist() for axis in np.unravel_index(places, shape)), strict=True))


def region_sizes(testable: Mask, view: View) -> NDArray[np.int64]:
    """How many testable cells the whole map and each region have, from large regions to small."""
    return _held(_regions(view), np.flatnonzero(testable))


def filled_regions(
    flagged: Indices, sizes: NDArray[np.int64], view: View, fraction: float = REGION_FRACTION
) -> Iterator[Filled]:
    """The flags in each region that they fill to this fraction, from the whole map down.

    No cell is given twice.
    """
    if flagged.size < fraction * SMALLEST_REGION:
        return
    regions = _regions(view)
    # A region that its flags do not fill now does not fill later, when others took some of them.
    filled = (sizes >= SMALLEST_REGION) & (_held(regions, flagged) >= fraction * sizes)
    left = np.zeros(view.exists.size, np.bool_)
    left[flagged] = True
    for number in np.flatnonzero(filled):
        places = regions.places[number]
        inside = places[left[places]]
        if inside.size >= fraction * sizes[number]:
            left[inside] = False
            yield Filled(regions.names[number], inside)


def gathered(places: Indices, owner: Indices, view: View) -> NDArray[np.int32]:
    """For each owner the group that it is in: owners with places that touch or nearly touch hang together.

    `owner` `(n,)` numbers whose the places are, from zero. Two cells with one other between them nearly
    touch: they have a neighbour in common. Circular axes close. Groups count from zero in the order of
    their first owner.
    """
    near = near_places(places, view)
    _, shared = np.unique(near.ravel(), return_inverse=True)
    count = int(owner.max()) + 1
    every = count + int(shared.max()) + 1
    ends = (np.repeat(owner, near.shape[1]), count + shared)
    graph = coo_array((np.ones(near.size, np.int8), ends), shape=(every, every))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels[:count], np.int32)


def near_places(places: Indices, view: View) -> Indices:
    """The cells `(n,)` with all that share a side or a corner with them, `(n, 3^axes)`.

    At an end that is not circular a cell is its own neighbour. Where every other bin in y is no cell (HCAL
    at high eta) the next bin but one is the neighbour, so a step in y is taken twice if it meets no cell.
    """
    cells = np.stack(np.unravel_index(places, view.shape), axis=1)
    steps = np.array(list(product((-1, 0, 1), repeat=len(view.shape))))
    near = _step(cells[:, np.newaxis, :], steps, view)
    gaps = ~view.exists[tuple(np.moveaxis(near, -1, 0))]
    up = np.zeros_like(steps)
    up[:, -2] = steps[:, -2]
    near[gaps] = _step(near, up, view)[gaps]
    return np.asarray(np.ravel_multi_index(tuple(np.moveaxis(near, -1, 0)), view.shape), np.intp)


def _step(cells: Indices, steps: Indices, view: View) -> Indices:
    moved = cells + steps
    for axis, (size, circular) in enumerate(zip(view.shape, view.circular, strict=True)):
        moved[..., axis] = moved[..., axis] % size if circular else np.clip(moved[..., axis], 0, size - 1)
    return moved


def hardware_of(
    places: Indices, sizes: NDArray[np.int64], view: View, known: str = ""
) -> tuple[str, Severity]:
    """Name of the largest region that the cells fill, else of the cell, else a count and where it is.

    `sizes` are those of `region_sizes`. The region named `known` is known to be filled, by these cells and
    those of others: its name is given if most of these cells are in it.
    """
    first: Cell = tuple(int(i) for i in np.unravel_index(places[0], view.shape))
    if places.size == 1 and not known:
        return view.describe(first), Severity.CELL
    regions = _regions(view)
    held = _held(regions, places)
    filled = (sizes >= SMALLEST_REGION) & (held >= REGION_FRACTION * np.maximum(sizes, places.size))
    if known and known in regions.names:
        number = regions.names.index(known)
        filled[number] |= held[number] >= REGION_FRACTION * places.size
    if filled.any():
        number = int(np.argmax(filled))
        return regions.names[number], Severity.MAP if number == 0 else Severity.REGION
    if places.size == 1:
        return view.describe(first), Severity.CELL
    holding = np.flatnonzero(held == places.size)
    inside = regions.names[int(holding[-1])] if holding.size and holding[-1] > 0 else view.name
    # A cell's own name mostly begins with what it is in, and nobody wants that twice.
    start = view.describe(first).removeprefix(f"{inside} ")
    start = start[1:-1] if start.startswith("(") else start
    return f"{places.size} cells in {inside}, from {start}", Severity.CLUSTER


@lru_cache(maxsize=32)
def _regions(view: View) -> _Regions:
    """The whole map and the regions of a view."""
    large_first = list(reversed(view.regions))
    names = [f"{view.name} (whole map)", *(region.name for region in large_first)]
    places = [np.flatnonzero(mask) for mask in (view.exists, *(region.members for region in large_first))]
    numbers = np.repeat(np.arange(len(places)), [len(each) for each in places])
    cells = np.concatenate(places)
    order = np.argsort(cells, kind="stable")
    cells, numbers = cells[order], numbers[order]
    rank = np.arange(len(cells)) - np.searchsorted(cells, cells)
    of_cell = np.full((view.exists.size, int(rank.max()) + 1), len(places), np.intp)
    of_cell[cells, rank] = numbers
    return _Regions(tuple(names), tuple(places), of_cell)


def _held(regions: _Regions, places: Indices) -> NDArray[np.int64]:
    """How many of the cells each region has."""
    count = len(regions.names)
    return np.bincount(regions.of_cell[places].ravel(), minlength=count + 1)[:count].astype(np.int64)
