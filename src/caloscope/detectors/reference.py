"""The default detector: what a healthy detector counted before, scaled to today's events and pileup.

Good at: anything that changes a cell's mean count, from three lumisections of history on. Bad at: what its
reference already contained (a cell that was always at half rate is healthy to it), at noise that neighbouring
cells share, and at a whole map that changes by less than conditions may. It answers the first question
(`Expectation`); the evidence is made elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import reference_fit as fit
from caloscope.detectors import reference_scale as scales
from caloscope.detectors.base import (
    Answer,
    Array,
    Expectation,
    Memory,
    Noise,
    NotKnown,
    Observation,
    Settings,
)
from caloscope.errors import BundleError
from caloscope.records import Mask, Reason

PILEUP_MARGIN = 5.0
"""How far outside the pileup it was trained on the fitted line is still believed."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Per-cell expectation learned from good lumisections.

    `rate` is the count per event and cell at pileup `pileup_mean`, `([depth,] y, x)`; it changes with pileup
    by the common relative `slope` per unit, where that could be learned; else the map is its own measure.
    `dispersion` is a Fano factor (overdispersed) or an intraclass correlation (binomial). `alive` marks cells
    that counted at least once in the reference.
    """

    name: ClassVar[str] = "reference"

    noise: Noise
    rate: Array
    dispersion: Array
    relative_error: Array
    alive: Mask
    slope: float
    slope_learned: bool
    pileup_mean: float
    pileup_low: float
    pileup_high: float
    min_events: int = 30

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.rate.shape

    @classmethod
    def fit(cls, observations: Sequence[Observation], noise: Noise, *, min_events: int = 30) -> Self:
        """Learn from good lumisections, two or more with known events.

        Raises `UsageError` when there are too few.
        """
        return cls(noise=noise, min_events=min_events, **fit.fit_reference(observations, noise, min_events))

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """The counts expected now. It remembers nothing."""
        factor = self._pileup_factor(observation.pileup)
        if factor is None and observation.pileup is not None and self.slope_learned:
            learned = f"{self.pileup_low:.0f} to {self.pileup_high:.0f}"
            detail = f"pileup {observation.pileup:.1f}, learned from {learned}"
            return NotKnown(Reason.OUT_OF_RANGE, detail), memory
        per_event = self.rate if factor is None else np.where(self._always, self.rate, self.rate * factor)
        events = observation.events
        scale = float(events) if events is not None else self._estimate(observation.counts, per_event)
        if scale <= 0:
            return NotKnown(Reason.NO_EVENTS, "no events, and nothing counted to estimate them from"), memory
        if scale < self.min_events:
            detail = f"{scale:.0f} events, at least {self.min_events} needed"
            return NotKnown(Reason.FEW_EVENTS, detail), memory
        mean = self._with_common_mode(observation.counts, per_event * scale, known=factor is not None)
        degraded = []
        if events is None:
            degraded.append(Reason.EVENTS_ESTIMATED)
        if observation.pileup is None and (self.slope_learned or self.noise == "overdispersed"):
            degraded.append(Reason.PILEUP_ESTIMATED)
        return self._expectation(mean, scale, tuple(degraded)), memory

    @property
    def _always(self) -> Mask:
        """Channels that count in every event, whatever the pileup."""
        return np.asarray((self.rate >= scales.ALWAYS) & (self.noise == "binomial"))

    def _pileup_factor(self, pileup: float | None) -> float | None:
        """Change of the mean with pileup; None where it is not known or was not learned there."""
        if pileup is None or not self.slope_learned:
            return None
        if not self.pileup_low - PILEUP_MARGIN <= pileup <= self.pileup_high + PILEUP_MARGIN:
            return None
        return self._line(pileup)

    def _line(self, pileup: float) -> float:
        return max(0.05, 1.0 + self.slope * (pileup - self.pileup_mean))

    def _estimate(self, counts: Array, per_event: Array) -> float:
        """Number of events from the map itself."""
        return scales.scale_of(counts, np.where(self.alive, per_event, 0.0), self.dispersion, self.noise)

    def _with_common_mode(self, counts: Array, mean: Array, *, known: bool) -> Array:
        """The mean with as much of the map's common mode as conditions explain."""
        voting = scales.with_a_say(mean, self.rate, self.alive, self.noise)
        ratio = scales.common_ratio(counts, voting, self.dispersion, self.noise)
        factor = scales.bounded(ratio, *self._limits(known=known))
        return np.asarray(np.where(self._always, mean, mean * factor))

    def _limits(self, *, known: bool) -> tuple[float, float]:
        """What conditions may do to the map as a whole, as factors."""
        if known:
            return 1.0 / scales.KNOWN_LIMIT, scales.KNOWN_LIMIT
        if not self.slope_learned:
            return 1.0 / scales.UNKNOWN_LIMITS[self.noise], scales.UNKNOWN_LIMITS[self.noise]
        reach = sorted(self._line(pu) for pu in (self.pileup_low, self.pileup_high))
        return reach[0] / scales.KNOWN_LIMIT, reach[1] * scales.KNOWN_LIMIT

    def _expectation(self, mean: Array, trials: float, degraded: tuple[Reason, ...]) -> Expectation:
        if self.noise == "binomial":
            mean = np.minimum(mean, trials * fit.HIGHEST_PROBABILITY)
        return Expectation(
            noise=self.noise,
            mean=np.where(self.alive, mean, 0.0),
            dispersion=self.dispersion,
            testable=self.alive,
            relative_error=self.relative_error,
            trials=trials if self.noise == "binomial" else 0.0,
            degraded=degraded,
        )

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps."""
        return {
            "noise": self.noise,
            "slope": self.slope,
            "slope_learned": self.slope_learned,
            "pileup_mean": self.pileup_mean,
            "pileup_low": self.pileup_low,
            "pileup_high": self.pileup_high,
            "min_events": self.min_events,
        }

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return {
            "rate": self.rate,
            "dispersion": self.dispersion,
            "relative_error": self.relative_error,
            "alive": self.alive,
        }

    @classmethod
    def restore(
        cls,
        settings: Settings,
        arrays: Mapping[str, NDArray[np.generic]],
        model: Path | None,  # noqa: ARG003 - the contract; a reference has no network
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when something is missing."""
        try:
            _check_shapes(arrays)
            noise = settings["noise"]
            if noise not in ("binomial", "overdispersed"):
                raise BundleError(f"reference: noise = {noise!r}, expected 'binomial' or 'overdispersed'")
            return cls(
                noise="binomial" if noise == "binomial" else "overdispersed",
                rate=arrays["rate"].astype(np.float64),
                dispersion=arrays["dispersion"].astype(np.float64),
                relative_error=arrays["relative_error"].astype(np.float64),
                alive=arrays["alive"].astype(np.bool_),
                slope=float(settings["slope"]),
                slope_learned=bool(settings["slope_learned"]),
                pileup_mean=float(settings["pileup_mean"]),
                pileup_low=float(settings["pileup_low"]),
                pileup_high=float(settings["pileup_high"]),
                min_events=int(settings["min_events"]),
            )
        except (KeyError, ValueError) as error:
            raise BundleError(f"reference: {error} is missing or not a number") from error


def _check_shapes(arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """All arrays have one shape and sensible values. Raises `BundleError`."""
    shape = arrays["rate"].shape
    for name in ("rate", "dispersion", "relative_error", "alive"):
        found = arrays[name]
        if found.shape != shape:
            raise BundleError(f"reference: found {name} of shape {found.shape}, expected {shape}")
        if not np.isfinite(found.astype(np.float64)).all() or (found.astype(np.float64) < 0).any():
            raise BundleError(f"reference: found {name} with values that are no number, or negative")
    if not (arrays["dispersion"].astype(np.float64) > 0).all():
        raise BundleError("reference: found a dispersion of zero, expected positive ones")
