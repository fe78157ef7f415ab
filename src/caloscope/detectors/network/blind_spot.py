"""A network that predicts each cell from its surroundings and never sees the cell itself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from caloscope.detectors import learned
from caloscope.detectors.base import Answer, Array, Expectation, Memory, Observation, Settings
from caloscope.detectors.learned.scale import HIGHEST_PROBABILITY
from caloscope.detectors.network import pictures, standing
from caloscope.detectors.network.residuals import CLIPPED, deviation
from caloscope.detectors.onnx import Session
from caloscope.detectors.reference import Reference
from caloscope.errors import BundleError
from caloscope.records import Mask

SURROUNDINGS, PREDICTION = "surroundings", "prediction"

OUTLIER: Final = 4.0
"""Standard deviations beyond which a cell says nothing of its neighbours."""

LOGARITHM: Final = (-4.0, 2.0)
"""Between these is the logarithm of the share of the variance that is left."""

ROUNDS: Final = 4
AROUND: Final = 7
"""Bins across of the surroundings that the network sees."""

LOWEST: Final = 0.05
"""No prediction is below this share of what the reference expects."""


@dataclass(frozen=True, slots=True, eq=False)
class BlindSpot:
    """The reference's expectation, moved to where the surroundings of each cell say that it is now.

    A convolutional network whose receptive field leaves out the cell that it predicts (Laine et al.,
    arXiv:1901.10277) gets residuals in standard deviations, which cells take part, and what the other cells
    of the same hardware have in common; it answers with the residual that is expected and the share of the
    variance that is left. No cell has a say in its own expectation; cells far from theirs leave the
    surroundings of others, the farthest first. `share`, in the view's shape, corrects the variance on runs
    that the network did not learn from. `hardware` holds the number of each living cell's smallest region,
    -1 for none.

    Good at: single cells, also next to faulty ones and at edges. Bad at: regions, as cells that are faulty
    together explain each other.
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
        """The counts expected now, given the surroundings. It remembers what the reference does."""
        answer, memory = standing.look(self.reference, observation, memory)
        if not isinstance(answer, Expectation):
            return answer, memory
        return self._moved(observation.counts, answer), memory

    def _moved(self, counts: Array, expected: Expectation) -> Expectation:
        alive = self.alive
        width = deviation(expected)[alive]
        residual = (counts[alive] - expected.mean[alive]) / width
        found, left = self._agreed(residual)
        moved, dispersion = expected.mean.copy(), expected.dispersion.copy()
        moved[alive] = np.maximum(moved[alive] + found * width, LOWEST * moved[alive])
        if expected.noise == "binomial":
            moved = np.minimum(moved, expected.trials * HIGHEST_PROBABILITY)
        else:
            dispersion[alive] = np.maximum(1.0, dispersion[alive] * left)
        return replace(expected, mean=moved, dispersion=dispersion, covariance=None)

    def _agreed(self, residual: Array) -> tuple[Array, Array]:
        """What `predicted` says once cells that are far off have left the surroundings of others.

        The farthest of neighbours leaves first, and comes back where it agrees with what is left: otherwise a
        faulty cell would make its healthy neighbours leave, and would be asked about itself by their absence.
        """
        agree = np.ones(residual.shape, np.bool_)
        found, left = self.predicted(residual, agree)
        for _ in range(ROUNDS):
            off = np.abs(residual - found) / np.sqrt(left)
            here = off > OUTLIER
            now = ~(here & (~agree | self._farthest(off)))
            if (now == agree).all():
                break
            agree = now
            found, left = self.predicted(residual, agree)
        return found, left

    def _farthest(self, off: Array) -> Mask:
        """Cells that are farther off than all others around them, `(cell,)`."""
        on_view = learned.on_view(off[np.newaxis], self.alive)[0]
        size = (*(1,) * (on_view.ndim - 2), AROUND, AROUND)
        # Round all edges: where an axis is no circle this only makes a cell wait for a round.
        return np.asarray(on_view >= maximum_filter(on_view, size, mode="wrap"))[self.alive]

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
