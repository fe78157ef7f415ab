"""How a network is to be made: what an ML developer chooses, checked before any work is done."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from numbers import Integral, Real
from types import MappingProxyType
from typing import Final

from caloscope.detectors.network.loss import MOST_LUMIS
from caloscope.detectors.network.made import CHOICES, Architecture, Input, Loss
from caloscope.errors import UsageError

NETWORKS: Final = ("autoencoder", "autoencoder-loss", "blind-spot", "unet", "cnn")
"""Detectors that have a network and need torch to be trained."""

_WHOLE: Final = (Integral, "a whole number")
_NUMBER: Final = (Real, "a number")
_TYPES: Final[Mapping[str, tuple[type, str]]] = MappingProxyType(
    dict.fromkeys(("latent", "n_ls", "n_loss", "epochs", "batch", "patience", "seed", "devices"), _WHOLE)
    | dict.fromkeys(("learning_rate", "minutes"), _NUMBER)
    | {"spatial": (bool, "True or False"), "channels": (tuple, "whole numbers, as (16, 32)")}
)
"""Types of choices that are no text."""

_OF_AUTOENCODERS: Final = ("architecture", "latent", "input", "loss")
_OF_LOSS: Final = (*_OF_AUTOENCODERS, "n_ls", "n_loss", "spatial")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is to be trained and for how long.

    Of autoencoders: `architecture`; `channels` of the stages of convolutions (empty: those that suit the
    map); `latent`, numbers that a map is reduced to; `input`, pictures over the usual one or raw; `loss`, the
    likelihood of the counts (negative binomial for ECAL, binomial for HCAL), that of Poisson counts, or the
    mean squared error of pictures; `n_ls`, `n_loss` (1 to 60) and `spatial` of `autoencoder-loss`.

    Training goes on until the loss on held-out runs has fallen by less than 0.01 % in `patience` epochs, at
    most `epochs` of them, at most so many `minutes` (None: no limit); the best state is kept. The learning
    rate halves when a third of the patience has passed. `accelerator` and `devices` are those of Lightning
    Fabric (`cpu`, `gpu`, `auto`; how many). Raises `UsageError` for a value that makes no sense, or is of
    another type. `training.recipe_of` refuses choices, too, that a detector would ignore.
    """

    architecture: Architecture = "resnet"
    channels: tuple[int, ...] = ()
    latent: int = 32
    input: Input = "ratio"
    loss: Loss = "likelihood"
    n_ls: int = 1
    n_loss: int = 3
    spatial: bool = True
    epochs: int = 200
    batch: int = 64
    learning_rate: float = 1e-3
    patience: int = 12
    minutes: float | None = None
    seed: int = 1
    accelerator: str = "cpu"
    devices: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        self._require_types()
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                expected = ", ".join(known)
                raise UsageError(f"{name} {getattr(self, name)!r} is not known, expected one of {expected}")
        for name in ("latent", "n_ls", "n_loss", "epochs", "batch", "patience", "devices"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} {getattr(self, name)}, expected 1 or more")
        for name in ("n_ls", "n_loss"):
            if getattr(self, name) > MOST_LUMIS:  # else the detector refuses it, after hours of training
                raise UsageError(f"{name} {getattr(self, name)}, expected 1 to {MOST_LUMIS}")
        if self.seed < 0:
            raise UsageError(f"seed {self.seed}, expected 0 or more")
        if any(not 1 <= each <= 1024 for each in self.channels):
            raise UsageError(f"channels {self.channels}, expected 1 to 1024 in each stage")
        if not 0.0 < self.learning_rate <= 1.0:
            raise UsageError(f"learning rate {self.learning_rate:g}, expected one between 0 and 1")
        if self.minutes is not None and not self.minutes > 0.0:
            raise UsageError(f"{self.minutes:g} minutes, expected more than none")
        if self.accelerator not in ("cpu", "gpu", "auto"):
            raise UsageError(f"accelerator {self.accelerator!r} is not known, expected cpu, gpu or auto")

    def _require_types(self) -> None:
        """Words of a notebook or of a file come as anything."""
        for name, value in asdict(self).items():
            kind, expected = _TYPES.get(name, (str, "text"))
            odd = isinstance(value, bool) and kind is not bool
            if odd or not (isinstance(value, kind) or (name == "minutes" and value is None)):
                raise UsageError(f"{name} {value!r:.80}, expected {expected}")
        if any(isinstance(each, bool) or not isinstance(each, Integral) for each in self.channels):
            raise UsageError(f"channels {self.channels!r:.80}, expected whole numbers, as (16, 32)")

    def told(self, detector: str) -> dict[str, str | int | float | bool]:
        """The choices that there are for a detector, as cards keep them; `epochs` is `most_epochs` there."""
        others = not_of(detector)
        found = {
            name: value for name, value in asdict(self).items() if value is not None and name not in others
        }
        found["most_epochs"] = found.pop("epochs")
        found["channels"] = ", ".join(str(each) for each in self.channels)
        return found

    def used(self, detector: str, plane: Sequence[int]) -> "Recipe":
        """The recipe with the channels that a detector's network really has on a plane (y, x)."""
        dense = detector.startswith("autoencoder") and self.architecture == "dense"
        if self.channels or dense or detector == "blind-spot":  # neither of the two has such stages
            return self
        return replace(self, channels=usual_channels(plane))


def not_of(detector: str) -> frozenset[str]:
    """The choices of some networks that another one, whose detector this is, has not at all."""
    own = _OF_LOSS if detector == "autoencoder-loss" else _OF_AUTOENCODERS
    return frozenset(_OF_LOSS) - frozenset(own if detector.startswith("autoencoder") else ())


def usual_channels(plane: Sequence[int]) -> tuple[int, ...]:
    """Channels of the stages: 16, 32 and 64 as in ECAL's barrel, 16 and 32 in its small endcaps."""
    return (16, 32) if max(plane) <= 24 else (16, 32, 64)
