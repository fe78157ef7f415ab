"""`caloscope bundle ...`: looking at bundles and making them from what CMSSW runs."""

from pathlib import Path
from typing import Annotated

import typer

from caloscope.errors import UsageError

app = typer.Typer(help="Look at bundles, or make one from a network that CMSSW runs.", no_args_is_help=True)


@app.command("show")
def show(
    path: Annotated[Path, typer.Argument(help="A bundle folder.")],
    json: Annotated[bool, typer.Option("--json", help="The whole card as JSON.")] = False,
) -> None:
    """What a bundle's card says, once the bundle has been checked."""
    from caloscope import bundle as bundles
    from caloscope.cli.bundle_shown import print_bundle, print_json

    bundle = bundles.load(path)
    if json:
        print_json(bundle)
    else:
        print_bundle(bundle)


@app.command("import-cmssw")
def import_cmssw(
    map_name: Annotated[str, typer.Option("--map", help="The map it judges, such as EE+/digi.")],
    onnx: Annotated[Path, typer.Option("--onnx", help="The autoencoder.")],
    average: Annotated[Path, typer.Option("--average", help="Its table of average occupancy (.dat).")],
    slope: Annotated[float, typer.Option("--slope", help="Digis per unit of pileup in an image.")],
    intercept: Annotated[float, typer.Option("--intercept", help="Digis in an image without pileup.")],
    threshold: Annotated[float, typer.Option("--threshold", help="Threshold on the product of losses.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The bundle folder, NAME.bundle.")],
    n_ls: Annotated[int, typer.Option("--n-ls", help="Lumisections summed into an image.")] = 3,
    n_loss: Annotated[int, typer.Option("--n-loss", help="Loss maps multiplied.")] = 6,
    min_events: Annotated[int, typer.Option("--min-events", help="Events an image must hold.")] = 400,
    era: Annotated[str, typer.Option("--era", help="Era of the geometry.")] = "2019+",
    padding_fault: Annotated[
        bool, typer.Option("--padding-fault", help="Pad with the companion's columns, as CMSSW does for EE+.")
    ] = False,
    companion: Annotated[str, typer.Option("--companion", help="Map whose columns those are.")] = "EE-/digi",
    companion_slope: Annotated[float, typer.Option("--companion-slope", help="Its pileup slope.")] = 0.0,
    companion_intercept: Annotated[
        float, typer.Option("--companion-intercept", help="Its pileup intercept.")
    ] = 0.0,
) -> None:
    """Make a bundle of CMSSW's own chain: an ONNX autoencoder, its average table and its constants."""
    from caloscope import training
    from caloscope.config.catalogue import load
    from caloscope.detectors.cmssw_ml import Parameters
    from caloscope.geometry import view

    spec = load().get(map_name)
    if spec is None:
        raise UsageError(f"map {map_name!r} is not known, expected one of {', '.join(load())}")
    parameters = Parameters(
        slope=slope,
        intercept=intercept,
        threshold=threshold,
        n_ls=n_ls,
        n_loss=n_loss,
        min_events=min_events,
        padding_fault=padding_fault,
        companion=companion if padding_fault else "",
        companion_slope=companion_slope,
        companion_intercept=companion_intercept,
    )
    on = view(spec.view, era)
    made = training.import_cmssw(output, spec, on, onnx=onnx, average=average, parameters=parameters)
    print(f"{output}: {made.card.detector} for {spec.name} ({on.era}), hash {made.hash}")
