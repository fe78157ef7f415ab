"""The reference, on which other detectors stand: its arrays among theirs, and its memory among theirs."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Answer, Memory, Observation, Settings
from caloscope.detectors.reference import Reference

PREFIX: Final = "reference_"


def arrays_of(reference: Reference) -> dict[str, NDArray[np.generic]]:
    """The reference's arrays under names that nothing else has."""
    return {f"{PREFIX}{name}": array for name, array in reference.arrays().items()}


def reference_of(settings: Settings, arrays: Mapping[str, NDArray[np.generic]]) -> Reference:
    """The reference that another detector stands on. Raises `BundleError` when something does not fit."""
    return Reference.restore(settings, _inner(arrays), None)


def look(reference: Reference, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
    """What the reference expects, and its part of the memory, under its names."""
    answer, after = reference.look(observation, _inner(memory))
    return answer, {f"{PREFIX}{name}": array for name, array in after.items()}


def _inner(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    start = len(PREFIX)
    return {name[start:]: array for name, array in arrays.items() if name.startswith(PREFIX)}
