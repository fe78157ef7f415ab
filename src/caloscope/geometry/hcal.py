"""HCAL, the hadron calorimeter without its outer part: HB, HE and HF on one map of seven depths."""

from functools import partial
from typing import Final

from caloscope.geometry.building import frozen, inside
from caloscope.geometry.eras import Era
from caloscope.geometry.hcal_layout import DEPTHS, IETA, IPHI, SHAPE, Subdetector, axes, phase0, subdetectors
from caloscope.geometry.hcal_regions import box_name, module, regions
from caloscope.geometry.view import View
from caloscope.records import Cell

NAME: Final = "HCAL"

_NOTES: Final[dict[Era, str]] = {
    "2016": "Phase 0; HF read out once for each fibre length (depths 1 and 2).",
    "2017": "Phase 0 with HEP17 (iphi 63..66) in its phase-1 layout; HF with two anodes (depths 1 to 4).",
    "2018": "HE in its phase-1 layout, HB in phase 0.",
    "2019+": "HB and HE in their phase-1 layout; readout modules of phase 1 are not among the regions.",
}


def _locate(era: Era, cell: Cell) -> dict[str, int | str]:
    """Coordinates: `subdetector` ("none" if no channel is there), `ieta`, `iphi`, physical `depth`.

    Channels have `rbx` too, or `wedge` in HF, and the number of their phase-0 readout module `rm`.
    """
    level, row, column = inside(cell, SHAPE, NAME)
    part = Subdetector(int(subdetectors(era)[level, row, column]))
    ieta, iphi, depth = IETA[column], IPHI[row], DEPTHS[level]
    place: dict[str, int | str] = {
        "subdetector": "none" if part is Subdetector.NONE else part.name,
        "ieta": ieta,
        "iphi": iphi,
        "depth": depth,
    }
    if part is not Subdetector.NONE:
        place["wedge" if part is Subdetector.HF else "rbx"] = box_name(part, ieta, iphi)
    if phase0(era)[level, row, column]:
        place["rm"] = module(part, ieta, iphi, depth)
    return place


def _describe(era: Era, cell: Cell) -> str:
    place = _locate(era, cell)
    hardware = place.get("rbx") or place.get("wedge") or "no cell"
    return f"{hardware} (ieta {place['ieta']}, iphi {place['iphi']}, depth {place['depth']})"


def build(era: Era) -> View:
    """The view of HCAL in an era; shape (7, 72, 84) = (depth, iphi, ieta bin), iphi circular.

    Which channels exist is exact: phase 0 has 2,592 in HB and in HE, phase 1 has 9,072 in HB and 6,624 in HE;
    HF has 1,728 in 2016 and 3,456 from 2017 on. Cells are named like `HBP07 (ieta 5, iphi 24, depth 1)`.
    """
    y, x = axes()
    return View(
        name=NAME,
        era=era,
        y=y,
        x=x,
        depths=DEPTHS,
        exists=frozen(subdetectors(era) != Subdetector.NONE),
        regions=regions(era),
        describe=partial(_describe, era),
        locate=partial(_locate, era),
        notes=_NOTES[era],
    )
