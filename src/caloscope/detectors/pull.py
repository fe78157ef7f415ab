"""The plain pull of DQM practice: counts against a reference in Poisson standard deviations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Answer, Array, Memory, Noise, NotKnown, Observation, Settings
from caloscope.records import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Pull:
    """(n - e) / sqrt(e + (error of e)^2) in each cell and lumisection, e from a per-event average.

    The expected count e is the average of good lumisections, scaled to events and to pileup by a line that
    all cells share. Its error is that of counting the reference; errors are Poisson, as they are in the
    bin-by-bin pulls that the field draws, whatever the cells really do: pulls of ECAL towers are 3 to 4 times
    wider than a standard normal, those of busy HCAL channels are narrower. Good at: dead and very hot cells.
    Bad at: weak faults, as nothing adds up over lumisections, and at regions.

    `threshold` is in pulls, the same for all cells; the one that `fit` finds is extrapolated.
    """

    name: ClassVar[str] = "pull"

    typical: learned.Typical
    threshold: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.typical.rate.shape

    @property
    def alive(self) -> Mask:
        """Cells that counted at least once in the reference."""
        return self.typical.alive

    @classmethod
    def fit(cls, observations: Sequence[Observation], noise: Noise, *, min_events: int = 30) -> Self:
        """Learn from good lumisections, two or more with known events. Raises `UsageError` for fewer."""
        good = learned.usable(observations, min_events)
        found = cls(learned.learn(good, noise, min_events), 1.0)
        return replace(found, threshold=learned.cutoff(found, good))

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """The size of the pulls of this lumisection, and their sign. It remembers nothing."""
        expected = self.typical.expected(observation, follow=False)
        if isinstance(expected, NotKnown):
            return expected, memory
        pulls = self._pulls(observation.counts, expected.mean)
        score = learned.pulled(
            pulls, self.threshold, self.alive, expected.mean, expected.events, expected.degraded
        )
        return score, memory

    def _pulls(self, counts: Array, mean: Array) -> Array:
        """Zero where nothing is expected."""
        variance = np.where(mean > 0, mean + (self.typical.relative_error * mean) ** 2, 1.0)
        return np.asarray(np.where(mean > 0, (counts - mean) / np.sqrt(variance), 0.0))

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps."""
        return self.typical.settings() | {"threshold": self.threshold}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return self.typical.arrays()

    @classmethod
    def restore(
        cls,
        settings: Settings,
        arrays: Mapping[str, NDArray[np.generic]],
        model: Path | None,  # noqa: ARG003 - the contract; there is no network
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when something does not fit."""
        typical = learned.Typical.restore(cls.name, settings, arrays)
        return cls(typical, learned.positive_of(cls.name, settings, "threshold"))
