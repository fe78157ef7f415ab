"""`caloscope train`: from good lumisections to a bundle."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from caloscope.cli import network_options as network
from caloscope.cli.bar import Bar
from caloscope.cli.options import Calorimeter, Label, Lumis, Runs, calorimeter_text
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.bundle import Bundle
    from caloscope.cli.good_data import Chosen
    from caloscope.config.catalogue import MapSpec
    from caloscope.training import Recipe


def train(
    paths: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files or folders of good data.")],
    map_name: Annotated[str, typer.Option("--map", help="The map to learn, such as HCAL/digi.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The bundle folder, NAME.bundle.")],
    detector: Annotated[str, typer.Option("--detector", help="Which detector to fit.")] = "reference",
    rate: Annotated[float, typer.Option("--rate", help="False incidents allowed per 3,700 LS.")] = 1.0,
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate/--no-calibrate", help="Hold out the last runs and find thresholds there."),
    ] = True,
    era: Annotated[str | None, typer.Option("--era", help="Era; from the run where it is not given.")] = None,
    run: Annotated[int | None, typer.Option("--run", help="Run of files that do not say theirs.")] = None,
    runs: Runs = None,
    lumis: Lumis = None,
    label: Label = "training",
    calorimeter: Calorimeter = None,
    architecture: network.Architecture = "resnet",
    channels: network.Channels = "",
    latent: network.Latent = 32,
    input_: network.Input = "ratio",
    loss: network.Loss = "likelihood",
    n_loss: network.LossLumis = 3,
    spatial: network.Spatial = True,
    epochs: network.Epochs = 200,
    batch: network.Batch = 64,
    learning_rate: network.Rate = 1e-3,
    patience: network.Patience = 12,
    minutes: network.Minutes = None,
    seed: network.Seed = 1,
    accelerator: network.Accelerator = "cpu",
    devices: network.Devices = 1,
) -> None:
    """Fit a detector to good lumisections and write it as a bundle.

    The last 30 % of the runs are held out, and thresholds are chosen there so that chance opens --rate
    incidents in 3,700 lumisections, 24 hours. A blind detector flags nothing: it has no threshold.

    Networks (autoencoder, autoencoder-loss, blind-spot, unet, cnn) need torch, and three runs or more. One
    that was killed goes on where it was when the same command is given again.
    """
    from caloscope import training
    from caloscope.cli.good_data import Chosen
    from caloscope.config.catalogue import load

    text = calorimeter_text(calorimeter)
    spec = load(text).get(map_name)
    if spec is None:
        raise UsageError(f"map {map_name!r} is not known, expected one of {', '.join(load(text))}")
    chosen = Chosen(label, era, run, runs, lumis)
    if detector not in training.NETWORKS:
        _fit(paths, chosen, spec, output, detector, rate, text, calibrate)
        return
    recipe = training.Recipe(
        architecture=architecture,  # type: ignore[arg-type] # the recipe checks it
        channels=network.channels_of(channels),
        latent=latent,
        input=input_,  # type: ignore[arg-type]
        loss=loss,  # type: ignore[arg-type]
        n_loss=n_loss,
        spatial=spatial,
        epochs=epochs,
        batch=batch,
        learning_rate=learning_rate,
        patience=patience,
        minutes=minutes,
        seed=seed,
        accelerator=accelerator,
        devices=devices,
    )
    if not calibrate:
        raise UsageError("--no-calibrate, expected thresholds from held-out runs for a network")
    _train(paths, chosen, spec, output, detector, rate, text, recipe)


def _fit(
    paths: list[str],
    chosen: "Chosen",
    spec: "MapSpec",
    output: Path,
    detector: str,
    rate: float,
    text: str | None,
    calibrated: bool,
) -> None:
    """A detector that fits itself."""
    from caloscope import training
    from caloscope.geometry import era_of_run, view

    read = chosen.read(paths, [spec], text)
    eras = {era_of_run(each.run) for each in read} if chosen.era is None else {chosen.era}
    if len(eras) != 1:
        raise UsageError(f"runs of eras {', '.join(sorted(eras))}, expected one; choose with --runs or --era")
    on = view(spec.view, eras.pop(), text)
    with Bar("calibrating") as bar:
        made = training.train(
            read,
            spec,
            on,
            output,
            detector=detector,
            per_day=rate,
            calorimeter=text,
            calibrated=calibrated,
            tell=bar.tell,
        )
    _say(made, output, rate)


def _train(
    paths: list[str],
    chosen: "Chosen",
    spec: "MapSpec",
    output: Path,
    detector: str,
    rate: float,
    text: str | None,
    recipe: "Recipe",
) -> None:
    """A detector with a network."""
    from caloscope.cli import learn_network
    from caloscope.geometry import view

    with learn_network.given_of(paths, chosen, spec, text) as (given, sources, era):
        on = view(spec.view, era, text)
        made = learn_network.train_network(
            given,
            sources,
            spec,
            on,
            output,
            detector=detector,
            recipe=recipe,
            per_day=rate,
            calorimeter=text,
        )
    _say(made, output, rate, learned=False)
    learn_network.say(made, output)


def _say(made: "Bundle", output: Path, rate: float, *, learned: bool = True) -> None:
    from caloscope.cli.calibrated import incidents_a_day, print_calibration

    alive = int(made.detector.alive.sum())
    dead = int((made.view.exists & ~made.detector.alive).sum())
    print(f"{output}: {made.card.detector} for {made.spec.name} ({made.view.era}), hash {made.hash}")
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
        print(f"{threshold}: meant for {incidents_a_day(rate)}, not calibrated ({why})")
