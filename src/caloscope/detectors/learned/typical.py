"""The typical map: counts per event in good lumisections, and how all cells together follow pileup.

It is what the plain detectors compare with. One response to pileup is shared by all cells: a straight line of
the map's activity, as CMSSW's `ecaldqm::MLClient` has it for the sum of the map.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array, Noise, NotKnown, Observation, Settings
from caloscope.detectors.learned import height, scale
from caloscope.detectors.learned.kept import array_of, count_of, noise_of, number_of
from caloscope.records import Mask, Reason

PILEUP_MARGIN = 5.0
"""How far outside the pileup that it was learned in the line is still believed."""

EXPLAINED = 1.1
"""What errors of events and pileup may do to the map as a whole, as a factor."""

UNEXPLAINED = 2.0
"""What pileup may do where it is not known, or where nothing was learned about it."""

LEAST_ACTIVITY = 0.05


def believed(low: float, high: float) -> tuple[float, float]:
    """Between which pileups a line is believed that was learned from `low` to `high`."""
    return low - PILEUP_MARGIN, high + PILEUP_MARGIN


class Expected(NamedTuple):
    """Mean counts of one lumisection in the view's shape, and the events and activity that they stand for."""

    mean: Array
    events: float
    activity: float
    degraded: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Typical:
    """Counts per event in the view's shape, and their common change with pileup.

    `rate` is zero where a cell never counted (`alive` is false). `relative_error` is that of the rate if
    counts were Poisson: one over the root of what the reference counted. The activity is 1 + `slope` (pileup
    - `pileup_mean`) where a line was learned. `pileup_low` and `pileup_high` are both zero where the pileup
    was never known.
    """

    noise: Noise
    rate: Array
    relative_error: Array
    alive: Mask
    slope: float
    slope_learned: bool
    pileup_mean: float
    pileup_low: float
    pileup_high: float
    min_events: int

    @property
    def sure(self) -> Mask:
        """Channels that count in every event."""
        return np.asarray((self.rate > scale.SURE) & (self.noise == "binomial"))

    def expected(self, observation: Observation, *, follow: bool) -> Expected | NotKnown:
        """Mean counts of this lumisection, or why they cannot be known.

        The activity is that of the pileup where it is known and a line was learned, else the map's own. With
        `follow` it is always the map's own, as near to that of the pileup as conditions explain.
        """
        line = self._line(observation.pileup)
        if isinstance(line, NotKnown):
            return line
        told = observation.events
        events = scale.sure_events(observation.counts, self.sure) if told is None else float(told)
        counted = told is not None or events > 0
        usual = 1.0 if line is None else line
        events = events if counted else self._estimated(observation.counts, usual)
        if events <= 0:
            return NotKnown(Reason.NO_EVENTS, "no events, and nothing counted to estimate them from")
        if events < self.min_events:
            return NotKnown(Reason.FEW_EVENTS, f"{events:.0f} events, at least {self.min_events} needed")
        refused = self._refused(observation, events, usual) if counted else None
        if refused is not None:
            return refused
        # Events that are estimated from the whole map hold its activity already.
        own = counted and (line is None or follow)
        limit = UNEXPLAINED if line is None else EXPLAINED
        activity = self._own(observation.counts, events, usual, limit) if own else usual
        mean = scale.mean_counts(self.rate, self.sure, events, activity, self.noise)
        return Expected(mean, events, activity, self._degraded(observation))

    def _refused(self, observation: Observation, events: float, usual: float) -> NotKnown | None:
        """Why the map as a whole is none of these conditions: a stray count is no map without a fault."""
        cells, counts = self.alive, observation.counts
        mean = scale.mean_counts(self.rate, self.sure, events, usual, self.noise)
        rate, sure = mean[cells] / events, self.sure[cells]
        reason, words = height.judged(counts[cells], rate, sure, events, observation.pileup, self.noise)
        if reason is None:
            return None
        own = scale.common_factor(counts[cells], rate, sure, events, self.noise)
        return NotKnown(
            reason, words, guess=scale.mean_counts(mean / events, self.sure, events, own, self.noise)
        )

    def _own(self, counts: Array, events: float, usual: float, limit: float) -> float:
        """The map's own activity, at most a factor `limit` from the usual one."""
        cells = self.alive
        own = scale.common_factor(counts[cells], self.rate[cells], self.sure[cells], events, self.noise)
        return float(np.clip(own, usual / limit, usual * limit)) if own > 0 else usual

    def _estimated(self, counts: Array, activity: float) -> float:
        per_event = scale.mean_counts(self.rate, self.sure, 1.0, activity, self.noise)
        return scale.events_of(counts, per_event, self.noise)

    def _line(self, pileup: float | None) -> float | NotKnown | None:
        """The activity at this pileup; None where it is not known, or nothing was learned."""
        if pileup is None or not self.slope_learned:
            return None
        low, high = self.pileup_low, self.pileup_high
        least, most = believed(low, high)
        if not least <= pileup <= most:
            detail = f"pileup {pileup:.1f}, learned from {low:.0f} to {high:.0f}"
            return NotKnown(Reason.OUT_OF_RANGE, detail)
        return max(LEAST_ACTIVITY, 1.0 + self.slope * (pileup - self.pileup_mean))

    def _degraded(self, observation: Observation) -> tuple[Reason, ...]:
        found = []
        if observation.events is None:
            found.append(Reason.EVENTS_ESTIMATED)
        if observation.pileup is None and self.pileup_high > 0:
            found.append(Reason.PILEUP_ESTIMATED)
        return tuple(found)

    def settings(self) -> dict[str, str | int | float | bool]:
        """The plain values that a bundle's card keeps."""
        names = ("noise", "slope", "slope_learned", "pileup_mean", "pileup_low", "pileup_high", "min_events")
        return {name: getattr(self, name) for name in names}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return {"rate": self.rate, "relative_error": self.relative_error, "alive": self.alive}

    @classmethod
    def restore(cls, name: str, settings: Settings, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """What a bundle kept of the detector `name`. Raises `BundleError` when it does not fit."""
        rate = array_of(name, arrays, "rate")
        return cls(
            noise=noise_of(name, settings),
            rate=rate,
            relative_error=array_of(name, arrays, "relative_error", rate.shape),
            alive=(array_of(name, arrays, "alive", rate.shape) > 0) & (rate > 0),
            slope=number_of(name, settings, "slope"),
            slope_learned=bool(settings.get("slope_learned")),
            pileup_mean=number_of(name, settings, "pileup_mean"),
            pileup_low=number_of(name, settings, "pileup_low"),
            pileup_high=number_of(name, settings, "pileup_high"),
            min_events=count_of(name, settings, "min_events"),
        )
