"""From what people chose for a network to its recipe; choices without an effect are refused."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from caloscope.errors import UsageError
from caloscope.training.recipe import NETWORKS, Recipe, not_of

_LACKS: Final = {"dense": "channels", "masked": "latent"}
"""What architectures of autoencoders have not."""


def recipe_of(
    detector: str, words: Mapping[str, Any], named: Callable[[str], str] = lambda name: name
) -> Recipe:
    """The recipe of a network with these choices; `named` says what people call one.

    A choice that is what it would be anyway is no choice. Raises `UsageError` for words that no recipe has,
    for values that `Recipe` refuses, and for choices that the detector would ignore.
    """
    known = [each.name for each in fields(Recipe)]
    strange = [word for word in words if word not in known]
    if strange:
        raise UsageError(f"{', '.join(strange)} in a recipe, expected some of {', '.join(known)}")
    told: dict[str, Any] = dict(words)
    if "channels" in told:
        told["channels"] = _listed(told["channels"])
    made = Recipe(**told)
    require_used(detector, made, named)
    return made


def require_used(detector: str, recipe: Recipe, named: Callable[[str], str] = lambda name: name) -> None:
    """Raises `UsageError` for choices that the detector would ignore."""
    usual = Recipe()
    changed = [
        each.name for each in fields(Recipe) if getattr(recipe, each.name) != getattr(usual, each.name)
    ]
    for names, whose in _others(detector, recipe):
        if ignored := ", ".join(named(name) for name in changed if names is None or name in names):
            raise UsageError(f"{ignored} for {_called(detector, recipe)}, expected only for {whose}")


def _others(detector: str, recipe: Recipe) -> list[tuple[frozenset[str] | None, str]]:
    """Choices that a detector has not, None for all of them, and whose they are."""
    if detector not in NETWORKS:
        return [(None, "a detector with a network")]
    if not detector.startswith("autoencoder"):
        stages = [(frozenset({"channels"}), "networks of stages")] if detector == "blind-spot" else []
        return [(not_of(detector), "an autoencoder"), *stages]
    lacks = _LACKS.get(recipe.architecture)
    own = [] if lacks is None else [(frozenset({lacks}), "other architectures")]
    return [(not_of(detector), "autoencoder-loss"), *own]


def _called(detector: str, recipe: Recipe) -> str:
    """A detector, and which of its networks."""
    lacking = detector.startswith("autoencoder") and recipe.architecture in _LACKS
    return f"{recipe.architecture} {detector}" if lacking else detector


def _listed(channels: object) -> object:
    """Channels as a tuple, as lists are what people write; what is no list of anything, as it came."""
    return tuple(channels) if isinstance(channels, Iterable) and not isinstance(channels, str) else channels
