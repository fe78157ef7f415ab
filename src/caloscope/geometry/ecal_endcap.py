"""EE- and EE+, the endcaps of the electromagnetic calorimeter: 20 x 20 supercrystals of 5 x 5 crystals.

Crystal (ix, iy), both 1..100, lies in column `(ix - 1) / 5` and row `(iy - 1) / 5`. A supercrystal exists
if any of its crystals does: 7,324 crystals in 312 supercrystals on each side. (CMSSW numbers 316, but four
of them, at the rim on the diagonals, hold no crystal.) The outline is that of CMSSW `EEDetId::validDetId`.

Sectors are the nine that one data concentrator card each reads out, EE-01..EE-09 and EE+01..EE+09 as DQM
names them (`EcalDQMCommonUtils::smName`). Their borders follow supercrystals, not straight lines; they are
those of CMSSW `MEEEGeom::sector`, compared with the electronics map `EcalMapping/data/EEMap.txt` on the
outer columns of each side. Columns count along the same x on both sides.
"""

from functools import cache, partial
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry.building import frozen, inside, regions_by_label, small_to_large, span
from caloscope.geometry.view import Axis, Region, View
from caloscope.records import Cell, Mask

Endcap = Literal["EE-", "EE+"]

_CRYSTALS: Final = 5
_SIDE: Final = 20
_SHAPE: Final = (_SIDE, _SIDE)
_HALF: Final = _SIDE // 2

# In one quadrant, counting crystals from the axes outwards: up to column a the disc reaches to row b.
_DISC: Final = (
    (10, 50), (15, 47), (25, 45), (30, 42), (35, 37), (37, 35), (42, 30), (45, 25), (47, 15), (50, 10),
)  # fmt: skip
# Up to column a the beam hole reaches to row b; beyond the last column there is no hole.
_HOLE: Final = ((5, 11), (7, 10), (8, 9), (9, 8), (10, 7), (11, 5))

# Sector of each supercrystal at ix 1..50, from iy 100 (first line) down to iy 1; 0 where there is none.
# The other half is its mirror image, in which sector s becomes 10 - s.
_SECTORS: Final = (
    "0000000111", "0000111111", "0002111111", "0022211111", "0222211111",
    "0222221111", "0222222111", "2222222211", "3322222220", "3333333200",
    "3333333300", "3333333440", "3333334445", "0333444445", "0344444455",
    "0444444455", "0044444455", "0004444555", "0000444555", "0000000555",
)  # fmt: skip

# Number of the first supercrystal in each column of a quadrant less one, and its first row from the axis
# (CMSSW `EEDetId::isc`): numbers run up the columns, 79 in a quadrant.
_NUMBER_BEFORE: Final = (0, 8, 17, 27, 36, 45, 54, 62, 70, 76)
_FIRST_ROW: Final = (3, 2, 1, 1, 1, 1, 1, 1, 1, 1)
_NUMBERS_A_QUADRANT: Final = 79


def _reach(limits: tuple[tuple[int, int], ...]) -> NDArray[np.int64]:
    """Row up to which each of the 50 columns of a quadrant reaches, 0 where the limits say nothing."""
    reach = np.zeros(_CRYSTALS * _HALF, dtype=np.int64)
    for column, row in reversed(limits):
        reach[:column] = row
    return reach


@cache
def crystals() -> Mask:
    """Which crystals exist, shape (100, 100) = (iy, ix), the same on both sides; read-only."""
    row = np.arange(1, _CRYSTALS * _HALF + 1)[:, None]
    quadrant = (row <= _reach(_DISC)) & (row > _reach(_HOLE))
    right = np.vstack([quadrant[::-1], quadrant])
    return frozen(np.hstack([right[:, ::-1], right]))


def _existing() -> Mask:
    """Supercrystals that hold a crystal."""
    by_supercrystal = crystals().reshape(_SIDE, _CRYSTALS, _SIDE, _CRYSTALS)
    return frozen(np.asarray(by_supercrystal.any(axis=(1, 3))))


