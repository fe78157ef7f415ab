"""How often ECAL counts in given conditions, against a ZeroBias event of proton collisions at pileup 50."""

from typing import Final, NamedTuple

import numpy as np

from caloscope.detectors.base import Array
from caloscope.geometry import View
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.ecal.pattern import distance
from caloscope.simulate.stability import Changes, Stability

PILEUP: Final = 50.0

# Digis in 500 events of a whole subdetector against pileup: slope and intercept of CMSSW's MLClient.
PILEUP_LINES: Final = {
    "EB": (9087.286563128135, 391987.0277612837),
    "EE+": (2097.2732312108365, 49052.249594965317),
    "EE-": (2029.6458650640531, 48741.671992196306),
}
LINE_EVENTS: Final = 500

# Assumed, for want of published figures: all that follows.
_TILT: Final = 0.06
"""From pileup 20 to 60 the ends (the rim) grow by so much more than the middle (the hole)."""
_UNEVEN: Final = 0.01
"""The same for single towers, rms."""
_JETS: Final = {"EB": 0.15, "EE+": 0.05, "EE-": 0.05}
"""More blocks in JetHT events: by so much in the middle of the barrel, none at its ends; all over EE."""
_IONS: Final = 1.3
"""Blocks in heavy-ion events against those of proton collisions with as many single digis."""
_COSMICS: Final = 0.001
"""Counts without beam against those at pileup 50."""

_TAG: Final = 0x9E59


def line(view_name: str, pileup: float) -> float:
    """Mean digis of the whole subdetector in an event."""
    slope, intercept = PILEUP_LINES[view_name]
    return (slope * pileup + intercept) / LINE_EVENTS


class Factors(NamedTuple):
    """What multiplies the mean number of blocks of each seed and of single digis of each tower; `(y, x)`."""

    seeds: Array
    singles: Array


class Response:
    """The response of one view of the detector with this seed.

    `caused` is what each tower contributes to the map's sum: the response's shape changes with pileup so that
    the sum stays on the published line.
    """

    def __init__(self, view: View, seed: int, caused: Array, stability: Stability) -> None:
        self._name = view.name
        self._changes = Changes(view, seed, stability)
        rng = np.random.default_rng([seed, _TAG, *view.name.encode()])
        away = distance(view) / (1.0 if view.name == "EB" else 10.0)
        shape = _TILT * away**2 + _UNEVEN * rng.standard_normal(view.shape)
        self._shape = shape - (caused * shape).sum() / caused.sum()
        jets = _JETS[view.name]
        self._jets = 1.0 + (jets * (1.0 - away**2) if view.name == "EB" else np.full(view.shape, jets))

    def factors(self, at: Conditions) -> Factors:
        """The factors in these conditions."""
        every = self._changes.factor(at) * (at.activity * self._level(at))
        if at.beam != "none":
            every *= 1.0 + np.clip((at.pileup - PILEUP) / 40.0, -1.25, 4.0) * self._shape
        if at.beam == "ions":
            return Factors(_IONS * every, every)
        jets = at.beam == "protons" and at.dataset == "JetHT"
        return Factors(every * self._jets if jets else every, every)

    def _level(self, at: Conditions) -> float:
        return _COSMICS if at.beam == "none" else line(self._name, at.pileup) / line(self._name, PILEUP)
