"""The faults that are put in: what breaks, how much, and how long it is looked for."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.faults import Fault, Kind
from caloscope.geometry import View
from caloscope.records import Mask

Shape: TypeAlias = Literal["cell", "region", "patch", "map"]
Indices: TypeAlias = NDArray[np.int64]

SIDE: Final = 4
"""Cells along a side of a patch where nothing else is said."""

WINDOW: Final = 25
"""Lumisections after the onset in which a fault is looked for where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of fault: a factor on the counts of a cell, region, square patch of cells, or the whole map.

    `region` is the kind of hardware where the shape is a region. The fault is there in every `period`-th
    lumisection from its onset on. `window` is the number of lumisections in which it must be found, `side`
    that of the cells along a side of a patch.
    """

    shape: Shape
    factor: float
    window: int = WINDOW
    region: str = ""
    period: int = 1
    side: int = SIDE

    @property
    def key(self) -> str:
        """Names the row in files of results."""
        side = f"-{self.side}" if self.shape == "patch" and self.side != SIDE else ""
        return f"{self.region or self.shape}-{self.factor:g}-{self.period}{side}"

    @property
    def title(self) -> str:
        """Names the row in tables."""
        size = "dead" if self.factor == 0 else f"x{self.factor:g}"
        often = {1: "", 2: " every second LS"}.get(self.period, f" every {self.period} LS")
        return f"{self.place} {size}{often}"

    @property
    def place(self) -> str:
        """Names what it falls on in tables."""
        whole = {"patch": f"{self.side} x {self.side} cells", "map": "whole map"}
        return whole.get(self.shape, self.region or "cell")

    def fault(self, map_name: str, cells: Mask, onset: int, end: int | None = None) -> Fault:
        """The fault in these cells, from this lumisection on; `end` is the first healthy one, None: never."""
        where = tuple(tuple(int(i) for i in cell) for cell in np.argwhere(cells))
        kind: Kind = "hot" if self.factor > 1 else "factor"
        if self.period == 1:
            return Fault(map_name, where, kind, self.factor, onset=onset, end=end)
        share = 1.0 / self.period
        return Fault(map_name, where, kind, self.factor, onset=onset, end=end, duty=share, period=self.period)


def places(view: View, row: Row, alive: Mask) -> tuple[Indices, ...]:
    """Where such a fault can be: numbers of living cells, counted among those that exist in C order."""
    number = np.full(view.shape, -1, np.int64)
    number[view.exists] = np.arange(int(view.exists.sum()))
    number[~alive] = -1
    if row.shape == "cell":
        return tuple(number[alive][:, np.newaxis])
    if row.shape == "region":
        regions = (number[each.members] for each in view.regions if each.kind == row.region)
        found = (members[members >= 0] for members in regions)
        return tuple(members for members in found if len(members))
    return (number[alive],) if row.shape == "map" else _boxes(number, view, row.side)


def on_view(members: Indices, view: View) -> Mask:
    """Cells given by their numbers, as `places` has them, in the view's shape."""
    flat = np.zeros(int(view.exists.sum()), np.bool_)
    flat[members] = True
    cells = np.zeros(view.shape, np.bool_)
    cells[view.exists] = flat
    return cells


def _boxes(number: Indices, view: View, across: int) -> tuple[Indices, ...]:
    """All positions of a patch whose cells exist and live, in one depth each."""
    rows, columns = view.shape[-2:]
    down = np.arange(rows if view.y.circular else rows - across + 1)
    right = np.arange(columns if view.x.circular else columns - across + 1)
    side = np.arange(across)
    y = (down[:, None, None, None] + side[:, None]) % rows
    x = (right[:, None, None] + side) % columns
    boxes = number.reshape(-1, rows, columns)[:, y, x].reshape(-1, across**2)
    return tuple(boxes[(boxes >= 0).all(axis=1)])
