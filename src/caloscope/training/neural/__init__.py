"""Where torch is: the networks, their losses, the loop that trains them, and their export to ONNX.

Nothing else imports torch, and nothing that runs beside an experiment imports this.
"""

from collections.abc import Sequence
from pathlib import Path

from caloscope.detectors.base import Detector, Noise, Observation
from caloscope.detectors.network import BlindSpot, Cnn, UNet
from caloscope.geometry import View
from caloscope.training.neural.autoencoding import autoencoder
from caloscope.training.neural.blinding import blind_spot
from caloscope.training.neural.making import Epochs, Made
from caloscope.training.neural.supervising import supervised
from caloscope.training.prepared import Tell
from caloscope.training.recipe import Recipe

__all__ = ["Made", "train"]


def train(
    detector: str,
    good: Sequence[Observation],
    on: View,
    noise: Noise,
    recipe: Recipe,
    work: Path,
    *,
    min_events: int,
    reading: Tell | None = None,
    tell: Epochs | None = None,
) -> tuple[Detector, Made]:
    """Train the detector of that name on good lumisections of several runs, in (run, lumi) order.

    What is needed to go on after a stop is kept in the folder `work`, and so is the network.
    """
    if detector == BlindSpot.name:
        return blind_spot(good, on, noise, recipe, work, min_events=min_events, reading=reading, tell=tell)
    made = supervised if detector in (UNet.name, Cnn.name) else autoencoder
    return made(detector, good, on, noise, recipe, work, min_events=min_events, reading=reading, tell=tell)
