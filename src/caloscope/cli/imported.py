"""`caloscope bundle import-cmssw`: a network that CMSSW runs, or one that was exported for it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.config.catalogue import MapSpec
    from caloscope.detectors.cmssw_ml import Parameters
    from caloscope.training.cmssw_notes import Package

ERA: Final = "2019+"
COMPANION: Final = "EE-/digi"


def import_cmssw(
    output: Annotated[Path, typer.Option("-o", "--output", help="The bundle folder, NAME.bundle.")],
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]", help="What export-cmssw wrote; all options but -o then come from it."
        ),
    ] = None,
    map_name: Annotated[
        str | None, typer.Option("--map", help="The map it judges, such as EE+/digi.")
    ] = None,
    onnx: Annotated[Path | None, typer.Option("--onnx", help="The autoencoder.")] = None,
    average: Annotated[
        Path | None, typer.Option("--average", help="Its table of average occupancy (.dat).")
    ] = None,
    slope: Annotated[
        float | None, typer.Option("--slope", help="Digis per unit of pileup in an image.")
    ] = None,
    intercept: Annotated[
        float | None, typer.Option("--intercept", help="Digis in an image without pileup.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="Threshold on the product of losses.")
    ] = None,
    n_ls: Annotated[
        int | None, typer.Option("--n-ls", help="Lumisections summed into an image (as exported, or 3).")
    ] = None,
    n_loss: Annotated[
        int | None, typer.Option("--n-loss", help="Loss maps multiplied (as exported, or 6).")
    ] = None,
    min_events: Annotated[
        int | None, typer.Option("--min-events", help="Events an image must hold (as exported, or 400).")
    ] = None,
    era: Annotated[
        str | None, typer.Option("--era", help=f"Era of the geometry (as exported, or {ERA}).")
    ] = None,
    padding_fault: Annotated[
        bool | None,
        typer.Option(
            "--padding-fault/--no-padding-fault",
            help="Pad with the companion's columns, as CMSSW does for EE+.",
        ),
    ] = None,
    companion: Annotated[
        str | None, typer.Option("--companion", help=f"Map whose columns those are ({COMPANION}).")
    ] = None,
    companion_slope: Annotated[
        float | None, typer.Option("--companion-slope", help="Its pileup slope.")
    ] = None,
    companion_intercept: Annotated[
        float | None, typer.Option("--companion-intercept", help="Its pileup intercept.")
    ] = None,
) -> None:
    """Make a bundle of CMSSW's own chain: an ONNX autoencoder, its average table and its constants.

    Of what export-cmssw wrote the folder is enough: its notes tell map, era and constants. Options win over
    the notes.
    """
    from caloscope import training
    from caloscope.geometry import view

    package, network, table = _files(folder, onnx, average)
    given = {
        "slope": slope,
        "intercept": intercept,
        "threshold": threshold,
        "n_ls": n_ls,
        "n_loss": n_loss,
        "min_events": min_events,
        "padding_fault": padding_fault,
        "companion": companion,
        "companion_slope": companion_slope,
        "companion_intercept": companion_intercept,
    }
    parameters = _parameters(given, package)
    spec = _spec(map_name or (package.notes.map if package else None))
    on = view(spec.view, era or (package.notes.era if package else ERA))
    made = training.import_cmssw(
        output, spec, on, onnx=network, average=table, parameters=parameters, package=package
    )
    print(f"{output}: {made.card.detector} for {spec.name} ({on.era}), hash {made.hash}")
    if package is not None:
        print(f"exported from {package.notes.bundle}; threshold: {made.card.training['threshold']}")


def _files(
    folder: Path | None, onnx: Path | None, average: Path | None
) -> "tuple[Package | None, Path, Path]":
    """The network and its table, and the export that they are of, if they are of one."""
    from caloscope.training.cmssw_notes import package_in, package_of

    if folder is not None:
        if onnx or average:
            raise UsageError(f"{folder}: found --onnx or --average too, expected either these or a folder")
        package = package_in(folder)
        return package, package.onnx, package.average
    if onnx is None or average is None:
        raise UsageError("found no network, expected --onnx and --average, or a folder of export-cmssw")
    return package_of(onnx, average), onnx, average


def _parameters(given: dict[str, Any], package: "Package | None") -> "Parameters":
    """What options say, and else the export."""
    from dataclasses import asdict

    from caloscope.detectors.cmssw_ml import Parameters

    chosen = asdict(package.parameters) if package is not None else {}
    chosen |= {name: value for name, value in given.items() if value is not None}
    missing = [f"--{name}" for name in ("slope", "intercept", "threshold") if name not in chosen]
    if missing:
        raise UsageError(
            f"found no {', '.join(missing)}, expected the constants, or a folder of export-cmssw"
        )
    chosen["companion"] = (chosen.get("companion") or COMPANION) if chosen.get("padding_fault") else ""
    return Parameters(**chosen)


def _spec(map_name: str | None) -> "MapSpec":
    """The map. Raises `UsageError` where it is not known, or nobody said which."""
    from caloscope.config.catalogue import load

    known = load()
    if map_name is None:
        raise UsageError("found no --map, expected the map that the network judges, such as EE+/digi")
    if map_name not in known:
        raise UsageError(f"map {map_name!r} is not known, expected one of {', '.join(known)}")
    return known[map_name]
