"""EB, the barrel of the electromagnetic calorimeter: 34 x 72 towers of 5 x 5 crystals.

Rows are towers in ieta (17 on each side of zero), columns groups of five crystals in iphi, as DQM books
them: crystal (ieta, iphi) fills row `((ieta < 0 ? ieta + 85 : ieta + 84)) / 5`, column `(iphi - 1) / 5`.
Columns are therefore not the iphi of trigger-tower identifiers, which is shifted by two. A supermodule
is 20 crystals, four columns, wide: EB+07 holds crystals iphi 121..140 at ieta > 0 (CMSSW `EBDetId::ism`).
"""

from typing import Final

import numpy as np

from caloscope.geometry.building import frozen, inside, regions_by_label, small_to_large, span
from caloscope.geometry.view import Axis, Region, View
from caloscope.records import Cell

NAME: Final = "EB"
_CRYSTALS: Final = 5
_TOWERS_A_SIDE: Final = 17
_SHAPE: Final = (2 * _TOWERS_A_SIDE, 72)
_SUPERMODULES: Final = 18
_COLUMNS_EACH: Final = _SHAPE[1] // _SUPERMODULES


def _first_ieta(row: int) -> int:
    """Lowest crystal ieta of a row; there is no ieta 0."""
    start = _CRYSTALS * (row - _TOWERS_A_SIDE)
    return start if start < 0 else start + 1


def _first_iphi(column: int) -> int:
    return _CRYSTALS * column + 1


def _supermodule(row: int, column: int) -> str:
    side = "-" if row < _TOWERS_A_SIDE else "+"
    return f"EB{side}{column // _COLUMNS_EACH + 1:02d}"


def locate(cell: Cell) -> dict[str, int | str]:
    """Physical coordinates of a cell.

    `ieta` is the tower's, -17..17 without 0; `iphi` the group of five crystals, 1..72; the crystal ranges
    include both ends. Raises UsageError for a cell outside the view.
    """
    row, column = inside(cell, _SHAPE, NAME)
    tower = row - _TOWERS_A_SIDE
    ieta, iphi = _first_ieta(row), _first_iphi(column)
    return {
        "subdetector": NAME,
        "supermodule": _supermodule(row, column),
        "ieta": tower if tower < 0 else tower + 1,
        "iphi": column + 1,
        "crystal_ieta": span(ieta, ieta + _CRYSTALS - 1),
        "crystal_iphi": span(iphi, iphi + _CRYSTALS - 1),
    }


def describe(cell: Cell) -> str:
    """Name of a cell: `EB+07 tower (ieta 11..15, iphi 121..125)`, in crystals."""
    place = locate(cell)
    return f"{place['supermodule']} tower (ieta {place['crystal_ieta']}, iphi {place['crystal_iphi']})"


def _regions() -> tuple[Region, ...]:
    rows, columns = np.indices(_SHAPE)
    plus = (rows >= _TOWERS_A_SIDE).astype(int)
    number = columns // _COLUMNS_EACH + 1
    # EB-18 ... EB-01, EB+01 ... EB+18
    order = [-k for k in range(_SUPERMODULES, 0, -1)] + list(range(1, _SUPERMODULES + 1))
    names = {signed: f"EB{'-' if signed < 0 else '+'}{abs(signed):02d}" for signed in order}
    supermodules = regions_by_label("supermodule", number * (2 * plus - 1), names)
    return small_to_large([*supermodules, *regions_by_label("half", plus, {0: "EB-", 1: "EB+"})])


def build(era: str) -> View:
    """The view of EB, the same in every era; shape (34, 72) = (ieta, iphi), iphi circular, no cell absent.

    Axis values are the crystal in the middle of each bin.
    """
    middle = _CRYSTALS // 2
    ieta = tuple(_first_ieta(row) + middle for row in range(_SHAPE[0]))
    iphi = tuple(_first_iphi(column) + middle for column in range(_SHAPE[1]))
    return View(
        name=NAME,
        era=era,
        y=Axis("ieta", "ieta", -85.0, 85.0, ieta),
        x=Axis("iphi", "iphi", 0.0, 360.0, iphi, circular=True),
        depths=(),
        exists=frozen(np.ones(_SHAPE, dtype=np.bool_)),
        regions=_regions(),
        describe=describe,
        locate=locate,
        notes="Columns are groups of five crystals in iphi, not trigger-tower iphi (shifted by two).",
    )
