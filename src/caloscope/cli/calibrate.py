"""`caloscope calibrate`: a bundle derived again from good lumisections."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from caloscope.cli.options import Label, Lumis, Runs
from caloscope.cli.stages import Stages
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.training import Renewed


def calibrate(
    paths: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files or folders of good data.")],
    bundle: Annotated[Path, typer.Option("--bundle", help="The bundle folder to calibrate.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="The new bundle (NAME-calibrated.bundle beside the old one, if there is none yet); "
            "one that is named here is replaced.",
        ),
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", help="False incidents allowed per 3,700 LS (as before, or 1).")
    ] = None,
    thresholds_only: Annotated[
        bool, typer.Option("--thresholds-only", help="Keep pileup line, averages and minimum of events.")
    ] = False,
    plot: Annotated[Path | None, typer.Option("--plot", help="A picture of what it is worth, .png.")] = None,
    run: Annotated[int | None, typer.Option("--run", help="Run of files that do not say theirs.")] = None,
    runs: Runs = None,
    lumis: Lumis = None,
    label: Label = "calibration",
) -> None:
    """Derive pileup line, averages, minimum of events and thresholds again, from good lumisections.

    Thresholds are chosen so that chance opens --rate incidents in 3,700 lumisections, 24 hours. Rates before
    and after are printed. The old bundle, and one that was calibrated earlier, stay as they are unless -o
    names them.
    """
    from caloscope import bundle as bundles
    from caloscope import calibrate as room
    from caloscope import training
    from caloscope.cli.calibrated import (
        incidents_a_day,
        many,
        print_before_and_after,
        print_warnings,
        unknown_of,
    )
    from caloscope.cli.good_data import Chosen, warn_of_eras, warn_of_faults
    from caloscope.config.catalogue import load
    from caloscope.decide import budget
    from caloscope.detectors.base import NeedsCompanions

    if plot is not None:
        _require_picture(plot)
    target = output or _beside(bundle)
    old = bundles.load(bundle)
    maps = load(old.calorimeter)
    beside = old.detector.companions if isinstance(old.detector, NeedsCompanions) else ()
    wanted = [old.spec, *(maps[name] for name in beside if name in maps)]
    per_day = rate if rate is not None else old.card.false_alarms_per_day or 1.0
    budget((room.SCORE,), per_day)  # a rate that is none is refused before all is read
    chosen = Chosen(label, old.card.era, run, runs, lumis)
    with Stages() as stages:
        warn_of_faults(paths, old.spec.name, chosen, stages)
        good = chosen.read(paths, wanted, old.calorimeter, stages)
        warn_of_eras(old, good, stages)
        stages.begin("calibrating")
        tell = stages.of("calibrating")
        renewed = training.recalibrate(old, good, per_day=per_day, refit=not thresholds_only, tell=tell)
    made = training.save(renewed, target)
    print(f"{target}: {made.card.detector} for {made.spec.name}, hash {made.hash}")
    if made.standing.state == "commissioning":
        print(f"still in commissioning: give it its say with caloscope bundle state {target} active")
    if renewed.learned:
        print(f"renewed with {many(renewed.learned, 'lumisection')}: {_renewed(renewed)}")
    judged = renewed.calibration.watched
    print(
        f"thresholds for {incidents_a_day(per_day)} from {many(judged.lumis, 'lumisection')} of "
        f"{many(len(judged.runs), 'run')}, {unknown_of(sum(judged.unknown.values()), judged.why_unknown())}; "
        "a day is 3,700 LS, (95 %):"
    )
    print_before_and_after(renewed, room.thresholds_of(old))
    print_warnings(made.card)
    if plot is not None:
        _draw(plot, renewed)
        print(plot)


def _beside(bundle: Path) -> Path:
    """Where the new bundle goes if nobody says. Raises `UsageError` where one is already."""
    target = bundle.parent / f"{bundle.name.removesuffix('.bundle')}-calibrated.bundle"
    if target.exists():
        raise UsageError(f"{target}: found an earlier one, expected none; -o replaces it or names another")
    return target


def _renewed(renewed: "Renewed") -> str:
    """What changed in the settings, in words."""
    before, after = renewed.old.card.settings, renewed.new.card.settings
    changed = [
        f"{name} {_short(before.get(name))} to {_short(value)}"
        for name, value in after.items()
        if before.get(name) != value and name != "threshold"
    ]
    return ", ".join(changed) or "nothing but the average changed"


def _short(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _require_picture(plot: Path) -> None:
    """Raises `UsageError` before the work is done that a picture would come after."""
    if plot.suffix != ".png":
        raise UsageError(f"{plot}: expected a name that ends in .png")
    from caloscope import figures  # noqa: F401 - says in one line where matplotlib is not installed


def _draw(plot: Path, renewed: "Renewed") -> None:
    from caloscope import figures
    from caloscope.cli.calibrated import many

    card, judged = renewed.new.card, renewed.calibration.watched
    title = f"{card.detector} for {card.map}: rates asked for and observed"
    subtitle = f"{judged.lumis:,} good lumisections of {many(len(judged.runs), 'run')}"
    plot.write_bytes(figures.calibration_figure(title, subtitle, renewed.checks, renewed.pit))
