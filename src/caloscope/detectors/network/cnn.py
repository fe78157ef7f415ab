"""A convolutional network that says of a map as a whole whether it is good, too low or too high."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Answer, Array, Expectation, Memory, Observation, Score, Settings
from caloscope.detectors.network import pictures, standing
from caloscope.detectors.network.residuals import deviation
from caloscope.detectors.network.unet import LOGITS, RESIDUALS
from caloscope.detectors.network.windows import CLIPPED
from caloscope.detectors.notebook import LIMITS, score_of
from caloscope.detectors.onnx import Session
from caloscope.detectors.reference import Reference
from caloscope.errors import BundleError
from caloscope.records import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Cnn:
    """The odds that a map is faulty, as a network sees them that was shown faulty maps.

    As HCALDQM's networks it sees one lumisection and has three answers for the whole map: good, too low
    (dead), too high (hot). What it sees are residuals around the reference's expectation in standard
    deviations, as counts by themselves change with events and pileup. Every cell gets the same score,
    log((p_low + p_high) / p_good) + 30: it says that something is wrong, and not where. What is above
    `allowance` adds up over lumisections, to `remembered` at most.

    Good at: faults of many cells. Bad at: single cells, weak faults, and saying where.
    """

    name: ClassVar[str] = "cnn"

    reference: Reference
    session: Session
    threshold: float
    allowance: float
    remembered: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.reference.shape

    @property
    def alive(self) -> Mask:
        """Cells that counted at least once in the reference."""
        return self.reference.alive

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """The score of this lumisection. It remembers what the reference does."""
        answer, after = standing.look(self.reference, observation, memory)
        if not isinstance(answer, Expectation):
            return answer, after
        alive = self.alive
        residual = (observation.counts[alive] - answer.mean[alive]) / deviation(answer)[alive]
        logits = self.logits(np.clip(residual, -CLIPPED, CLIPPED))
        score = Score(
            value=np.where(alive, score_of(logits), 0.0),
            threshold=self.threshold,
            testable=alive,
            accumulated=False,
            allowance=self.allowance,
            remembered=self.remembered,
            reconstruction=answer.mean,
            direction=np.where(alive, -1 if logits[1] >= logits[2] else 1, 0).astype(np.int8),
            image_events=observation.events,
            degraded=answer.degraded,
        )
        return score, after

    def logits(self, residual: Array) -> Array:
        """Logits of good, low and high, `(3,)`, from residuals `(cell,)`."""
        shown = [pictures.picture(each, self.alive) for each in (residual, np.ones_like(residual))]
        found = self.session.run(np.concatenate(shown, axis=1))[0].astype(np.float64)
        if not np.isfinite(found).all():
            raise BundleError(f"{self.name}: the network's answer is not finite")
        return np.asarray(found)

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps."""
        return {**self.reference.settings(), **{name: getattr(self, name) for name in LIMITS}}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps: those of the reference."""
        return standing.arrays_of(self.reference)

    @classmethod
    def restore(
        cls, settings: Settings, arrays: Mapping[str, NDArray[np.generic]], model: Path | None
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when something does not fit."""
        reference = standing.reference_of(settings, arrays)
        limits = (learned.positive_of(cls.name, settings, name) for name in LIMITS)
        return cls(reference, cnn_session(model, reference.shape), *limits)


def cnn_session(model: Path | None, shape: tuple[int, ...]) -> Session:
    """A session on such a network. Raises `BundleError` where there is none, or another one."""
    if model is None:
        raise BundleError(f"{Cnn.name}: found no network, expected an ONNX file")
    depths, plane = (shape[0], shape[1:]) if len(shape) == 3 else (1, shape)
    return Session(
        model,
        input_shape=(None, 2 * depths, *plane),
        output_shape=(None, 3),
        input_name=RESIDUALS,
        output_name=LOGITS,
    )
