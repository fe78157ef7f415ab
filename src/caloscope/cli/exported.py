"""`caloscope bundle export-cmssw`: a network of ours as a CMSSW release takes it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from caloscope.cli.options import Label, Lumis, Runs
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.bundle import Bundle
    from caloscope.cli.good_data import Chosen
    from caloscope.cli.stages import Stages
    from caloscope.records import Lumisection
    from caloscope.training.to_cmssw import Exported


def export_cmssw(
    path: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="A bundle of an autoencoder of an ECAL map.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write; it must be new.")],
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", help="Files or folders of good data to find the threshold on."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="Threshold on the product of losses, without sources.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", help="False incidents allowed per 3,700 LS (as before, or 1).")
    ] = None,
    n_ls: Annotated[
        int | None, typer.Option("--n-ls", min=1, help="Lumisections summed into an image (as before, or 3).")
    ] = None,
    n_loss: Annotated[
        int | None, typer.Option("--n-loss", min=1, help="Loss maps multiplied (as before, or 6).")
    ] = None,
    run: Annotated[int | None, typer.Option("--run", help="Run of files that do not say theirs.")] = None,
    runs: Runs = None,
    lumis: Lumis = None,
    label: Label = "calibration",
) -> None:
    """Write a network, its average table and its constants as CMSSW's MLClient takes them.

    The threshold is found on good lumisections as caloscope calibrate does. Without any it is that of a
    bundle that came from CMSSW, or must be given.
    """
    from caloscope import bundle as bundles
    from caloscope.cli.good_data import Chosen
    from caloscope.cli.stages import Stages
    from caloscope.training.cmssw_chain import chain_of
    from caloscope.training.to_cmssw import export_cmssw as export

    old = bundles.load(path)
    chain_of(old, n_ls, n_loss)  # what cannot be exported is refused before all is read
    _require_sense(output, rate, sources)
    chosen = Chosen(label, old.card.era, run, runs, lumis)
    with Stages() as stages:
        good = _read(chosen, sources, old, stages) if sources else []
        stages.begin("exporting")
        made = export(
            old,
            output,
            good,
            threshold=threshold,
            per_day=rate if rate is not None else old.card.false_alarms_per_day or 1.0,
            n_ls=n_ls,
            n_loss=n_loss,
            tell=stages.of("calibrating"),
        )
    _say(made)


def _require_sense(output: Path, rate: float | None, sources: Sequence[str] | None) -> None:
    """Raises `UsageError` for a folder that exists, and for a rate without data to find its threshold on."""
    if output.exists():
        raise UsageError(f"{output}: found something there already, expected a new folder")
    if rate is not None and not sources:
        raise UsageError("found --rate without good data, expected some to find its threshold on")


def _read(chosen: "Chosen", sources: Sequence[str], old: "Bundle", stages: "Stages") -> "list[Lumisection]":
    """Good lumisections with the map, and with those that its chain must see beside it."""
    from caloscope.cli.good_data import warn_of_eras, warn_of_faults
    from caloscope.config.catalogue import load
    from caloscope.detectors.base import NeedsCompanions

    maps = load()
    beside = old.detector.companions if isinstance(old.detector, NeedsCompanions) else ()
    wanted = [old.spec, *(maps[name] for name in beside if name in maps)]
    warn_of_faults(sources, old.spec.name, chosen, stages)
    good = chosen.read(sources, wanted, None, stages)
    warn_of_eras(old, good, stages)
    return good


def _say(made: "Exported") -> None:
    """The files, what the constants are, and what somebody who runs them must know."""
    from caloscope.cli.calibrated import print_calibration

    card, settings = made.chain.card, made.chain.card.settings
    for file in made.files:
        print(file)
    form = "the file as it came" if made.opset is None else f"wrapped, ONNX operator set {made.opset}"
    print(
        f"{card.map}: {form}; {settings['n_ls']} lumisections summed, {settings['n_loss']} losses multiplied"
    )
    print(f"digis of 500 events: {settings['slope']:.7g} x pileup + {settings['intercept']:.7g}")
    print(f"threshold {card.threshold:.4g}: {made.threshold}")
    if "lumisections" in card.calibration:
        print_calibration(card)
    for warning in made.warnings:
        print(f"warning: {warning}")
