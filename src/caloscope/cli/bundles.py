"""`caloscope bundle ...`: looking at bundles, saying what they are for, and exchanging them with CMSSW."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from caloscope.errors import BundleError, UsageError

app = typer.Typer(
    help="Look at bundles, check them, say what they are for, or make one from a network that CMSSW runs.",
    no_args_is_help=True,
)


class Wanted(StrEnum):
    """The states that a bundle can be given."""

    COMMISSIONING = "commissioning"
    ACTIVE = "active"
    RETIRED = "retired"


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


@app.command("verify")
def verify(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Bundle folders.")],
) -> None:
    """Check files, geometry and self-test of bundles, one line each; exit code 1 if any fails."""
    from caloscope import bundle as bundles
    from caloscope.cli.bundle_shown import verified_line

    failed = False
    for path in paths:
        try:
            bundle = bundles.load(path)
            print(f"{path}: {verified_line(bundle, bundles.verify(bundle))}")
        except BundleError as error:
            failed = True
            print(f"FAILED {error}" if str(path) in str(error) else f"FAILED {path}: {error}")
    if failed:
        raise typer.Exit(1)


@app.command("state")
def state(
    path: Annotated[Path, typer.Argument(help="A bundle folder.")],
    wanted: Annotated[
        Wanted | None, typer.Argument(metavar="[STATE]", help="commissioning, active or retired.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; whoever retires a bundle must say.")] = "",
    by: Annotated[str | None, typer.Option("--by", help="Who decided; by default who runs this.")] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="A store to tell at once, before a monitor starts again.")
    ] = None,
) -> None:
    """Show what a bundle is for, or set it; its hash and its results stay what they are.

    In commissioning it runs for experts, and no verdict, incident list or output depends on it. A retired
    one is refused by monitor and replay.
    """
    from caloscope import bundle as bundles
    from caloscope.cli.bundle_state import tell_store, user

    if wanted is not None:
        # What can no longer be loaded, or has a damaged state, can be retired all the same.
        standing = bundles.write_state(path, wanted.value, by=user() if by is None else by, reason=reason)
    elif reason or by is not None:
        raise UsageError(f"{path}: found --reason or --by without a state, expected {', '.join(Wanted)}")
    else:
        standing = bundles.read_state(path)
    print(f"{path}: {standing.told()}")
    if store is not None:
        print(tell_store(store, bundles.digest(path), standing))


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
