"""How much arrives in the channels of HCAL: hazards by depth and ring, measured on run 306138 (2017, JetHT).

The *hazard* of a channel is the mean number of deposits above its threshold in an event, h = -ln(1 - p),
where p is its probability to count. Hazards add and scale where probabilities saturate, and over a ring their
logarithms have the same distribution everywhere. All numbers belong to the start of that run, taken to be at
pileup 50.
"""

from typing import Final, NamedTuple

from caloscope.geometry.eras import Era


class Rings(NamedTuple):
    """One depth from a first |ieta| on: typical hazards of its rings, and the rms of ln h over iphi."""

    depth: int
    first: int
    hazards: tuple[float, ...]
    spreads: tuple[float, ...]


# fmt: off
HB_PHASE0: Final = (
    Rings(1, 1, (0.419, 0.362, 0.340, 0.397, 0.388, 0.365, 0.370, 0.410,
                 0.410, 0.507, 0.532, 0.520, 0.653, 0.707, 1.07, 0.471),
          (0.53, 0.61, 0.62, 0.53, 0.57, 0.55, 0.52, 0.55, 0.52, 0.52, 0.47, 0.50, 0.46, 0.40, 0.37, 0.51)),
    Rings(2, 15, (0.220, 0.777), (0.80, 0.43)),
)
HE_PHASE0: Final = (
    Rings(1, 17, (0.130, 0.318, 0.273, 0.322, 0.629, 0.905, 1.13, 1.68, 2.20, 3.06, 2.06, 2.64, 1.53),
          (0.37, 0.35, 0.37, 0.31, 0.33, 0.29, 0.34, 0.31, 0.38, 0.34, 0.41, 0.42, 0.54)),
    Rings(2, 18, (0.070, 0.083, 0.078, 0.111, 0.175, 0.217, 0.346, 0.451, 0.836, 0.440, 0.730, 0.448),
          (0.58, 0.56, 0.49, 0.42, 0.43, 0.34, 0.32, 0.40, 0.30, 0.44, 0.48, 0.69)),
    Rings(3, 16, (0.033,), (0.63,)),
    Rings(3, 27, (1.02, 8.28), (0.31, 0.19)),
)
# Of the 2 to 4 channels that each has in HEP17; a hazard of 10 stands for all that counts in every event.
_HEP17: Final = (
    (1, 19, (1.72, 1.95, 3.93, 4.61, 5.71, 7.71, 8.84, 10.0, 10.0, 10.0, 9.59)),
    (2, 17, (1.02, 1.10, 0.848, 1.05, 2.05, 2.81, 3.41, 4.68, 6.45, 6.91, 6.45, 9.59, 8.84)),
    (3, 17, (0.410, 0.395, 0.360, 0.460, 0.781, 1.01, 1.38, 1.97, 2.74, 3.70, 4.03, 6.16, 6.15)),
    (4, 16, (0.421,)),
    (4, 18, (0.204, 0.241, 0.255, 0.379, 0.403, 0.624, 0.845, 1.21, 2.52, 2.61, 7.95)),
    (5, 18, (0.349, 0.206, 0.209, 0.277, 0.313, 0.343, 0.483, 0.691, 1.87, 2.15, 10.0)),
    (6, 19, (0.163, 0.222, 0.232, 0.220, 0.265, 0.291, 0.363, 1.14, 1.67, 9.22)),
    (7, 26, (0.553, 1.05, 9.59)),
)
# fmt: on

PHASE1_SPREAD: Final = 0.1
"""Silicon photomultipliers differ little: rms of the logarithm, from the channels of HEP17."""

HE_PHASE1: Final = tuple(
    Rings(depth, first, hazards, (PHASE1_SPREAD,) * len(hazards)) for depth, first, hazards in _HEP17
)

_NARROW, _WIDE = 0.27, 0.19
_HE_2019: Final = tuple(
    rings._replace(
        hazards=tuple(
            (_NARROW if ring <= 20 else _WIDE) * hazard
            for ring, hazard in enumerate(rings.hazards, rings.first)
        )
    )
    for rings in HE_PHASE1
)
"""Assumed: HEP17 scaled to depth 1 as it was published of two runs of 2022. Their hazards differ by up to a
factor of 7; this is near the geometric mean."""

_HB_DEPTHS: Final = (1.0, 0.6, 0.25, 0.15)
_HB_PHASE1: Final = tuple(
    HB_PHASE0[0]._replace(
        depth=depth,
        hazards=tuple(share * hazard for hazard in HB_PHASE0[0].hazards),
        spreads=(PHASE1_SPREAD,) * len(HB_PHASE0[0].hazards),
    )
    for depth, share in enumerate(_HB_DEPTHS, start=1)
)
"""Assumed: no data are at hand. The rings of phase 0, falling with depth as HEP17 does."""

_HB_2018: Final = 1.055
"""Brings the mean p of HB depth 1 from 0.399 in 2017 to the 0.415 that were seen in 2018."""

_HB_SCALED: Final = tuple(
    rings._replace(hazards=tuple(_HB_2018 * hazard for hazard in rings.hazards)) for rings in HB_PHASE0
)
HB: Final[dict[Era, tuple[Rings, ...]]] = {
    "2016": HB_PHASE0,
    "2017": HB_PHASE0,
    "2018": _HB_SCALED,
    "2019+": _HB_PHASE1,
}
"""HB by era; 2016 is assumed to be like 2017."""

HE_NEW: Final[dict[Era, tuple[Rings, ...]]] = {
    "2016": HE_PHASE1,
    "2017": HE_PHASE1,
    "2018": HE_PHASE1,
    "2019+": _HE_2019,
}
"""The phase-1 channels of HE by era; in 2017 those of HEP17, in 2018 all are assumed to be like them."""

HO_BANDS: Final = ((4, 0.125, 0.014), (10, 0.31, 0.028), (15, 0.505, 0.031))
"""HO: last |ieta| of a band, mean of p and its rms over channels; 2016 to today assumed alike."""
