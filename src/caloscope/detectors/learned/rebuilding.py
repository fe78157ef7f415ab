"""What all detectors have in common that expect a map rebuilt from components."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Answer, Array, Memory, Observation, Settings
from caloscope.detectors.learned.kept import array_of, number_of
from caloscope.detectors.learned.known import Known
from caloscope.records import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Rebuilding(ABC):
    """A detector that rebuilds each map from `components`, `(component, [depth,] y, x)`.

    `known` is what it knows beside them. `tried` are the numbers of components that `fit` chooses from.
    """

    name: ClassVar[str]
    tried: ClassVar[tuple[int, ...]]

    # A dataclass with slots is made twice, so that heirs name this class where others call `super()`.
    known: Known
    components: Array
    _living: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keeps the living cells' part at hand."""
        object.__setattr__(self, "_living", self.components[:, self.alive])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the maps that it judges."""
        return self.alive.shape

    @property
    def alive(self) -> Mask:
        """Cells that counted at least once in the reference."""
        return self.known.typical.alive

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        """The counts expected now, given the rest of the map. It remembers nothing."""
        return self.known.answer(observation, self._rebuild), memory

    @abstractmethod
    def _rebuild(self, ratio: Array, agree: Mask, strength: Array) -> Array:
        """The rebuilt ratios; see `learned.shape.Rebuild`."""

    def settings(self) -> Settings:
        """The plain values that a bundle's card keeps."""
        tried = ", ".join(str(number) for number in self.tried)
        return self.known.settings() | {"components": len(self.components), "components_tried": tried}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that a bundle keeps."""
        return self.known.arrays() | {"components": self.components}


def restored(
    name: str, settings: Settings, arrays: Mapping[str, NDArray[np.generic]], *, negative: bool = False
) -> tuple[Known, Array]:
    """`known` and `components` that a bundle kept of the detector `name`; `negative`: these may be so.

    Raises `BundleError` when something does not fit.
    """
    known = Known.restore(name, settings, arrays)
    shape = (int(number_of(name, settings, "components")), *known.typical.rate.shape)
    return known, array_of(name, arrays, "components", shape, negative=negative)
