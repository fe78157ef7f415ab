"""What `caloscope train` was told to do, and doing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from caloscope.cli.good_data import Chosen
from caloscope.cli.stages import Stages
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.bundle import Bundle
    from caloscope.config.catalogue import MapSpec


_AUTOENCODERS: Final = ("architecture", "latent", "input", "loss", "n_ls", "n_loss", "spatial")
"""Choices that only autoencoders have."""


@dataclass(frozen=True, slots=True)
class Order:
    """From which lumisections of which map which detector is made, and into what folder.

    `rate` is the number of false incidents allowed in 3,700 lumisections, `calorimeter` the TOML text of one
    that is not CMS's.
    """

    paths: Sequence[str]
    chosen: Chosen
    map_name: str
    output: Path
    detector: str
    rate: float
    calibrated: bool
    calorimeter: str | None

    @property
    def spec(self) -> "MapSpec":
        """The map. Raises `UsageError` where it is not known."""
        from caloscope.config.catalogue import load

        known = load(self.calorimeter)
        if self.map_name not in known:
            raise UsageError(f"map {self.map_name!r} is not known, expected one of {', '.join(known)}")
        return known[self.map_name]


def carry_out(order: Order, recipe: Mapping[str, Any]) -> None:
    """Make the bundle and say what came of it; `recipe` is only for detectors with a network."""
    from caloscope import training

    spec = order.spec
    known = (*training.TRAINABLE, *training.NETWORKS)
    if order.detector not in known:
        found = f"detector {order.detector!r} cannot be trained"
        raise UsageError(f"{found}, expected one of {', '.join(known)}")
    _require_used(order.detector, recipe)
    if order.detector not in training.NETWORKS:
        _fit(order, spec)
        return
    checked = training.Recipe(**recipe)
    if not order.calibrated:
        raise UsageError("--no-calibrate, expected thresholds from held-out runs for a network")
    from caloscope.cli import learn_network

    made = learn_network.train_network(order, spec, checked)
    _say(made, order, learned=False)
    learn_network.say(made, order.output)


def _require_used(detector: str, recipe: Mapping[str, Any]) -> None:
    """Raises `UsageError` for options that the detector would ignore."""
    from caloscope import training

    usual = training.Recipe()
    changed = [name for name, value in recipe.items() if value != getattr(usual, name)]
    if detector not in training.NETWORKS:
        ignored, whose = changed, "a detector with a network"
    elif not detector.startswith("autoencoder"):
        ignored, whose = [name for name in changed if name in _AUTOENCODERS], "an autoencoder"
    else:
        return
    if ignored:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in ignored)
        raise UsageError(f"{options} for {detector}, expected only for {whose}")


def _fit(order: Order, spec: "MapSpec") -> None:
    """A detector that fits itself."""
    from caloscope import training
    from caloscope.geometry import view
    from caloscope.training.opened import era_of_read

    with Stages() as stages:
        read = order.chosen.read(order.paths, [spec], order.calorimeter, stages)
        on = view(spec.view, era_of_read(read, order.chosen.era), order.calorimeter)
        stages.begin("learning")
        made = training.train(
            read,
            spec,
            on,
            order.output,
            detector=order.detector,
            per_day=order.rate,
            calorimeter=order.calorimeter,
            calibrated=order.calibrated,
            tell=stages.of("calibrating"),
        )
    _say(made, order)


def _say(made: "Bundle", order: Order, *, learned: bool = True) -> None:
    from caloscope.cli.calibrated import incidents_a_day, print_calibration

    alive = int(made.detector.alive.sum())
    dead = int((made.view.exists & ~made.detector.alive).sum())
    print(f"{order.output}: {made.card.detector} for {made.spec.name} ({made.view.era}), hash {made.hash}")
    from_ = f"learned from {made.card.training['lumisections']} lumisections; " if learned else ""
    print(f"{from_}{alive} cells, {dead} never alive")
    known = (made.card.settings.get(name) for name in ("slope_learned", "follows_pileup"))
    if any(told is False for told in known) and made.spec.pileup:
        print("no change with pileup learned, as pileup hardly moved: the map is its own measure of it")
    why = str(made.card.calibration.get("method", ""))
    if made.card.false_alarms_per_day is None:
        print(f"no threshold: {why.removeprefix('none: ')}")
    elif "lumisections" in made.card.calibration:
        print_calibration(made.card)
    else:
        unit = "" if "threshold" in made.card.settings else " nats"
        threshold = f"threshold {made.card.threshold:.3g}{unit}"
        print(f"{threshold}: meant for {incidents_a_day(order.rate)}, not calibrated ({why})")
