"""The channels of one HCAL map: how likely each counts in some conditions, and how they count together."""

from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array
from caloscope.geometry import View
from caloscope.geometry.eras import Era
from caloscope.geometry.hcal_layout import IETA, Subdetector, phase0, subdetectors
from caloscope.records import Mask
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.hcal.modes import common
from caloscope.simulate.hcal.pattern import certain, hazards, outer
from caloscope.simulate.hcal.showers import HB, HE, Showers

Whole: TypeAlias = NDArray[np.int64]
_HB, _HE, _HO = range(3)

PILEUP: Final = 50.0
POWERS: Final = np.array([0.43, 1.0, 0.20])
"""Powers of pileup that hazards follow in HB, HE and HO. Over the 999 lumisections of run 306138 p was 9 %
lower in HB, and 15 % in HE, than at their start: so it is here when pileup is 27 % lower on average. HO is
assumed."""

ZERO_BIAS: Final = (0.91, 0.85)
ZERO_BIAS_HO: Final = 0.88
"""Hazard of a ZeroBias event over that of a JetHT event, assumed: at |ieta| 1 and 29, and in HO."""

COSMICS: Final = 0.015
_COSMICS: Final = (0.01, 0.02)
IONS: Final = 2.0
"""Hazard of a heavy-ion event of mean activity over that of a ZeroBias event at pileup 50; assumed."""

_HIGHEST: Final = 10.0
"""Hazard of a channel that was seen to count in every event."""

LOST_PHASE1: Final = 2.2e-4
LOST_HF: Final = 1.6e-5
"""Part of the digis that give no rec hit, measured in HEP17 and in HF; all 20 million of HPDs do."""


@dataclass(frozen=True, slots=True, eq=False)
class Channels:
    """Channels that count at times, at the flat indices `cells`, and those of HF that always do, `sure`.

    `hazard` is that of ZeroBias at pileup 50, `jets` what JetHT multiplies it by, `quiet` that of cosmics,
    `part` 0 for HB, 1 for HE, 2 for HO; all along `cells`. `rate` and `lost`, the part of the counts that is
    dropped, have the view's shape. `showers` have the indices along `cells` of the channels that they reach.
    """

    rate: Array
    lost: Array
    cells: Whole
    sure: Whole
    hazard: Array
    jets: Array
    quiet: Array
    part: Whole
    showers: tuple[tuple[Whole, Showers], ...]

    def probability(self, at: Conditions, factor: Array) -> Array:
        """Probability of each of `cells` to count in an event; `factor` in the view's shape."""
        changed = factor.ravel()[self.cells]
        if at.beam == "none":
            return np.asarray(-np.expm1(-self.quiet * changed))
        level = common(at) * at.activity
        level *= IONS if at.beam == "ions" else (max(at.pileup, 0.0) / PILEUP) ** POWERS
        hazard = self.hazard * level[self.part]
        if at.dataset == "JetHT" and at.beam == "protons":
            hazard *= self.jets
        return np.asarray(-np.expm1(-np.maximum(hazard, self.quiet) * changed))

    def on_view(self, p: Array) -> Array:
        """Probabilities in the view's shape."""
        found = np.zeros(self.rate.size)
        found[self.cells], found[self.sure] = p, 1.0
        return found.reshape(self.rate.shape)

    def digis(self, rng: np.random.Generator, events: int, p: Array) -> Whole:
        """Digis in the view's shape."""
        counts = np.zeros(self.rate.size, np.int64)
        counts[self.sure] = events
        if self.showers:
            for which, showers in self.showers:
                counts[self.cells[which]] = showers.draw(rng, events, p[which])
        else:
            counts[self.cells] = rng.binomial(events, p)
        return counts.reshape(self.rate.shape)

    def kept(self, rng: np.random.Generator, digis: Whole) -> Whole:
        """What is counted of the digis, in the view's shape: all, or those that become rec hits."""
        some = np.flatnonzero(self.lost)
        if not some.size:
            return digis
        counts = digis.ravel().copy()
        counts[some] -= rng.binomial(counts[some], self.lost.ravel()[some])
        return counts.reshape(self.rate.shape)

    def covariance(self, events: int, p: Array, cells: Mask) -> Array:
        """Covariance of the counts of the cells in a mask, in C order."""
        wanted = np.flatnonzero(cells)
        kept = 1.0 - self.lost.ravel()[wanted]
        place = np.full(self.rate.size, -1)
        place[wanted] = np.arange(len(wanted))
        found = np.zeros((len(wanted), len(wanted)))
        for which, showers in self.showers:
            at = place[self.cells[which]]
            block = np.ix_(at[at >= 0], at[at >= 0])
            found[block] = showers.covariance(events, p[which], np.flatnonzero(at >= 0))
        found *= kept[:, None] * kept
        q = self.on_view(p).ravel()[wanted] * kept
        np.fill_diagonal(found, events * q * (1.0 - q))
        return found


