"""`caloscope train`: from good lumisections to a bundle."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from caloscope.cli.bar import Bar
from caloscope.cli.options import Calorimeter, Label, Lumis, Runs, calorimeter_text
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.bundle import Bundle


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
) -> None:
    """Fit a detector to good lumisections and write it as a bundle.

    The last 30 % of the runs are held out, and thresholds are chosen there so that chance opens --rate
    incidents in 3,700 lumisections, 24 hours. A blind detector flags nothing: it has no threshold.
    """
    from caloscope import training
    from caloscope.cli.good_data import Chosen
    from caloscope.config.catalogue import load
    from caloscope.geometry import era_of_run, view

    text = calorimeter_text(calorimeter)
    spec = load(text).get(map_name)
    if spec is None:
        raise UsageError(f"map {map_name!r} is not known, expected one of {', '.join(load(text))}")
    chosen = Chosen(label, era, run, runs, lumis).read(paths, [spec], text)
    eras = {era_of_run(lumisection.run) for lumisection in chosen} if era is None else {era}
    if len(eras) != 1:
        raise UsageError(f"runs of eras {', '.join(sorted(eras))}, expected one; choose with --runs or --era")
    on = view(spec.view, eras.pop(), text)
    with Bar("calibrating") as bar:
        made = training.train(
            chosen,
            spec,
            on,
            output,
            detector=detector,
            per_day=rate,
            calorimeter=text,
            calibrated=calibrate,
            tell=bar.tell,
        )
    _say(made, output, rate)


def _say(made: "Bundle", output: Path, rate: float) -> None:
    from caloscope.cli.calibrated import incidents_a_day, print_calibration

    alive = int(made.detector.alive.sum())
    dead = int((made.view.exists & ~made.detector.alive).sum())
    print(f"{output}: {made.card.detector} for {made.spec.name} ({made.view.era}), hash {made.hash}")
    print(
        f"learned from {made.card.training['lumisections']} lumisections; {alive} cells, {dead} never alive"
    )
    learned = (made.card.settings.get(name) for name in ("slope_learned", "follows_pileup"))
    if any(told is False for told in learned) and made.spec.pileup:
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
