"""Which flagged cells hang together, and what hardware they are."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from caloscope.geometry import View
from caloscope.records import Cell, Mask, Severity

REGION_FRACTION = 0.7
"""Share of a region's testable cells that must be flagged for the region to be named."""

SMALLEST_REGION = 4
"""A region with fewer testable cells is not named for them."""


def members(cells: Sequence[Cell], shape: tuple[int, ...]) -> Mask:
    """The cells as a mask on the view's shape."""
    mask = np.zeros(shape, np.bool_)
    if cells:
        mask[tuple(np.array(cells).T)] = True
    return mask


def split(left: Mask, flagged: Mask, testable: Mask, view: View) -> Iterator[Mask]:
    """Groups of the flags in `left`: whole regions first (judged on all of `flagged`), then by contact."""
    left = left.copy()
    for _, region in _regions(testable, view):
        share = region & testable
        if left.any() and (flagged & share).sum() >= REGION_FRACTION * share.sum() and (left & region).any():
            yield left & region
            left &= ~region
    labels, count = _components(left, view)
    for number in range(1, count + 1):
        yield labels == number


def touches(first: Mask, second: Mask, view: View) -> bool:
    """Whether two sets of cells share a cell, a side or a corner; circular axes close."""
    return bool((_grown(first, view) & second).any())


def hardware_of(cells: Mask, testable: Mask, view: View) -> tuple[str, Severity]:
    """Name of the largest region that the cells fill, else of the cell, else a count and where it is."""
    for name, region in _regions(testable, view):
        share = region & testable
        fills = (cells & share).sum() >= REGION_FRACTION * share.sum()
        if fills and (cells & region).sum() >= REGION_FRACTION * cells.sum():
            return name, Severity.MAP if region.sum() == view.exists.sum() else Severity.REGION
    first = tuple(int(i) for i in np.argwhere(cells)[0])
    if cells.sum() == 1:
        return view.describe(first), Severity.CELL
    inside = next((r.name for r in view.regions if not (cells & ~r.members).any()), view.name)
    return f"{int(cells.sum())} cells in {inside}, from {view.describe(first)}", Severity.CLUSTER


def _regions(testable: Mask, view: View) -> Iterator[tuple[str, Mask]]:
    """The whole map, then the regions from large to small, as far as they can be tested."""
    yield f"{view.name} (whole map)", view.exists
    for region in reversed(view.regions):
        if (region.members & testable).sum() >= SMALLEST_REGION:
            yield region.name, region.members


def _grown(mask: Mask, view: View) -> Mask:
    """The cells and their neighbours, corners included."""
    padded = np.pad(mask, 1)
    for axis, circular in enumerate(view.circular):
        if circular:
            low, high = _edge(padded.ndim, axis, 0), _edge(padded.ndim, axis, -1)
            padded[low] = padded[_edge(padded.ndim, axis, -2)]
            padded[high] = padded[_edge(padded.ndim, axis, 1)]
    grown = ndimage.binary_dilation(padded, np.ones((3,) * mask.ndim, np.bool_))
    return np.asarray(grown[(slice(1, -1),) * mask.ndim])


def _edge(ndim: int, axis: int, position: int) -> tuple[int | slice, ...]:
    return tuple(position if i == axis else slice(None) for i in range(ndim))


def _components(mask: Mask, view: View) -> tuple[NDArray[np.intp], int]:
    """Connected cells, numbered from 1 in C order; a component that crosses a circular seam is one."""
    labels, count = ndimage.label(mask, np.ones((3,) * mask.ndim, np.bool_))
    for number in range(1, count + 1):
        mine = labels == number
        if mine.any():
            for other in np.unique(labels[_grown(mine, view) & mask & ~mine]):
                labels[labels == other] = number
    kept = [n for n in range(1, count + 1) if (labels == n).any()]
    renumbered = np.zeros(mask.shape, np.intp)
    for position, number in enumerate(kept, start=1):
        renumbered[labels == number] = position
    return renumbered, len(kept)
