"""HO, the outer hadron calorimeter: one layer outside the magnet, on the axes of the other HCAL maps."""

from typing import Final

import numpy as np

from caloscope.geometry.building import frozen, inside, regions_by_label, small_to_large
from caloscope.geometry.hcal_layout import IETA, IPHI, axes
from caloscope.geometry.view import Region, View
from caloscope.records import Cell

NAME: Final = "HO"
_SHAPE: Final = (len(IPHI), len(IETA))
_LAST_IETA: Final = 15
# The rings of the muon wheels: |ieta| 1-4 is the central one, 5-10 the next on each side, 11-15 the last.
_RINGS: Final = {-2: "HO2M", -1: "HO1M", 0: "HO0", 1: "HO1P", 2: "HO2P"}


def _ring(ieta: int) -> int:
    """-2..2 for HO2M, HO1M, HO0, HO1P, HO2P."""
    number = 0 if abs(ieta) <= 4 else 1 if abs(ieta) <= 10 else 2
    return number if ieta > 0 else -number


def locate(cell: Cell) -> dict[str, int | str]:
    """Coordinates: `subdetector` ("none" if no channel is there), `ieta`, `iphi`, and a channel's `ring`."""
    row, column = inside(cell, _SHAPE, NAME)
    ieta = IETA[column]
    channel = abs(ieta) <= _LAST_IETA
    place: dict[str, int | str] = {
        "subdetector": NAME if channel else "none",
        "ieta": ieta,
        "iphi": IPHI[row],
    }
    return {**place, "ring": _RINGS[_ring(ieta)]} if channel else place


def describe(cell: Cell) -> str:
    """Name of a cell: `HO1P (ieta 7, iphi 24)`."""
    place = locate(cell)
    return f"{place.get('ring', 'HO no cell')} (ieta {place['ieta']}, iphi {place['iphi']})"


def _regions() -> tuple[Region, ...]:
    ieta = np.array(IETA)
    rings = np.where(np.abs(ieta) <= _LAST_IETA, [_ring(value) for value in IETA], 9)
    return small_to_large(regions_by_label("ring", np.broadcast_to(rings, _SHAPE), _RINGS))


def build(era: str) -> View:
    """The view of HO, the same in every era; (72, 84) = (iphi, ieta bin), iphi circular, 2,160 cells."""
    y, x = axes()
    exists = np.broadcast_to(np.abs(np.array(IETA)) <= _LAST_IETA, _SHAPE).copy()
    return View(
        name=NAME,
        era=era,
        y=y,
        x=x,
        depths=(),
        exists=frozen(exists),
        regions=_regions(),
        describe=describe,
        locate=locate,
        notes="Counts come from depth 4 before 2019 and from depthHO since. Rings are its only regions.",
    )
