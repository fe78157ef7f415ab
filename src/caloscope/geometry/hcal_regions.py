"""What channels of HCAL share: readout modules, readout boxes, wedges, halves.

A readout box (RBX) covers 20 degrees: box k of a half holds iphi 4k-5 .. 4k-2, so 01 is 71, 72, 1, 2 and
17 is 63..66. In phase 0 it holds four readout modules with one hybrid photodiode each, one for each iphi;
where towers are 10 degrees wide (HE, |ieta| >= 21) two modules share an iphi, one taking the odd and one
the even rings, and the two depths of ring 29 are split (CMSSW `HcalHPDRBXMap`). Modules count with iphi on
the + side, against it on the - side (CMSSW `HcalLogicalMapGenerator`). Phase-1 modules are left out: which
channels share one is not settled here. HF is cut into wedges of 20 degrees that count like the boxes; they
are not its readout boxes, of which there are twelve on a side.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry.building import regions_by_label, small_to_large
from caloscope.geometry.eras import Era
from caloscope.geometry.hcal_layout import DEPTHS, IETA, IPHI, SHAPE, Subdetector, phase0, subdetectors
from caloscope.geometry.view import Region

_BOXES: Final = 18
_MODULES: Final = 4
_HALVES: Final = {
    2 * subdetector + plus: f"{subdetector.name}{'MP'[plus]}"
    for subdetector in (Subdetector.HB, Subdetector.HE, Subdetector.HF)
    for plus in (0, 1)
}


def box(iphi: int) -> int:
    """Number of the readout box or wedge, 1..18, that holds an iphi."""
    return (iphi + 1) % 72 // 4 + 1


def box_name(subdetector: Subdetector, ieta: int, iphi: int) -> str:
    """Name of the box or wedge of a channel: `HBP07`, `HEM15`, `HFP03 wedge`."""
    name = f"{subdetector.name}{'P' if ieta > 0 else 'M'}{box(iphi):02d}"
    return f"{name} wedge" if subdetector is Subdetector.HF else name


def module(subdetector: Subdetector, ieta: int, iphi: int, depth: int) -> int:
    """Number of the phase-0 readout module, 1..4, of a channel of HB or HE within its box."""
    ring, place = abs(ieta), (iphi + 1) % 4
    if subdetector is Subdetector.HE and ring > 20:
        # the first of the two iphi of a box serves places 0 and 1, the second 2 and 3
        odd = (depth == 2) if ring == 29 else (ring % 2 == 1)
        second = place >= 2
        place = 2 * second + (odd != second)
    return place + 1 if ieta > 0 else _MODULES - place


def _half_labels(era: Era) -> NDArray[np.int64]:
    """2 x subdetector, + 1 on the + side; 0 or 1 where no channel exists."""
    return 2 * subdetectors(era).astype(np.int64) + (np.array(IETA) > 0)


def _box_regions(halves: NDArray[np.int64]) -> list[Region]:
    """Boxes of HB and HE and wedges of HF, half by half."""
    boxes = np.array([box(iphi) for iphi in IPHI])[:, None]
    labels = 100 * halves + boxes
    regions = []
    for half, name in _HALVES.items():
        wedge = half // 2 == Subdetector.HF
        names = {100 * half + k: f"{name}{k:02d}{' wedge' if wedge else ''}" for k in range(1, _BOXES + 1)}
        regions += regions_by_label("wedge" if wedge else "rbx", labels, names)
    return regions


def _module_numbers(subdetector: Subdetector) -> NDArray[np.int64]:
    """`module` of every bin, as if all belonged to one subdetector; shape (7, 72, 84)."""
    numbers = np.empty(SHAPE, dtype=np.int64)
    for depth in DEPTHS[:2]:
        numbers[depth - 1] = [[module(subdetector, ieta, iphi, depth) for ieta in IETA] for iphi in IPHI]
    numbers[2:] = numbers[0]  # only depth 2 of ring 29 differs from the others
    return numbers


def _module_regions(era: Era, halves: NDArray[np.int64]) -> list[Region]:
    """Phase-0 readout modules, box by box."""
    old = phase0(era)
    if not old.any():
        return []
    hb = subdetectors(era) == Subdetector.HB
    numbers = np.where(hb, _module_numbers(Subdetector.HB), _module_numbers(Subdetector.HE))
    boxes = np.array([box(iphi) for iphi in IPHI])[:, None]
    labels = np.where(old, 1000 * halves + 10 * boxes + numbers, 0)
    names = {
        1000 * half + 10 * k + n: f"{name}{k:02d} RM{n}"
        for half, name in _HALVES.items()
        for k in range(1, _BOXES + 1)
        for n in range(1, _MODULES + 1)
    }
    return regions_by_label("rm", labels, names)


def regions(era: Era) -> tuple[Region, ...]:
    """All regions of HCAL in an era, small kinds first: `rm`, `rbx`, `wedge`, `half`, `subdetector`."""
    halves = _half_labels(era)
    parts = {int(part): part.name for part in Subdetector if part is not Subdetector.NONE}
    return small_to_large(
        [
            *_module_regions(era, halves),
            *_box_regions(halves),
            *regions_by_label("half", halves, _HALVES),
            *regions_by_label("subdetector", subdetectors(era), parts),
        ]
    )