@cache
def sectors() -> NDArray[np.int8]:
    """Sector 1..9 of each supercrystal, 0 where there is none; shape (20, 20) = (iy, ix); read-only."""
    left = np.array([[int(sector) for sector in line] for line in reversed(_SECTORS)], dtype=np.int8)
    right = np.where(left > 0, 10 - left, 0).astype(np.int8)[:, ::-1]
    both = np.hstack([left, right])
    both.setflags(write=False)
    return both


def _quadrant(row: int, column: int) -> int:
    """1 at high ix and iy, then against the clock, as `EEDetId::iquadrant`."""
    if row >= _HALF:
        return 1 if column >= _HALF else 2
    return 3 if column < _HALF else 4


def _number(row: int, column: int) -> int:
    """Number of a supercrystal, 1..316."""
    across = column - _HALF if column >= _HALF else _HALF - 1 - column
    up = row - _HALF + 1 if row >= _HALF else _HALF - row
    first = _NUMBERS_A_QUADRANT * (_quadrant(row, column) - 1) + _NUMBER_BEFORE[across]
    return first + up - _FIRST_ROW[across] + 1


def _locate(endcap: Endcap, cell: Cell) -> dict[str, int | str]:
    """Coordinates: `ix` and `iy` count supercrystals, 1..20; crystal ranges include both ends."""
    row, column = inside(cell, _SHAPE, endcap)
    ix, iy = _CRYSTALS * column + 1, _CRYSTALS * row + 1
    place: dict[str, int | str] = {
        "subdetector": endcap,
        "ix": column + 1,
        "iy": row + 1,
        "crystal_ix": span(ix, ix + _CRYSTALS - 1),
        "crystal_iy": span(iy, iy + _CRYSTALS - 1),
    }
    if sectors()[row, column]:
        place["sector"] = f"{endcap}{sectors()[row, column]:02d}"
        place["supercrystal"] = _number(row, column)
    return place


def _describe(endcap: Endcap, cell: Cell) -> str:
    place = _locate(endcap, cell)
    what = f"{place['sector']} supercrystal" if "sector" in place else f"{endcap} no cell"
    return f"{what} (ix {place['crystal_ix']}, iy {place['crystal_iy']})"


def _regions(endcap: Endcap) -> tuple[Region, ...]:
    exists = sectors() > 0
    quadrants = np.array([[_quadrant(row, column) for column in range(_SIDE)] for row in range(_SIDE)])
    # A Dee is half a disc: F at ix <= 50, far from the centre of the LHC, N at ix > 50, near it.
    dees = np.where(np.arange(_SIDE) < _HALF, 1, 2) * np.ones(_SHAPE, dtype=np.int8)
    return small_to_large(
        [
            *regions_by_label("sector", sectors(), {s: f"{endcap}{s:02d}" for s in range(1, 10)}),
            *regions_by_label("quadrant", quadrants * exists, {q: f"{endcap}Q{q}" for q in range(1, 5)}),
            *regions_by_label("dee", dees * exists, {1: f"{endcap}F", 2: f"{endcap}N"}),
        ]
    )


def build(endcap: Endcap, era: str) -> View:
    """The view of one endcap, the same in every era; shape (20, 20) = (iy, ix), neither axis circular.

    Axis values are the crystal in the middle of each bin.
    """
    middles = tuple(range(_CRYSTALS // 2 + 1, _CRYSTALS * _SIDE + 1, _CRYSTALS))
    return View(
        name=endcap,
        era=era,
        y=Axis("iy", "iy", 0.0, 100.0, middles),
        x=Axis("ix", "ix", 0.0, 100.0, middles),
        depths=(),
        exists=_existing(),
        regions=_regions(endcap),
        describe=partial(_describe, endcap),
        locate=partial(_locate, endcap),
        notes="Sectors are those of the readout (data concentrator cards), with borders along supercrystals.",
    )