def channels(view: View, seed: int, pattern: Array | None, *, rechit: bool) -> Channels:
    """The channels of a map; `pattern` holds probabilities to count, see `hcal`."""
    era, inner = cast("Era", view.era), view.name == "HCAL"
    part = _parts(era) if inner else np.where(view.exists, _HO, -1)
    always = certain(era, 2 if rechit else 4) if inner else np.zeros(view.shape, np.bool_)
    ratio = _zero_bias(inner=inner)
    if pattern is None:
        found = ratio * (hazards(era, seed) if inner else outer(seed))
    else:
        found = -np.log1p(-np.clip(pattern, 0.0, -np.expm1(-_HIGHEST)))
        always &= pattern > 0.0
    alive = (found > 0.0) & (part >= 0)
    cells, hazard, parts = np.flatnonzero(alive), found[alive], part[alive]
    return Channels(
        rate=_frozen(np.where(alive, -np.expm1(-found), np.where(always, 1.0, 0.0))),
        lost=_frozen(_lost(era, always, alive) if rechit else np.zeros(view.shape)),
        cells=cells,
        sure=np.flatnonzero(always),
        hazard=hazard,
        jets=1.0 / np.broadcast_to(ratio, view.shape)[alive],
        quiet=_quiet(hazard, parts),
        part=parts,
        showers=_showers(cells, parts, view.shape) if inner else (),
    )


def _frozen(array: Array) -> Array:
    array.setflags(write=False)
    return array


def _parts(era: Era) -> Whole:
    """0 for HB, 1 for HE, else -1, shape (7, 72, 84)."""
    which = subdetectors(era)
    return np.select([which == Subdetector.HB, which == Subdetector.HE], [_HB, _HE], -1)


def _zero_bias(*, inner: bool) -> Array:
    """Hazard of ZeroBias over that of JetHT by ieta bin, shape (84,)."""
    ring = np.minimum(np.abs(IETA), 29)
    first, last = ZERO_BIAS
    return first + (last - first) * (ring - 1) / 28 if inner else np.full(len(IETA), ZERO_BIAS_HO)


def _lost(era: Era, always: Mask, alive: Mask) -> Array:
    return np.where(always, LOST_HF, np.where(alive & ~phase0(era), LOST_PHASE1, 0.0))


def _quiet(hazard: Array, part: Whole) -> Array:
    """Hazards without beam: mostly noise, more where thresholds are low, and never above those with beam."""
    found = np.zeros_like(hazard)
    for number in np.unique(part):
        mine = part == number
        level = COSMICS * np.sqrt(hazard[mine] / np.median(hazard[mine]))
        found[mine] = np.minimum(np.clip(level, *_COSMICS), hazard[mine])
    return found


def _showers(cells: Whole, part: Whole, shape: tuple[int, ...]) -> tuple[tuple[Whole, Showers], ...]:
    depth, row, column = np.unravel_index(cells, shape)
    found = []
    for number, strength in ((_HB, HB), (_HE, HE)):
        which = np.flatnonzero(part == number)
        if len(which):
            found.append((which, Showers(depth[which], row[which], column[which], strength)))
    return tuple(found)
