"""Cells chosen at random: single ones, boxes, strips, or regions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.errors import UsageError
from caloscope.faults.fault import Where, instead
from caloscope.geometry import View
from caloscope.records import Mask

_BOX: Final = re.compile(r"^(\d{1,4})x(\d{1,4})$")
_STRIP: Final = 5
_WIDEST_GAP: Final = 3
"""Towers of 20 degrees leave three bins of iphi free between two cells of their ring."""
_TRIES: Final = 1000


@dataclass(frozen=True, slots=True)
class Choice:
    """What to choose.

    `shape` is `cell`, `RxC` (rows by columns, as in `5x5`), `box` (both sides at random from `low` to
    `high`), `strip` (five cells along one of the axes) or a kind of region (`supermodule`, `rbx`, ...).
    `within` is the name of a region, empty for the whole view; `depth` a physical depth, None for any.
    """

    shape: str
    within: str = ""
    depth: int | None = None
    low: int = 1
    high: int = 16


def chosen(choice: Choice, view: View, rng: np.random.Generator) -> Mask:
    """The cells, in the view's shape, at least one.

    They lie on cells that exist inside `within`, at one depth but for regions. A box wraps around circular
    axes; it may span bins between the cells of a wide ring, which stay out of it, but not the detector's
    edge. Raises `UsageError` naming what is not there, or what does not fit.
    """
    allowed = _allowed(choice, view)
    if choice.shape == "cell":
        cell = rng.choice(np.argwhere(allowed))
        return _only(tuple(cell), view)
    if choice.shape in ("box", "strip") or _BOX.match(choice.shape):
        return _box(choice, view, allowed, rng)
    outside = ~inside(choice.within, view)
    kind = [region.members for region in view.regions if region.kind == choice.shape]
    fitting = [members & allowed for members in kind if not (members & outside).any()]
    fitting = [members for members in fitting if members.any()]
    if not fitting:
        kinds = ", ".join(dict.fromkeys(region.kind for region in view.regions))
        where = f" within {choice.within!r}" if choice.within else ""
        raise UsageError(
            f"shape is {choice.shape!r}: expected cell, RxC, box, strip, or a kind of region that "
            f"{view.name} has{where} ({kinds})"
        )
    return fitting[int(rng.integers(len(fitting)))]


def inside(within: str, view: View, others: Iterable[View] = ()) -> Mask:
    """The cells of the region to stay in.

    Raises `UsageError` when the view has none of this name, telling which of the `others` has it.
    """
    if within in ("", "all", view.name):
        return view.exists
    for region in view.regions:
        if region.name == within:
            return region.members
    raise UsageError(f"within is {within!r}: no region of {view.name}, {instead(within, view, others)}")


def _allowed(choice: Choice, view: View) -> Mask:
    """Cells that exist where the choice may fall."""
    allowed = inside(choice.within, view)
    if choice.depth is None:
        return allowed
    if choice.depth not in view.depths:
        depths = ", ".join(map(str, view.depths)) or "none"
        raise UsageError(f"depth is {choice.depth}: expected one of {view.name}'s ({depths})")
    here = np.zeros(view.shape, np.bool_)
    here[view.depths.index(choice.depth)] = True
    allowed = allowed & here
    if not allowed.any():
        raise UsageError(f"depth is {choice.depth}: expected one with cells within {choice.within!r}")
    return allowed


def _only(cell: Sequence[int], view: View) -> Mask:
    mask = np.zeros(view.shape, np.bool_)
    mask[tuple(cell)] = True
    return mask


def _box(choice: Choice, view: View, allowed: Mask, rng: np.random.Generator) -> Mask:
    """A box at one depth; sides that are random are drawn again as long as they fit nowhere."""
    flat = allowed.reshape(-1, *view.shape[-2:])
    levels = np.flatnonzero(flat.any(axis=(1, 2)))
    circular = (view.circular[-2], view.circular[-1])
    for _ in range(_TRIES):
        rows, columns = _sides(choice, rng)
        level = int(rng.choice(levels))
        corners = np.argwhere(_corners(flat[level], rows, columns, circular))
        if len(corners):
            y, x = rng.choice(corners)
            mask = np.zeros(flat.shape, np.bool_)
            across = np.ix_(_along(y, rows, view.y.bins), _along(x, columns, view.x.bins))
            mask[level][across] = flat[level][across]
            return mask.reshape(view.shape)
    raise UsageError(f"shape is {choice.shape!r}: expected one that fits into {choice.within or view.name}")


def _sides(choice: Choice, rng: np.random.Generator) -> tuple[int, int]:
    if choice.shape == "box":
        rows, columns = rng.integers(choice.low, choice.high, size=2, endpoint=True)
        return int(rows), int(columns)
    if choice.shape == "strip":
        return (_STRIP, 1) if rng.random() < 0.5 else (1, _STRIP)
    rows, columns = choice.shape.split("x")
    return int(rows), int(columns)


def _along(first: int, length: int, bins: int) -> list[int]:
    return [(int(first) + i) % bins for i in range(length)]


def _corners(cells: Mask, rows: int, columns: int, circular: tuple[bool, bool]) -> Mask:
    """First corners of the boxes of this size that lie on the detector and hold a cell."""
    if min(rows, columns) < 1 or rows > cells.shape[0] or columns > cells.shape[1]:
        return np.zeros_like(cells)
    solid, some = _solid(cells, circular), cells
    for axis, length in ((0, rows), (1, columns)):
        shifted = [np.roll(solid, -i, axis) for i in range(length)]
        solid = np.logical_and.reduce(shifted)
        some = np.logical_or.reduce([np.roll(some, -i, axis) for i in range(length)])
        if not circular[axis] and length > 1:
            beyond = [slice(None), slice(None)]
            beyond[axis] = slice(cells.shape[axis] - length + 1, None)
            solid[tuple(beyond)] = False
    return solid & some


def _solid(cells: Mask, circular: tuple[bool, bool]) -> Mask:
    """The cells, and along circular axes the bins between those of a wide ring."""
    solid = cells.copy()
    for axis in (0, 1):
        if circular[axis]:
            ways = [
                np.logical_or.reduce([np.roll(cells, way * i, axis) for i in range(1, _WIDEST_GAP + 1)])
                for way in (1, -1)
            ]
            solid |= ways[0] & ways[1]
    return solid


def named(mask: Mask, view: View) -> Where:
    """The name of the region that these cells are, if they are one, else the cells."""
    cells = np.argwhere(mask)
    for region in view.regions_of(tuple(cells[0])) if len(cells) > 1 else ():
        if (region.members == mask).all():
            first = next(other for other in view.regions if other.name == region.name)
            return region.name if first is region else listed(mask)
    return listed(mask)


def listed(mask: Mask) -> Where:
    """The indices of the cells, of a single one without a tuple around."""
    cells = tuple(tuple(int(i) for i in cell) for cell in np.argwhere(mask))
    return cells[0] if len(cells) == 1 else cells
