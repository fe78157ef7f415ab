"""What a card says of how its detector was made and how it judges: in groups, without what means nothing.

People are told what their detector is made of; `bundle show --json` has all that the card keeps.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from caloscope.bundle import Card

Values: TypeAlias = dict[str, object]

_OF_LOSS: Final[tuple[str, ...]] = ("n_ls", "n_loss", "spatial")
_OF_AUTOENCODERS: Final[tuple[str, ...]] = ("latent", "input", "loss")
_NETWORK: Final[tuple[str, ...]] = (
    "architecture",
    "channels",
    *_OF_AUTOENCODERS,
    *_OF_LOSS,
    "parameters",
    "parity",
)
_TRAINING: Final[tuple[str, ...]] = (
    *("epochs", "best_epoch", "held_out_loss", "finished", "most_epochs", "patience", "minutes"),
    *("batch", "learning_rate", "seed", "accelerator", "devices", "seconds", "seconds_to_best"),
)
_COMPANION: Final[tuple[str, ...]] = ("companion", "companion_slope", "companion_intercept")
_ELSEWHERE: Final[tuple[str, ...]] = ("first", "last", "threshold")


def sections(card: "Card") -> Iterable[tuple[str, Values]]:
    """Titles and what stands below them by name; what is empty has no row of its own."""
    training: Values = dict(card.training)
    settings: Values = dict(card.settings)
    trained = "parity" in training  # it has a network that was made here
    others = _without(training, (*_NETWORK, *_TRAINING)) if trained else training
    yield "Learned from", _learned(others, card.calibration.get("renewed_with"))
    if trained:
        yield "Network", _network(card)
        yield "Training", _training({name: training[name] for name in _TRAINING if name in training})
        settings = _without(settings, _NETWORK)
    yield "Settings", _judging(settings)


def _network(card: "Card") -> Values:
    """What it is made of: what its detector has kept, else what the recipe said."""
    kept: Values = {name: value for name, value in card.settings.items() if name in _NETWORK}
    asked: Values = {name: card.training[name] for name in _NETWORK if name in card.training}
    found = {name: (asked | kept)[name] for name in _NETWORK if name in asked | kept}
    unused = {"masked": ("latent",), "dense": ("channels",)}.get(str(found.get("architecture")), ())
    return _without(found, unused)


def _training(told: Values) -> Values:
    """How training went, with its limits in the same rows."""
    most, devices = told.pop("most_epochs", None), told.pop("devices", 1)
    if most is not None and "epochs" in told:
        told["epochs"] = f"{told['epochs']} of at most {most}"
    if devices != 1 and "accelerator" in told:
        told["accelerator"] = f"{told['accelerator']}, {devices} devices"
    return _filled(told)


def _learned(training: Values, renewed: object) -> Values:
    """The lumisections; the first and the last of them in one row."""
    found = _without(training, _ELSEWHERE)
    if {"first", "last"} <= training.keys():
        before: Values = {name: found.pop(name) for name in ("lumisections", "runs") if name in found}
        found = {**before, "from": f"{training['first']} to {training['last']}", **found}
    if renewed:
        found["renewed with"] = f"{renewed} lumisections of the calibration's data"
    return found


def _judging(settings: Values) -> Values:
    """The settings; what was learned of pileup in one row, nothing of what was not learned."""
    found = _without(settings, _ELSEWHERE)
    low, high, mean = (found.pop(f"pileup_{name}", None) for name in ("low", "high", "mean"))
    if high is not None:
        found = {"noise": found.get("noise", ""), "pileup": _pileup(low, high, mean)} | found
    if not found.get("slope_learned", True):
        found.pop("slope", None)
    if found.get("only_run") == 0:  # it has seen several
        del found["only_run"]
    if not found.get("padding_fault", True):
        found = _without(found, _COMPANION)
    return _filled(found)


def _pileup(low: object, high: object, mean: object) -> str:
    """Where pileup was when it learned: what is far from there it does not judge."""
    values = [float(each) for each in (low, high, mean) if isinstance(each, int | float)]
    if len(values) < 3 or values[1] <= 0:
        return "never known"
    return "{:.5g} to {:.5g}, mean {:.5g}".format(*values)


def _filled(values: Values) -> Values:
    return {name: value for name, value in values.items() if value not in ("", None)}


def _without(values: Mapping[str, object], names: Iterable[str]) -> Values:
    """Those that have other names, and are no empty text."""
    return _filled({name: value for name, value in values.items() if name not in names})
