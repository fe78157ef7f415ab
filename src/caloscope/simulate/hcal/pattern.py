"""The pattern of HCAL: the hazard of each channel of the detector that has a seed, by era.

Hybrid photodiodes (HPDs, phase 0) differ much from one another: by 30 to 80 % within a ring, nearly
independent of their neighbours. They are the same ones in HB from 2016 to 2018, so their pattern is the
same up to 4 %. What replaced them is uniform to 10 %.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np

from caloscope.detectors.base import Array
from caloscope.geometry import view
from caloscope.geometry.eras import Era
from caloscope.geometry.hcal_layout import IETA, SHAPE, Subdetector, ieta_bin, phase0, subdetectors
from caloscope.records import Mask
from caloscope.simulate.hcal.rings import HB, HE_NEW, HE_PHASE0, HO_BANDS, Rings

Places: TypeAlias = tuple[tuple[int, int, int], ...]
"""Depth, ieta and iphi of channels."""

_AGAIN_IN_2018: Final[Places] = ((1, 4, 64), (1, 8, 64), (1, 12, 64))
_HB_DEAD: Final[Places] = ((1, -16, 7), (1, -15, 7), (1, -13, 7))
# fmt: off
_HE_DEAD: Final[Places] = (
    (1, -20, 59), (1, 20, 59), (2, -22, 59), (2, -19, 43), (2, -19, 59), (2, 19, 59), (2, 22, 59),
)
# fmt: on
DEAD: Final[dict[Era, tuple[Places, Places]]] = {
    "2016": (_HB_DEAD, _HE_DEAD),
    "2017": (_HB_DEAD + _AGAIN_IN_2018, _HE_DEAD),
    "2018": (_HB_DEAD, ()),
    "2019+": ((), ()),
}
"""The channels of HB and of HE that are dead. Those of 2017 were seen in run 306138, those of HB 2018 in run
315488. Assumed: in 2016 all of them that were not alive again in 2018; none where everything was replaced."""

HO_DEAD: Final = ((-6, 2, 4), (-5, 11, 14), (5, 5, 7), (5, 18, 19), (15, 11, 13))
"""ieta, first and last iphi; seen in run 306138, assumed in all eras."""

_AT: Final = (-3.5, -2.326, -1.645, -0.674, 0.0, 0.674, 1.645, 2.326, 3.5)
_HB_SHAPE: Final = (-2.35, -2.04, -1.55, -0.82, -0.03, 0.84, 1.55, 1.84, 2.1)
_HE_SHAPE: Final = (-3.2, -2.6, -1.74, -0.66, 0.03, 0.73, 1.55, 2.1, 2.6)
"""Quantiles of ln h over the HPDs of a ring, standardized, where a Gaussian has them at `_AT`: the tails of
HB are short."""

_ONE_HPD: Final = {Subdetector.HB: 0.05, Subdetector.HE: 0.25}
"""Part of the pattern's variance that channels of one readout module (one HPD) share, as measured."""

_YEAR_TO_YEAR: Final = 0.04
"""rms change of the hazard: 2017 and 2018 correlate by 0.997 in HB depth 1."""

_YEARS: Final[dict[Era, int]] = {"2016": 1, "2018": 2}
_TAG: Final = 0x4CA1
_HPD, _YEAR, _PHASE1, _OUTER = range(4)


def hazards(era: Era, seed: int) -> Array:
    """Mean deposits per JetHT event at pileup 50 in HB and HE, shape (7, 72, 84).

    Zero in HF, where a channel is dead, and where none exists.
    """
    part, old = subdetectors(era), phase0(era)
    found = np.zeros(SHAPE)
    tables = (
        (Subdetector.HB, HB[era], HB[era]),
        (Subdetector.HE, HE_PHASE0, HE_NEW[era]),
    )
    for subdetector, with_hpds, without in tables:
        mine = part == subdetector
        for rings, cells, pattern in (
            (with_hpds, mine & old, _hpds(subdetector, era, seed)),
            (without, mine & ~old, _stream(seed, _PHASE1, subdetector).standard_normal(SHAPE)),
        ):
            level, spread = _by_cell(subdetector, rings)
            found[cells] = (level * np.exp(spread * pattern))[cells]
    _kill(found, era)
    return found


def outer(seed: int) -> Array:
    """Mean deposits per JetHT event at pileup 50 in HO, shape (72, 84), zero where no channel lives."""
    level, spread = np.zeros(len(IETA)), np.zeros(len(IETA))
    for last, mean, rms in reversed(HO_BANDS):
        inside = np.abs(IETA) <= last
        level[inside], spread[inside] = mean, rms
    p = level + spread * np.clip(_stream(seed, _OUTER).standard_normal(SHAPE[1:]), -3.5, 3.5)
    for ieta, first, last in HO_DEAD:
        p[first - 1 : last, ieta_bin(Subdetector.HB, ieta)] = 0.0
    return -np.log1p(-p)


def _hpds(subdetector: Subdetector, era: Era, seed: int) -> Array:
    """The standardized pattern of HPDs, shape (7, 72, 84); always drawn for all that there were in 2016."""
    rng = _stream(seed, _HPD, subdetector)
    one, all_modules = _ONE_HPD[subdetector], np.zeros(SHAPE)
    for region in view("HCAL", "2016").regions:
        if region.kind == "rm" and region.name.startswith(subdetector.name):
            all_modules[region.members] = rng.standard_normal()
    gaussian = np.sqrt(one) * all_modules + np.sqrt(1.0 - one) * rng.standard_normal(SHAPE)
    pattern = np.interp(gaussian, _AT, _HB_SHAPE if subdetector is Subdetector.HB else _HE_SHAPE)
    if era in _YEARS and subdetector is Subdetector.HB:
        changed = _stream(seed, _YEAR, _YEARS[era]).standard_normal(SHAPE)
        _, spread = _by_cell(subdetector, HB[era])
        pattern += _YEAR_TO_YEAR * changed / np.where(spread > 0.0, spread, 1.0)
    return np.asarray(pattern)


def _by_cell(subdetector: Subdetector, tables: Sequence[Rings]) -> tuple[Array, Array]:
    """Typical hazard and rms of its logarithm, shape (7, 72, 84), zero where the tables have no ring."""
    level, spread = np.zeros(SHAPE), np.zeros(SHAPE)
    for depth, first, hazards_, spreads in tables:
        for ring, (hazard, rms) in enumerate(zip(hazards_, spreads, strict=True), start=first):
            for side in (-1, 1):
                column = ieta_bin(subdetector, side * ring)
                level[depth - 1, :, column], spread[depth - 1, :, column] = hazard, rms
    return level, spread


def _kill(found: Array, era: Era) -> None:
    for subdetector, channels in zip((Subdetector.HB, Subdetector.HE), DEAD[era], strict=True):
        for depth, ieta, iphi in channels:
            found[depth - 1, iphi - 1, ieta_bin(subdetector, ieta)] = 0.0


def _stream(seed: int, *numbers: int) -> np.random.Generator:
    return np.random.default_rng([seed, _TAG, *numbers])


def certain(era: Era, depths: int = 4) -> Mask:
    """Channels of HF in the first so many depths: without zero suppression, they count in every event."""
    which: Mask = subdetectors(era) == Subdetector.HF
    which[depths:] = False
    return which
