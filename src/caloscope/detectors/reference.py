"""The default detector: what a healthy detector counted before, scaled to today's events and pileup.

Good at: anything that changes a cell's mean count, from three lumisections of history on. Bad at: what its
reference already contained (a cell that was always at half rate is healthy to it), and at noise that
neighbouring cells share. It answers the first question (`Expectation`); the evidence is made elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import reference_fit as fit
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
    by the common relative `slope` per unit. `dispersion` is a Fano factor (overdispersed) or an intraclass
    correlation (binomial). `alive` marks cells that counted at least once in the reference.
    """

    name: ClassVar[str] = "reference"

    noise: Noise
    rate: Array
    dispersion: Array
    relative_error: Array
    alive: Mask
    slope: float
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
        degraded: list[Reason] = []
        pileup_factor = self._pileup_factor(observation.pileup)
        shape = self.rate * (1.0 if pileup_factor is None else pileup_factor)
        events = observation.events
        scale = float(events or 0)
        if events is None:
            scale = fit.scale_of(observation.counts, shape, self.alive, self.noise)
            degraded.append(Reason.EVENTS_ESTIMATED)
        if scale <= 0:
            return NotKnown(Reason.NO_EVENTS, "no events, and nothing counted to estimate them from"), memory
        if scale < self.min_events:
            detail = f"{scale:.0f} events, at least {self.min_events} needed"
            return NotKnown(Reason.FEW_EVENTS, detail), memory
        mean = shape * scale
        if pileup_factor is None:
            degraded.append(Reason.PILEUP_ESTIMATED)
            if events is not None:
                mean = mean * fit.common_ratio(observation.counts, mean, self.alive)
        return self._expectation(mean, scale, tuple(degraded)), memory

    def _pileup_factor(self, pileup: float | None) -> float | None:
        """Change of the mean with pileup; None where it matters and is not known."""
        if not np.isfinite(self.pileup_low):
            return 1.0  # learned without pileup: it cannot matter now
        low, high = self.pileup_low - PILEUP_MARGIN, self.pileup_high + PILEUP_MARGIN
        if pileup is None or not low <= pileup <= high:
            return None
        return max(0.05, 1.0 + self.slope * (pileup - self.pileup_mean))

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
                pileup_mean=float(settings["pileup_mean"]),
                pileup_low=float(settings["pileup_low"]),
                pileup_high=float(settings["pileup_high"]),
                min_events=int(settings["min_events"]),
            )
        except (KeyError, ValueError) as error:
            raise BundleError(f"reference: {error} is missing or not a number") from error
