"""Autoencoders: what a map should be, as a network rebuilds it from few numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Answer, Array, Memory, Observation, Settings
from caloscope.detectors.network import pictures
from caloscope.detectors.network.made import KEPT, made_of
from caloscope.detectors.onnx import Session
from caloscope.errors import BundleError
from caloscope.records import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A trained autoencoder with the pictures that it knows.

    `session` rebuilds pictures, `(batch, depth or 1, y, x)`. `average`, in the view's shape, is the usual
    picture (`pictures.average_of`), 0 in cells that never counted. `made` says how it was trained.
    """

    session: Session
    average: Array
    made: Mapping[str, str | int | float | bool]

    def rebuilt(self, ratio: Array, alive: Mask) -> Array:
        """Ratios of activity to the usual one as the network rebuilds them, of the living cells `(cell,)`."""
        average = self.average[alive]
        shown = pictures.picture(average * np.clip(ratio, 0.0, pictures.BRIGHTEST), alive)
        return np.asarray(pictures.cells(self.session.run(shown), alive)[0] / average)

    def settings(self) -> dict[str, str | int | float | bool]:
        """The plain values that a bundle's card keeps."""
        return {name: self.made[name] for name in KEPT if name in self.made}

    @classmethod
    def restore(
        cls,
        name: str,
        settings: Settings,
        arrays: Mapping[str, NDArray[np.generic]],
        model: Path | None,
        alive: Mask,
    ) -> Self:
        """What a bundle kept for the detector `name`. Raises `BundleError` when it does not fit."""
        average = learned.array_of(name, arrays, "average", alive.shape)
        if not (average[alive] > 0).all():
            raise BundleError(f"{name}: found an average of zero in a living cell, expected positive ones")
        names = (pictures.PICTURE, pictures.RECONSTRUCTION)
        session = pictures.session_of(name, model, alive.shape, (1, 1), names)
        return cls(session, average, made_of(name, settings))


@dataclass(frozen=True, slots=True, eq=False)
class Autoencoder:
    """The expected map is the typical one with the shape that an autoencoder finds in this lumisection.

    As `pca` does with components: activities over usual ones go into the network, cells far off take no part,
    and the level is that of events and pileup. The counts around what is rebuilt are judged by their
    likelihood. `correction`, in the view's shape, is what healthy cells show over what is rebuilt of them, on
    runs that the network did not learn from: a network rebuilds some cells wrongly for ever.

    Good at: shapes that many cells share and no line describes. Bad at: what passes through its bottleneck,
    as a faulty cell is part of its own expectation, and regions of which the network makes a shape.
    """

    name: ClassVar[str] = "autoencoder"

    known: learned.Known
    network: Network
    correction: Array
    _corrected: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keeps the living cells' part at hand."""
        object.__setattr__(self, "_corrected", self.correction[self.alive])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.alive.shape

    @property
    def alive(self) -> Mask:
        """Cells that counted at least once in the reference."""
        return self.known.typical.alive

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """The counts expected now, as the network rebuilds the map. It remembers nothing."""
        return self.known.answer(observation, self.rebuild), memory

    def rebuild(self, ratio: Array, agree: Mask, strength: Array) -> Array:
        """The rebuilt ratios; see `learned.shape.Rebuild`. Cells that take no part show what is usual."""
        shown = np.where(agree & (strength > 0), ratio, 1.0)
        return np.asarray(self.network.rebuilt(shown, self.alive) * self._corrected)

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps."""
        return self.known.settings() | self.network.settings()

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return self.known.arrays() | {"average": self.network.average, "correction": self.correction}

    @classmethod
    def restore(
        cls, settings: Settings, arrays: Mapping[str, NDArray[np.generic]], model: Path | None
    ) -> Self:
        """The detector again, from what a bundle kept. Raises `BundleError` when something does not fit."""
        known = learned.Known.restore(cls.name, settings, arrays)
        alive = known.typical.alive
        network = Network.restore(cls.name, settings, arrays, model, alive)
        correction = learned.array_of(cls.name, arrays, "correction", alive.shape)
        return cls(known, network, correction)
