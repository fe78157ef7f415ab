"""`caloscope train`: from good lumisections to a bundle."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from caloscope.cli.options import Calorimeter, Label, Lumis, Runs, calorimeter_text, selection, sources
from caloscope.errors import UsageError
from caloscope.records import LumiId, Lumisection


def train(
    paths: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files or folders of good data.")],
    map_name: Annotated[str, typer.Option("--map", help="The map to learn, such as HCAL/digi.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The bundle folder, NAME.bundle.")],
    detector: Annotated[str, typer.Option("--detector", help="Which detector to fit.")] = "reference",
    rate: Annotated[float, typer.Option("--rate", help="False incidents allowed per 3,700 LS.")] = 1.0,
    era: Annotated[str | None, typer.Option("--era", help="Era; from the run where it is not given.")] = None,
    run: Annotated[int | None, typer.Option("--run", help="Run of files that do not say theirs.")] = None,
    runs: Runs = None,
    lumis: Lumis = None,
    label: Label = "training",
    calorimeter: Calorimeter = None,
) -> None:
    """Fit a detector to good lumisections and write it as a bundle."""
    from caloscope import training
    from caloscope.config.catalogue import load
    from caloscope.geometry import era_of_run, view
    from caloscope.readers import read

    text = calorimeter_text(calorimeter)
    spec = load(text).get(map_name)
    if spec is None:
        raise UsageError(f"map {map_name!r} is not known, expected one of {', '.join(load(text))}")

    def each() -> Iterator[Lumisection]:
        console = Console(stderr=True)
        quiet = not console.is_terminal
        for path in track(sources(paths), "reading", console=console, transient=True, disable=quiet):
            yield from read(path, [spec], label=label, era=era, run=run, views=lambda n, e: view(n, e, text))

    chosen = list(_wanted(each(), selection(runs, lumis)))
    if not chosen:
        raise UsageError("no lumisections among the sources, expected two or more")
    eras = {era_of_run(lumisection.run) for lumisection in chosen} if era is None else {era}
    if len(eras) != 1:
        raise UsageError(f"runs of eras {', '.join(sorted(eras))}, expected one; choose with --runs or --era")
    on = view(spec.view, eras.pop(), text)
    made = training.train(chosen, spec, on, output, detector=detector, per_day=rate, calorimeter=text)
    alive = int(made.detector.alive.sum())
    dead = int((on.exists & ~made.detector.alive).sum())
    print(f"{output}: {made.card.detector} for {spec.name} ({on.era}), hash {made.hash}")
    print(f"learned from {len(chosen)} lumisections; {alive} cells, {dead} never alive")
    if made.card.settings.get("slope_learned") is False and spec.pileup:
        print("no change with pileup learned, as pileup hardly moved: the map is its own measure of it")
    print(
        f"threshold {made.card.threshold:.1f} nats: meant for {rate:g} false incidents a day, not calibrated"
    )


def _wanted(lumisections: Iterator[Lumisection], wanted: Callable[[LumiId], bool]) -> Iterator[Lumisection]:
    return (lumisection for lumisection in lumisections if wanted(lumisection.id))
