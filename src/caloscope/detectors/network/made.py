"""How an autoencoder was made: what a recipe chooses from, and what a bundle's card keeps of it."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

from caloscope.detectors.base import Settings
from caloscope.errors import BundleError

Architecture: TypeAlias = Literal["resnet", "cae", "dense", "masked"]
Input: TypeAlias = Literal["ratio", "raw"]
Loss: TypeAlias = Literal["likelihood", "poisson", "mse"]

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "architecture": get_args(Architecture),
    "input": get_args(Input),
    "loss": get_args(Loss),
}

KEPT: Final = ("architecture", "latent", "input", "loss")
"""What the card says of how the network was made; nothing depends on it."""


def made_of(name: str, settings: Settings) -> dict[str, str | int | float | bool]:
    """What a card keeps for the detector `name`. Raises `BundleError` for what no recipe has."""
    found = {key: settings[key] for key in KEPT if key in settings}
    for key, known in CHOICES.items():
        if key in found and found[key] not in known:
            raise BundleError(f"{name}: found {key} = {found[key]!r}, expected one of {', '.join(known)}")
    latent = found.get("latent", 1)
    if isinstance(latent, bool) or not isinstance(latent, int) or latent < 1:
        raise BundleError(f"{name}: found latent = {latent!r}, expected 1 or more")
    return found
