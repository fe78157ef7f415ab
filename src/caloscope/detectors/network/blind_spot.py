"""A network that predicts each cell from its surroundings and never sees the cell itself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Answer, Array, Expectation, Memory, Observation, Settings
from caloscope.detectors.network import pictures, standing
from caloscope.detectors.network.residuals import CLIPPED
from caloscope.detectors.onnx import Session
from caloscope.detectors.reference import Reference
from caloscope.errors import BundleError
from caloscope.records import Mask

SURROUNDINGS, PREDICTION = "surroundings", "prediction"

LOGARITHM: Final = (-4.0, 2.0)
"""Between these is the logarithm of the share of the variance that is left."""


@dataclass(frozen=True, slots=True, eq=False)
class BlindSpot:
    """The reference's expectation, and what the surroundings of each cell say that it is now.

    A convolutional network whose receptive field leaves out the cell that it predicts (Laine et al.,
    arXiv:1901.10277) gets residuals in standard deviations, which cells take part, and what the other cells
    of the same hardware have in common; it answers with the residual that is expected and the share of the
    variance that is left. No cell has a say in its own expectation; cells that are flagged, suspect or far
    from what is expected leave the surroundings of others. Regions and the whole map are judged by the
    reference's covariance. `share`, in the view's shape, corrects the variance on runs that the network did
    not learn from. `hardware` holds the number of each living cell's smallest region, -1 for none.

    Good at: all that the reference is good at, and single cells where it was learned from few lumisections.
    Bad at: nothing that the reference is better at is known; it needs a network and three times the time.
    """

    name: ClassVar[str] = "blind-spot"

    reference: Reference
    session: Session
    share: Array
    hardware: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.reference.shape

    @property
    def alive(self) -> Mask:
        """Cells that counted at least once in the reference."""
        return self.reference.alive

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """What the reference expects, with this network to say what surroundings make of it."""
        answer, memory = standing.look(self.reference, observation, memory)
        if isinstance(answer, Expectation):
            answer = replace(answer, surroundings=self)
        return answer, memory

    def given(self, residual: Array, asked: Mask) -> tuple[Array, Array]:
        """See `Surroundings`."""
        alive = self.alive
        expected, left = np.zeros(alive.shape), np.ones(alive.shape)
        expected[alive], left[alive] = self.predicted(residual[alive], asked[alive])
        return expected, left

    def predicted(self, residual: Array, agree: Mask) -> tuple[Array, Array]:
        """The residual that the surroundings make likely, and the share of variance left, `(cell,)` each."""
        shown = surroundings(residual, agree, self.hardware, self.alive)
        found, logarithm = pictures.cells(self.session.run(shown), self.alive)
        return found, np.exp(np.clip(logarithm, *LOGARITHM)) * self.share[self.alive]

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps."""
        return self.reference.settings()

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return standing.arrays_of(self.reference) | {"share": self.share, "hardware": self.hardware}

    @classmethod
    def restore(
        cls, settings: Settings, arrays: Mapping[str, NDArray[np.generic]], model: Path | None
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when something does not fit."""
        reference = standing.reference_of(settings, arrays)
        session = pictures.session_of(cls.name, model, reference.shape, (3, 2), (SURROUNDINGS, PREDICTION))
        share = learned.array_of(cls.name, arrays, "share", reference.shape)
        alive = reference.alive
        hardware = learned.array_of(cls.name, arrays, "hardware", (int(alive.sum()),), negative=True)
        if (hardware < -1).any() or (hardware >= alive.size).any() or (hardware % 1 != 0).any():
            raise BundleError(f"{cls.name}: found numbers of hardware that cannot be, expected -1 or more")
        return cls(reference, session, share, hardware.astype(np.int64))


def surroundings(
    residual: Array, agree: Mask, hardware: NDArray[np.int64], alive: Mask
) -> NDArray[np.float32]:
    """The network's input, `(1, 3 x depths, y, x)`: residuals, which cells take part, and their hardware.

    The last is, for each cell, the sum over the *other* cells of its hardware that take part, in standard
    deviations. Where a cell does not take part its residual is 0.
    """
    seen = np.where(agree, np.clip(residual, -CLIPPED, CLIPPED), 0.0)
    part = agree.astype(np.float64)
    others = others_of(seen, part, hardware)
    return np.concatenate([pictures.picture(each, alive) for each in (seen, part, others)], axis=1)


def others_of(seen: Array, part: Array, hardware: NDArray[np.int64]) -> Array:
    """Sum of the other cells of the same hardware over the root of their number, `(cell,)`; 0 for none."""
    number = hardware + 1
    total = np.bincount(number, weights=seen)[number] - seen
    count = np.bincount(number, weights=part)[number] - part
    return np.where(hardware >= 0, total / np.sqrt(np.maximum(count, 1.0)), 0.0)
