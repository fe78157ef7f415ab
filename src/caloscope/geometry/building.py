"""What every calorimeter is built with: read-only masks, regions from labels, checked cells."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from caloscope.errors import UsageError
from caloscope.geometry.view import Region
from caloscope.records import Cell, Mask


def frozen(mask: Mask) -> Mask:
    """The same mask, read-only: views are shared, so nobody may write into them."""
    mask.setflags(write=False)
    return mask


def regions_by_label(kind: str, labels: NDArray[np.integer], names: Mapping[int, str]) -> list[Region]:
    """One region for each label that is named, in the order of `names`; a label no cell has gives none.

    `labels` has the view's shape; what is not in `names` belongs to no region.
    """
    regions = []
    for label, name in names.items():
        members = labels == label
        if members.any():
            regions.append(Region(name, kind, frozen(members)))
    return regions


def small_to_large(regions: Iterable[Region]) -> tuple[Region, ...]:
    """The regions kind by kind, the kind whose largest is smallest first, otherwise in the order given."""
    listed = [(region, int(region.members.sum())) for region in regions]
    largest: dict[str, int] = {}
    for region, cells in listed:
        largest[region.kind] = max(largest.get(region.kind, 0), cells)
    listed.sort(key=lambda entry: largest[entry[0].kind])
    return tuple(region for region, _ in listed)


def inside(cell: Cell, shape: tuple[int, ...], view: str) -> Cell:
    """The cell as plain integers, if it lies in the view; raises UsageError otherwise.

    Negative indices are refused too: numpy would take them from the other end.
    """
    if len(cell) != len(shape) or any(not 0 <= i < n for i, n in zip(cell, shape, strict=True)):
        limits = " x ".join(str(n) for n in shape)
        raise UsageError(
            f"{view} has no cell {tuple(map(int, cell))}: expected zero-based indices in {limits}"
        )
    return tuple(int(index) for index in cell)


def span(low: int, high: int) -> str:
    """A range of coordinates in words, both ends included: `11..15`."""
    return f"{low}..{high}"
