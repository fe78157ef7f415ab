"""A detector that never sees anything wrong: what others must be better than."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Answer, Memory, Noise, Observation, Score, Settings
from caloscope.records import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Blind:
    """It calls every living cell good, whatever it is shown, no events and no counts included.

    For test kits and studies: a figure that does not tell it from another detector says nothing.
    """

    name: ClassVar[str] = "blind"

    alive: Mask

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.alive.shape

    @classmethod
    def fit(cls, observations: Sequence[Observation], noise: Noise, *, min_events: int = 30) -> Self:  # noqa: ARG003 - it learns nothing else
        """Note which cells live. Raises `UsageError` for less than two lumisections with known events."""
        good = learned.usable(observations, min_events)
        alive = np.zeros(good[0].counts.shape, np.bool_)
        for observation in good:
            alive |= observation.counts > 0
        return cls(alive)

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """Nothing wrong. It remembers nothing."""
        nothing = np.zeros(self.shape)
        score = Score(nothing, 1.0, self.alive, accumulated=False, image_events=observation.events)
        return score, memory

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps: none."""
        return {}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return {"alive": self.alive}

    @classmethod
    def restore(
        cls,
        settings: Settings,  # noqa: ARG003 - the contract; it has none
        arrays: Mapping[str, NDArray[np.generic]],
        model: Path | None,  # noqa: ARG003 - the contract; there is no network
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when it is missing."""
        return cls(learned.array_of(cls.name, arrays, "alive") > 0)
