"""In what conditions a map was made: as told, and where nothing was told, as the map itself shows."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from caloscope.detectors.base import Array, NotKnown, Observation
from caloscope.detectors.reference.level import Levels
from caloscope.detectors.reference.mean import Mean
from caloscope.records import Reason

PILEUP_MARGIN: Final = 5.0
"""How far outside the pileup it was trained on what was learned is still believed."""


class Found(NamedTuple):
    """Events, x of the pileup, a shift of u beside it, and whether a pileup that means something was told."""

    events: float
    x: float
    shift: float
    told: bool


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
        return Found(events, 0.0, self.levels.shift(counts, events), told)

    def refused(self, observation: Observation, found: Found) -> NotKnown | None:
        """Why conditions themselves leave nothing to judge."""
        if found.events <= 0:
            return NotKnown(Reason.NO_EVENTS, "no events, and nothing counted to estimate them from")
        if found.events < self.min_events:
            detail = f"{found.events:.0f} events, at least {self.min_events} needed"
            return NotKnown(Reason.FEW_EVENTS, detail)
        pileup = observation.pileup
        if pileup is None or not self.mean.follows or self._inside(pileup) == pileup:
            return None
        learned = f"{self.mean.pileup_low:.0f} to {self.mean.pileup_high:.0f}"
        return NotKnown(Reason.OUT_OF_RANGE, f"pileup {pileup:.1f}, learned from {learned}")

    def degraded(self, observation: Observation) -> tuple[Reason, ...]:
        """Which of them were estimated."""
        found = [Reason.EVENTS_ESTIMATED] if observation.events is None else []
        if observation.pileup is None and (self.mean.follows or self.mean.noise == "overdispersed"):
            found.append(Reason.PILEUP_ESTIMATED)
        return tuple(found)

    def _inside(self, pileup: float) -> float:
        """The pileup, in the range where what was learned is believed."""
        low, high = max(self.mean.pileup_low - PILEUP_MARGIN, 0.1), self.mean.pileup_high + PILEUP_MARGIN
        return min(max(pileup, low), high)
