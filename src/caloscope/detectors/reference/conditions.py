"""In what conditions a map was made: as told, and where nothing was told, as the map itself shows."""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from caloscope.detectors.base import Array, NotKnown, Observation
from caloscope.detectors.reference.areas import map_level
from caloscope.detectors.reference.level import Levels
from caloscope.detectors.reference.mean import Mean
from caloscope.detectors.reference.samples import LEAST_SPREAD, MIN_PILEUP_SPREAD, PILEUP_ERROR
from caloscope.records import Reason

PILEUP_MARGIN, PILEUP_SHARE = 5.0, 0.2
"""How far outside the pileup it was trained on what was learned is still believed: so many, or this share."""

FALLEN, RISEN = 0.4, 1.5
"""Factors on the pileup of the training within which it is believed where what pileup does was not learned:
over a long fill it falls by 60 %."""

POWER: Final = {"overdispersed": 1.0, "binomial": 0.75}
"""Of pileup, that the map follows at most: ECAL rates as it does, HCAL hazards less."""

REACH: Final = {"overdispersed": 2.0, "binomial": 1.25}
"""What a pileup that is not told, and of which nothing was learned, may do to the map, as a factor."""

SLACK: Final = 0.05
"""By how much, in u, a map may differ from that."""


def believed(low: float, high: float, *, follows: bool) -> tuple[float, float]:
    """Between which pileups what was learned from `low` to `high` is believed; `follows` as in `Mean`."""
    if not follows:
        return FALLEN * low, RISEN * high
    below = max(low - PILEUP_MARGIN, 0.2 * low)
    return min(below, (1.0 - PILEUP_SHARE) * low), max(high + PILEUP_MARGIN, (1.0 + PILEUP_SHARE) * high)


def reach(pileup: Array) -> tuple[float, float]:
    """Between which pileups lumisections can be judged once a reference has learned from these, `(lumi,)`.

    All are known. Where it takes more than pileups to tell whether what they do is learned, the wider range.
    """
    spread = float(np.std(np.log(np.maximum(pileup, 0.1))))
    surely = len(pileup) > 2 and spread >= max(MIN_PILEUP_SPREAD * PILEUP_ERROR, LEAST_SPREAD)
    never = len(pileup) < 3 or spread < LEAST_SPREAD
    low, high = float(pileup.min()), float(pileup.max())
    ranges = [believed(low, high, follows=follows) for follows in {surely, not never}]
    return min(each[0] for each in ranges), max(each[1] for each in ranges)


class Found(NamedTuple):
    """Events, x of the pileup, a shift of u beside it, and whether a pileup that means something was told.

    `levels` are those of the map's areas against what is expected without the shift, where they were needed.
    """

    events: float
    x: float
    shift: float
    told: bool
    levels: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """Finds the conditions of maps of one kind."""

    mean: Mean
    levels: Levels
    min_events: int

    def of(self, observation: Observation, counts: Array) -> Found:
        """Those of a map with these counts `(n,)`."""
        told = self.mean.follows and observation.pileup is not None
        x = self.mean.away(self._inside(observation.pileup)) if observation.pileup is not None else 0.0
        known = observation.events is not None
        events = self.levels.events(counts, x) if observation.events is None else float(observation.events)
        # Where events are estimated from the whole map, nothing is left that could tell the pileup.
        if told or events <= 0 or not (known or self.mean.sure.any()):
            return Found(events, x, 0.0, told)
        if self.mean.follows:
            return Found(events, self.levels.pileup(counts, events), 0.0, told)
        low, high = self._reach(observation.pileup)
        levels = self.levels.found(counts, self.mean.counts(events, 0.0), events)
        shift = min(max(map_level(levels[0]), low), high)
        return Found(events, 0.0, shift, told, levels)

    def _reach(self, pileup: float | None) -> tuple[float, float]:
        """Between what a map may move in u because of a pileup whose effect was not learned.

        Where nobody tells the pileup a map may do all that it does over a fill: faults of the whole map that
        are smaller are hidden by it.
        """
        mean = self.mean
        if mean.pileup_high <= 0 or pileup is None:
            limit = math.log(REACH[mean.noise])
            return -limit, limit
        does = POWER[mean.noise] * math.log(self._inside(pileup) / mean.pileup_mean)
        return min(does, 0.0) - SLACK, max(does, 0.0) + SLACK

    def refused(self, observation: Observation, found: Found) -> NotKnown | None:
        """Why conditions themselves leave nothing to judge."""
        if found.events <= 0:
            return NotKnown(Reason.NO_EVENTS, "no events, and nothing counted to estimate them from")
        if found.events < self.min_events:
            detail = f"{found.events:.0f} events, at least {self.min_events} needed"
            return NotKnown(Reason.FEW_EVENTS, detail)
        pileup = observation.pileup
        if pileup is None or self.mean.pileup_high <= 0 or self._inside(pileup) == pileup:
            return None
        learned = f"{self.mean.pileup_low:.0f} to {self.mean.pileup_high:.0f}"
        return NotKnown(Reason.OUT_OF_RANGE, f"pileup {pileup:.1f}, learned from {learned}")

    def degraded(self, observation: Observation, found: Found) -> tuple[Reason, ...]:
        """Which of them were estimated."""
        estimated = [Reason.EVENTS_ESTIMATED] if observation.events is None else []
        missed = observation.pileup is None and (self.mean.follows or self.mean.noise == "overdispersed")
        if missed or abs(found.shift) > SLACK:
            estimated.append(Reason.PILEUP_ESTIMATED)
        return tuple(estimated)

    def _inside(self, pileup: float) -> float:
        """The pileup, in the range where what was learned is believed."""
        mean = self.mean
        low, high = believed(mean.pileup_low, mean.pileup_high, follows=mean.follows)
        return min(max(pileup, low), high)
