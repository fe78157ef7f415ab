"""The faults of the table: what breaks, how much, and how long it is looked for."""

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
"""Cells along a side of a patch."""

WINDOW: Final = 25
LONG_WINDOWS: Final = {"EB": 100}
LONG_WINDOW: Final = 60
"""Lumisections after the onset in which x0.9 in one cell is looked for."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of fault: a factor on the counts of a cell, region, patch of 4 x 4 cells, or the whole map.

    `region` is the kind of hardware where the shape is a region. The fault is there in every `period`-th
    lumisection from its onset on. `window` is the number of lumisections in which it must be found.
    """

    shape: Shape
    factor: float
    window: int = WINDOW
    region: str = ""
    period: int = 1

    @property
    def key(self) -> str:
        """Names the row in files of results."""
        return f"{self.region or self.shape}-{self.factor:g}-{self.period}"

    @property
    def title(self) -> str:
        """Names the row in tables."""
        place = {"patch": f"{SIDE} x {SIDE} cells", "map": "whole map"}.get(self.shape, self.region or "cell")
        size = "dead" if self.factor == 0 else f"x{self.factor:g}"
        return f"{place} {size}" + (" every second LS" if self.period == 2 else "")

    def fault(self, map_name: str, cells: Mask, onset: int) -> Fault:
        """The fault in these cells, from this lumisection on."""
        where = tuple(tuple(int(i) for i in cell) for cell in np.argwhere(cells))
        kind: Kind = "hot" if self.factor > 1 else "factor"
        if self.period == 1:
            return Fault(map_name, where, kind, self.factor, onset=onset)
        share = 1.0 / self.period
        return Fault(map_name, where, kind, self.factor, onset=onset, duty=share, period=self.period)


HARDWARE: Final = {
    "EB": ("supermodule",),
    "EE+": ("quadrant",),
    "EE-": ("quadrant",),
    "HCAL": ("rbx", "rm"),
    "HO": ("ring",),
}
CELL_FACTORS: Final = (0.0, 0.5, 0.75, 0.8, 0.9, 1.25, 1.5, 2.0, 5.0)


def single_cells(view: View) -> tuple[Row, ...]:
    """The rows of one cell."""
    long = LONG_WINDOWS.get(view.name, LONG_WINDOW)
    steady = (Row("cell", factor, long if factor == 0.9 else WINDOW) for factor in CELL_FACTORS)
    return (*steady, Row("cell", 0.0, period=2))


def rows_of(view: View) -> tuple[Row, ...]:
    """All rows of a map."""
    kinds = HARDWARE[view.name]
    return (
        *single_cells(view),
        *(Row("region", 0.9, region=kind) for kind in kinds),
        Row("region", 0.0, region=kinds[0]),
        Row("patch", 1.2),
        Row("patch", 0.8),
        Row("map", 0.7),
    )


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
    return (number[alive],) if row.shape == "map" else _boxes(number, view)


def _boxes(number: Indices, view: View) -> tuple[Indices, ...]:
    """All positions of a patch whose cells exist and live, in one depth each."""
    rows, columns = view.shape[-2:]
    down = np.arange(rows if view.y.circular else rows - SIDE + 1)
    right = np.arange(columns if view.x.circular else columns - SIDE + 1)
    side = np.arange(SIDE)
    y = (down[:, None, None, None] + side[:, None]) % rows
    x = (right[:, None, None] + side) % columns
    boxes = number.reshape(-1, rows, columns)[:, y, x].reshape(-1, SIDE**2)
    return tuple(boxes[(boxes >= 0).all(axis=1)])
