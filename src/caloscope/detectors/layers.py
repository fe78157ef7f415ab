"""Layers of a small network that numpy runs: weights, biases, and what is negative cut off in between."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Array, Settings
from caloscope.errors import BundleError

Floats: TypeAlias = NDArray[np.float32]

OUTPUTS: Final = 3
"""Good, low, high."""

MOST_LAYERS: Final = 10


class Layer(NamedTuple):
    """Weights `(inputs, outputs)` and biases `(outputs,)`, float32."""

    weights: Floats
    biases: Floats


def forward(layers: Sequence[Layer], found: Floats) -> Array:
    """Logits `(..., outputs)` from inputs `(..., inputs)`; all layers but the last are followed by a ReLU."""
    for weights, biases in layers[:-1]:
        found = np.maximum(found @ weights + biases, np.float32(0.0))
    return np.asarray(found @ layers[-1].weights + layers[-1].biases, np.float64)


def kept_layers(layers: Sequence[Layer]) -> dict[str, NDArray[np.generic]]:
    """The arrays that a bundle keeps."""
    found: dict[str, NDArray[np.generic]] = {}
    for number, layer in enumerate(layers):
        found |= {f"weights_{number}": layer.weights, f"biases_{number}": layer.biases}
    return found


def restored_layers(
    detector: str,
    settings: Settings,
    arrays: Mapping[str, NDArray[np.generic]],
    inputs: int,
    *,
    hidden: bool,
) -> tuple[Layer, ...]:
    """The layers that a bundle kept, each taking what the one before gives; one only where none is `hidden`.

    Raises `BundleError` when something is missing or does not fit.
    """
    number = learned.number_of(detector, settings, "layers")
    if number != round(number) or not (2 <= number <= MOST_LAYERS if hidden else number == 1):
        expected = f"2 to {MOST_LAYERS}" if hidden else "1"
        raise BundleError(f"{detector}: found {number:g} layers, expected {expected}")
    found = []
    for place in range(round(number)):
        biases = learned.array_of(detector, arrays, f"biases_{place}", negative=True)
        if biases.ndim != 1 or (place == number - 1 and biases.size != OUTPUTS):
            expected = f"one for each output, {OUTPUTS} in the last layer"
            raise BundleError(
                f"{detector}: found biases_{place} of shape {biases.shape}, expected {expected}"
            )
        shape = (inputs, biases.size)
        weights = learned.array_of(detector, arrays, f"weights_{place}", shape, negative=True)
        found.append(Layer(weights.astype(np.float32), biases.astype(np.float32)))
        inputs = biases.size
    return tuple(found)
