"""`caloscope study`: detectors against faults, in every era, as tables and a report."""

import os
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.study.estimate import Amount
    from caloscope.study.results import Results
    from caloscope.study.whole import Plan

_MINUTE, _HOUR = 60.0, 3600.0
_LINES = 20
"""Lines in a log that has no moving bar."""


def study(
    text: Annotated[
        str | None, typer.Argument(metavar="STUDY", help="A study in TOML, or one that ships: see --list.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for report, tables and figures.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="List the studies that ship.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be measured, and how long it takes.")
    ] = False,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", help="Folder of results that studies may share [OUTPUT/cache]."),
    ] = None,
    bundles: Annotated[
        list[Path] | None,
        typer.Option("--bundle", help="A bundle, for studies that ask for some; may be given again."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of measured files, for studies that ask for some.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes [one for each core].", min=1, max=1024)
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a Dask scheduler, such as tcp://node:8786.")
    ] = None,
) -> None:
    """Measure detectors against faults, and write the report.

    Each cell of the matrix is measured once and kept, so a study that was stopped goes on with the same
    command, and one that is changed measures what is new. The report is report.html, tables as CSV and
    parquet, and figures.
    """
    from caloscope.study import shipped

    if show:
        for name in shipped.names():
            print(f"{name}: {shipped.title_of(name)}")
        return
    if text is None or output is None:
        raise UsageError("found no study or no folder for its report, expected STUDY -o FOLDER, or --list")
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output}: found a file, expected a folder or nothing")
    path = shipped.found(text)
    options = {"--cache": cache, "--workers": workers, "--scheduler": scheduler}
    if _in_a_protocol(path, output, bundles or [], data, options, dry_run=dry_run):
        return
    from caloscope.study.kept import Kept
    from caloscope.study.whole import plan

    if cache is not None and cache.exists() and not cache.is_dir():
        raise UsageError(f"{cache}: found a file, expected a folder or nothing")
    planned, cores = plan(path), workers or os.cpu_count() or 1
    kept = Kept((cache or output / "cache").absolute())
    _say_amounts(planned.amounts(kept), cores)
    if not dry_run:
        _say(_measured(planned, output, kept.folder, cores, scheduler), output)


def _in_a_protocol(
    path: Path,
    output: Path,
    bundles: list[Path],
    data: Path | None,
    options: Mapping[str, object],
    *,
    dry_run: bool,
) -> bool:
    """Measure a study in a protocol of its own; false where it has none."""
    from caloscope.study import protocols

    text = protocols.protocol_of(path)
    if text is None:
        if bundles:
            raise UsageError("--bundle: expected only for studies that ask for bundles; others name them")
        if data is not None:
            raise UsageError(
                "--data: expected only for studies that ask for measured files; others name them"
            )
        return False
    for name in (name for name, value in options.items() if value is not None):
        raise UsageError(f"{name}: expected only for studies with a matrix; {path.name} has a protocol")
    if dry_run:
        print(f"{text.title}: {text.planned()}")
        return True
    console = Console(stderr=True)
    with console.status("measuring") as status:
        tell = status.update if console.is_terminal else console.print
        sentences = text.measure(output, bundles, tell, data)
    print("\n".join([*sentences, f"{output}: a page, and its tables as CSV"]))
    return True


def _measured(planned: "Plan", output: Path, cache: Path, workers: int, scheduler: str | None) -> "Results":
    from caloscope.study.whole import run

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("detectors", total=None)

        def tell(done: int, every: int, stage: str) -> None:
            progress.update(task, completed=done, total=every, description=stage)
            if not console.is_terminal and (done * _LINES // every > (done - 1) * _LINES // every):
                console.print(f"{stage}: {done:,} of {every:,} portions")

        return run(planned, output, cache=cache, workers=workers, scheduler=scheduler, tell=tell)


def _say_amounts(amounts: "list[Amount]", cores: int) -> None:
    for each in amounts:
        done = f", {each.done:,} of them measured already" if each.done else ""
        print(f"{each.kind}: {each.cells:,}{done}")
    seconds = sum(each.seconds for each in amounts) / cores
    if seconds:
        print(f"about {_long(seconds)} on {cores} {'core' if cores == 1 else 'cores'}", flush=True)


def _long(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} seconds"
    return f"{seconds / _MINUTE:.0f} minutes" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.1f} hours"


def _say(found: "Results", output: Path) -> None:
    from caloscope.study.report.parts import parts

    of = parts(found)  # what the page's first table shows
    for place, line in enumerate(of.ranking(of.main).values(), start=1):
        told = [f"{100 * line.found.value:.0f} % found"]
        if isfinite(line.slower.value):
            told.insert(0, f"mean delay {of.delay(line.slower.text(2))}")
        if isfinite(line.false.value):
            told.append(f"{line.false.text(2)} false a day")
        print(f"{place:2}. {line.setting.detector}: {', '.join(told)}")
    for failed in found.failed:
        print(f"{failed.setting.detector} ({failed.setting.matrix}) could not be trained: {failed.why}")
    print(f"{output}: report.html, tables and figures")
