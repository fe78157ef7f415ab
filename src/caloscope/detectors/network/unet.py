"""A U-Net that says of every cell whether it counts too little or too much."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Answer, Array, Expectation, Memory, Observation, Score, Settings
from caloscope.detectors.network import pictures, standing, windows
from caloscope.detectors.network.residuals import variance
from caloscope.detectors.notebook import SHIFT
from caloscope.detectors.onnx import Session
from caloscope.detectors.reference import Reference
from caloscope.records import Mask

RESIDUALS, LOGITS = "residuals", "logits"

CHANNELS: Final = len(windows.WINDOWS) + 1
"""Channels of the input for each depth: one for each window, and which cells live."""


@dataclass(frozen=True, slots=True, eq=False)
class UNet:
    """The logarithm of the odds that a cell is faulty, as a network sees them that was shown faults.

    Residuals around the reference's expectation, in standard deviations, of the last 1, 3 and 10 lumisections
    of the run go in; the odds for too few and for too many counts come out, for each cell (Ronneberger et
    al., arXiv:1505.04597). The score is the larger of the two, plus 30, and accumulated: it looks at ten
    lumisections at most.

    Good at: faults like those that it was shown, of any shape: cells, patches, hardware. Bad at: weak faults
    that only many lumisections together show, and at what it was not shown.
    """

    name: ClassVar[str] = "unet"

    reference: Reference
    session: Session
    threshold: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.reference.shape

    @property
    def alive(self) -> Mask:
        """Cells that counted at least once in the reference."""
        return self.reference.alive

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """The score now. It remembers the last residuals of the run, and what the reference does."""
        answer, after = standing.look(self.reference, observation, memory)
        kept = {name: memory[name] for name in (windows.OFF, windows.VARIANCE, windows.RUN) if name in memory}
        if not isinstance(answer, Expectation):
            return answer, {**after, **kept}
        alive = self.alive
        off = observation.counts[alive] - answer.mean[alive]
        spread = variance(answer.mean[alive], answer.dispersion[alive], answer.trials)
        queues = windows.remembered(memory, observation.id.run, off, spread)
        low, high = self.odds(windows.windows(queues[windows.OFF], queues[windows.VARIANCE]))
        run = np.array(observation.id.run)
        return self._score(low, high, answer, observation), {**after, **queues, windows.RUN: run}

    def odds(self, seen: Array) -> tuple[Array, Array]:
        """Logarithms of the odds of too few and too many counts, `(cell,)`, from windows `(window, cell)`."""
        lives = np.ones((1, seen.shape[1]))
        shown = np.concatenate([pictures.picture(each, self.alive) for each in (*seen, *lives)], axis=1)
        low, high = pictures.cells(self.session.run(shown), self.alive)
        return low, high

    def _score(self, low: Array, high: Array, answer: Expectation, observation: Observation) -> Score:
        worse = np.maximum(np.maximum(low, high) + SHIFT, 0.0)
        value, sign = learned.on_view(np.stack([worse, np.where(low >= high, -1.0, 1.0)]), self.alive)
        return Score(
            value=value,
            threshold=self.threshold,
            testable=self.alive,
            accumulated=True,
            reconstruction=answer.mean,
            direction=sign.astype(np.int8),
            image_events=observation.events,
            degraded=answer.degraded,
        )

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps."""
        return {**self.reference.settings(), "threshold": self.threshold}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps: those of the reference."""
        return standing.arrays_of(self.reference)

    @classmethod
    def restore(
        cls, settings: Settings, arrays: Mapping[str, NDArray[np.generic]], model: Path | None
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when something does not fit."""
        reference = standing.reference_of(settings, arrays)
        session = pictures.session_of(cls.name, model, reference.shape, (CHANNELS, 2), (RESIDUALS, LOGITS))
        return cls(reference, session, learned.positive_of(cls.name, settings, "threshold"))
