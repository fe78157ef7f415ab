"""Pictures, as networks take them, and the cells of a map."""

from pathlib import Path
from typing import Final

import numpy as np

from caloscope.detectors.base import Array
from caloscope.detectors.learned import Typical
from caloscope.detectors.onnx import Session
from caloscope.errors import BundleError
from caloscope.records import Floats, Mask

PICTURE, RECONSTRUCTION = "picture", "reconstruction"

BRIGHTEST: Final = 8.0
"""No cell of a picture shows more than so many times its average: CMSSW's notebooks cut there, too."""


def average_of(typical: Typical) -> Array:
    """The usual picture in the view's shape: counts per event in units of their mean over all bins.

    0 in cells that never counted. So the mean picture of CMSSW's chain is scaled (`MLClient.cc`).
    """
    rate = np.where(typical.alive, typical.rate, 0.0)
    return np.asarray(rate * (rate.size / rate.sum()))


def picture(values: Array, alive: Mask) -> Floats:
    """A batch of one picture, `(1, depth or 1, y, x)`, from values of the living cells `(cell,)`."""
    found = np.zeros(alive.shape, np.float32)
    found[alive] = values
    return found.reshape(1, *(alive.shape if alive.ndim == 3 else (1, *alive.shape)))


def cells(pictures: Floats, alive: Mask) -> Array:
    """Values of the living cells, `(channel, cell)`, of a batch of one with so many channels per depth.

    The network's channels are `(channel, depth)` in C order. Raises `BundleError` for what is not finite.
    """
    found = pictures[0].reshape(-1, *alive.shape)[:, alive].astype(np.float64)
    if not np.isfinite(found).all():
        raise BundleError("the network's answer is not finite")
    return np.asarray(found)


def session_of(
    name: str, model: Path | None, shape: tuple[int, ...], channels: tuple[int, int], names: tuple[str, str]
) -> Session:
    """A session on a network with so many channels of input and output per depth, for batches of any size.

    `names` are those of its input and its output. Raises `BundleError` where there is none, or another one.
    """
    if model is None:
        raise BundleError(f"{name}: found no network, expected an ONNX file")
    depths, plane = (shape[0], shape[1:]) if len(shape) == 3 else (1, shape)
    return Session(
        model,
        input_shape=(None, channels[0] * depths, *plane),
        output_shape=(None, channels[1] * depths, *plane),
        input_name=names[0],
        output_name=names[1],
    )
