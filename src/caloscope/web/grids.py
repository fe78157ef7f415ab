"""Arrays of a result as nested lists for JSON: whole numbers, rounded numbers, null where no cell is."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry.view import View
from caloscope.records import Code, Mask

Numbers: TypeAlias = NDArray[np.generic]
Arrays: TypeAlias = Mapping[str, Numbers]

BADNESS = np.zeros(7, dtype=np.int8)
"""How much a code wants to be seen, by code + 1: bad above unknown above what is masked above good."""
for _rank, _code in enumerate(
    (
        Code.ABSENT,
        Code.GOOD,
        Code.MASKED_GOOD,
        Code.MASKED_UNKNOWN,
        Code.MASKED_BAD,
        Code.UNKNOWN,
        Code.BAD,
    )
):
    BADNESS[int(_code) + 1] = _rank


def integers(values: Numbers, exists: Mask) -> list[list[int | None]]:
    """`(y, x)` whole numbers as rows; null where no cell exists."""
    return [
        [value if cell else None for value, cell in zip(row, cells, strict=True)]
        for row, cells in zip(_listed(values), exists.tolist(), strict=True)
    ]


def rounded(values: Numbers, exists: Mask, digits: int = 4) -> list[list[float | None]]:
    """`(y, x)` numbers with so many significant digits; null where no cell exists or not finite."""
    numbers = np.asarray(values, dtype=np.float64)
    known = exists & np.isfinite(numbers)
    safe = np.where(known & (numbers != 0), numbers, 1.0)
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(safe))))
    short = np.where(known & (numbers != 0), np.round(safe * scale) / scale, 0.0)
    return [
        [value if cell else None for value, cell in zip(row, cells, strict=True)]
        for row, cells in zip(_listed(short), known.tolist(), strict=True)
    ]


def one_depth(arrays: Arrays, view: View, index: int | None) -> dict[str, Any]:
    """The grids of one plane: of depth `index`, or of a view without depths (None)."""
    pick: Any = ... if index is None else index
    return _grids({name: values[pick] for name, values in arrays.items()}, view.exists[pick])


def worst_of_depths(arrays: Arrays, view: View) -> dict[str, Any]:
    """All depths laid over each other: sums of counts, everything else of the worst cell.

    The worst is the one whose code wants most to be seen (`BADNESS`), among equals the one with most
    evidence; its physical depth is in `worst_depth`.
    """
    exists = _flat(view.exists, view, None)
    order = BADNESS[np.clip(np.asarray(arrays["codes"], dtype=np.int64), -1, 5) + 1].astype(np.float64)
    if "evidence" in arrays:
        evidence = np.nan_to_num(np.asarray(arrays["evidence"], dtype=np.float64), posinf=1e9, neginf=0.0)
        order += np.clip(evidence, 0.0, 1e9) / 1e10
    order[~view.exists] = -1.0
    worst = order.argmax(axis=0)
    planes: dict[str, Numbers] = {}
    for name, values in arrays.items():
        if name in ("counts", "expected"):
            planes[name] = np.where(view.exists, np.nan_to_num(_wide(values)), 0).sum(axis=0)
        else:
            planes[name] = np.take_along_axis(values, worst[None], axis=0)[0]
    grids = _grids(planes, exists)
    grids["worst_depth"] = integers(np.asarray(view.depths)[worst], exists)
    return grids


def region_grid(view: View, index: int | None) -> tuple[list[str], list[list[int | None]]]:
    """The regions to draw as lines on a plane, and for each cell which of them it is part of.

    Of the kinds that cover the plane and divide it into at least five, the one with the fewest regions.
    """
    exists = _flat(view.exists, view, index)
    chosen = _dividing(view, index, exists)
    grid = np.full(exists.shape, -1, dtype=np.int64)
    for number, (_, members) in enumerate(chosen):
        grid[members] = number
    return [name for name, _ in chosen], integers(grid, exists & (grid >= 0))


def _dividing(view: View, index: int | None, exists: Mask) -> Sequence[tuple[str, Mask]]:
    """Names and planes of the regions that `region_grid` draws."""
    kinds: dict[str, list[tuple[str, Mask]]] = {}
    for region in view.regions:
        members = _flat(region.members, view, index)
        if members.any():
            kinds.setdefault(region.kind, []).append((region.name, members))
    dividing = [
        regions
        for regions in kinds.values()
        if len(regions) >= 5 and np.any([members for _, members in regions], axis=0)[exists].mean() > 0.95
    ]
    return min(dividing, key=len) if dividing else []


def _flat(mask: Mask, view: View, index: int | None) -> Mask:
    """One plane of a mask: of a depth, of all depths together, or of a view without depths."""
    if not view.depths:
        return mask
    return np.asarray(mask.any(axis=0) if index is None else mask[index])


def _wide(values: Numbers) -> Numbers:
    """Numbers that a sum over depths cannot overflow."""
    return values.astype(np.int64 if values.dtype.kind in "iu" else np.float64)


def _listed(values: Numbers) -> list[list[Any]]:
    listed: list[list[Any]] = values.tolist()
    return listed


def _grids(planes: Arrays, exists: Mask) -> dict[str, Any]:
    """The grids that a page needs, those that are there."""
    grids: dict[str, Any] = {}
    for name in ("codes", "counts", "direction"):
        if name in planes:
            grids[name] = integers(planes[name], exists)
    for name in ("expected", "evidence", "reconstruction"):
        if name in planes:
            grids[name] = rounded(planes[name], exists)
    return grids
