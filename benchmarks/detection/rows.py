"""The faults of the table."""

from typing import Final

from caloscope.geometry import View
from caloscope.study.rows import WINDOW, Row

LONG_WINDOWS: Final = {"EB": 100}
LONG_WINDOW: Final = 60
"""Lumisections after the onset in which x0.9 in one cell is looked for."""

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
