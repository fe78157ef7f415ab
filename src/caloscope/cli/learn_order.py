"""Doing what `caloscope train` was told to do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from caloscope.cli.good_data import warn_of_faults
from caloscope.cli.learn_asked import Order
from caloscope.cli.stages import Stages
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.bundle import Bundle
    from caloscope.config.catalogue import MapSpec


def carry_out(order: Order, recipe: Mapping[str, Any]) -> None:
    """Make the bundle and say what came of it; `recipe` is only for detectors with a network."""
    from caloscope import training

    spec, _ = order.spec, order.states
    known = (*training.TRAINABLE, *training.NETWORKS)
    if order.detector not in known:
        found = f"detector {order.detector!r} cannot be trained"
        raise UsageError(f"{found}, expected one of {', '.join(known)}")
    checked = training.recipe_of(order.detector, recipe, _option)
    if order.detector not in training.NETWORKS:
        _fit(order, spec)
        return
    if not order.calibrated:
        raise UsageError(
            "--no-calibrate for a network, expected thresholds from held-out runs: leave it away"
        )
    from caloscope.cli import learn_network

    made = learn_network.train_network(order, spec, checked)
    _say(made, order, learned=False)
    learn_network.say(made, order.output)


def _option(name: str) -> str:
    """What a choice is called on the command line."""
    return f"--{name.replace('_', '-')}"


def _fit(order: Order, spec: "MapSpec") -> None:
    """A detector that fits itself."""
    from caloscope import training
    from caloscope.geometry import view
    from caloscope.training.opened import era_of_read

    with Stages() as stages:
        warn_of_faults(order.paths, spec.name, order.chosen, stages)
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
            conditions=order.states,
            tell=stages.of("calibrating"),
        )
    _say(made, order)


def _say(made: "Bundle", order: Order, *, learned: bool = True) -> None:
    from caloscope.cli.calibrated import incidents_a_day, many, print_calibration

    alive = int(made.detector.alive.sum())
    dead = int((made.view.exists & ~made.detector.alive).sum())
    print(f"{order.output}: {made.card.detector} for {made.spec.name} ({made.view.era}), hash {made.hash}")
    from_ = f"learned from {many(made.card.training['lumisections'], 'lumisection')}; " if learned else ""
    print(f"{from_}{many(alive, 'cell')}, {dead} never alive")
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
