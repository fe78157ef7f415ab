"""Which channels HCAL has in each era, and in which bin of the DQM maps each lies.

HB, HE and HF share one map of (depth, iphi, ieta bin) = (7, 72, 84). The bins of ieta are, from 0:
HF -41..-29, HE -29..-17, HB -16..-1, HB 1..16, HE 17..29, HF 29..41; |ieta| 29 exists in HE and in HF,
and HE |ieta| 16, which lies behind HB, shares its bin at another depth (CMSSW `DetectorQuantity`). HO is
not in these maps: it has its own view.
"""

from enum import IntEnum
from functools import cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry.eras import Era
from caloscope.geometry.view import Axis
from caloscope.records import Mask

DEPTHS: Final = tuple(range(1, 8))
IPHI: Final = tuple(range(1, 73))
IETA: Final = (*range(-41, -28), *range(-29, 0), *range(1, 30), *range(29, 42))
SHAPE: Final = (len(DEPTHS), len(IPHI), len(IETA))

HEP17_IPHI: Final = (63, 66)
"""First and last iphi of the readout box on the + side that had its phase-1 electronics in 2017 already."""

Bands: TypeAlias = tuple[tuple[int, int, int, int], ...]
"""Lines of first and last |ieta|, first and last depth."""


class Subdetector(IntEnum):
    """Part of HCAL that a bin of the map belongs to."""

    NONE = 0
    HB = 1
    HE = 2
    HF = 3


_HB_PHASE0: Final[Bands] = ((1, 14, 1, 1), (15, 16, 1, 2))
_HB_PHASE1: Final[Bands] = ((1, 15, 1, 4), (16, 16, 1, 3))
_HE_PHASE0: Final[Bands] = ((16, 16, 3, 3), (17, 17, 1, 1), (18, 26, 1, 2), (27, 28, 1, 3), (29, 29, 1, 2))
_HE_PHASE1: Final[Bands] = (
    (16, 16, 4, 4), (17, 17, 2, 3), (18, 18, 2, 5), (19, 25, 1, 6), (26, 28, 1, 7), (29, 29, 1, 3),
)  # fmt: skip
_HF_SINGLE: Final[Bands] = ((29, 41, 1, 2),)
_HF_DUAL: Final[Bands] = ((29, 41, 1, 4),)


def axes() -> tuple[Axis, Axis]:
    """The y and the x axis of HCAL maps: iphi, circular, and ieta bins, not circular."""
    y = Axis("iphi", "iphi", 0.5, 72.5, IPHI, circular=True)
    return y, Axis("ieta", "ieta", 0.0, 84.0, IETA)


def ieta_bin(subdetector: Subdetector, ieta: int) -> int:
    """Zero-based bin of the ieta axis in which a channel lies."""
    if subdetector is Subdetector.HF:
        return ieta + 41 if ieta < 0 else ieta + 42
    return ieta + 42 if ieta < 0 else ieta + 41


def _rows(ring: int) -> Mask:
    """Which iphi a ring at |ieta| has: towers widen to 10 degrees at 21, and to 20 degrees at 40."""
    if ring >= 40:
        return np.isin(IPHI, IPHI[2::4])
    return np.isin(IPHI, IPHI[::2] if ring > 20 else IPHI)


def _channels(subdetector: Subdetector, bands: Bands) -> Mask:
    """All channels of a subdetector in a layout, on both sides; shape (7, 72, 84)."""
    exists = np.zeros(SHAPE, dtype=np.bool_)
    for first, last, shallow, deep in bands:
        for ring in range(first, last + 1):
            for side in (-1, 1):
                column = ieta_bin(subdetector, side * ring)
                exists[shallow - 1 : deep, :, column] |= _rows(ring)
    return exists


def _hep17() -> Mask:
    """Bins of HE in the readout box HEP17, whether a channel exists there or not."""
    iphi = np.array(IPHI)[:, None]
    rows = (iphi >= HEP17_IPHI[0]) & (iphi <= HEP17_IPHI[1])
    return np.broadcast_to(rows & (np.array(IETA) >= 16), SHAPE)


@cache
def phase0(era: Era) -> Mask:
    """Channels of HB and HE that hybrid photodiodes still read out; shape (7, 72, 84), read-only."""
    hb = _channels(Subdetector.HB, _HB_PHASE0) & (era != "2019+")
    he = _channels(Subdetector.HE, _HE_PHASE0) & (era in ("2016", "2017"))
    if era == "2017":
        he &= ~_hep17()
    old: Mask = hb | he
    old.setflags(write=False)
    return old


@cache
def subdetectors(era: Era) -> NDArray[np.int8]:
    """`Subdetector` of each bin, NONE where no channel exists; shape (7, 72, 84), read-only."""
    he_old, he_new = _channels(Subdetector.HE, _HE_PHASE0), _channels(Subdetector.HE, _HE_PHASE1)
    upgraded = _hep17() if era == "2017" else np.full(SHAPE, era != "2016")
    parts = {
        Subdetector.HB: _channels(Subdetector.HB, _HB_PHASE1 if era == "2019+" else _HB_PHASE0),
        Subdetector.HE: np.where(upgraded, he_new, he_old),
        Subdetector.HF: _channels(Subdetector.HF, _HF_SINGLE if era == "2016" else _HF_DUAL),
    }
    which = np.zeros(SHAPE, dtype=np.int8)
    for subdetector, exists in parts.items():
        which[exists] = subdetector
    which.setflags(write=False)
    return which
