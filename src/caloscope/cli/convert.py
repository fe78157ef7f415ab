"""`caloscope convert`: from whatever there is to a data set."""

import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from caloscope.cli.convert_shown import Bar, show
from caloscope.cli.options import Calorimeter, Lumis, Runs, calorimeter_text
from caloscope.errors import UsageError

_CORES = len(os.sched_getaffinity(0))


def convert(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Files, folders, globs, root:// or https:// URLs, @list.txt."
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The data set, NAME.h5.")],
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", help="A map, or a pattern for maps or their histograms; may be given again."),
    ] = None,
    histograms: Annotated[
        list[str] | None,
        typer.Option("--histogram", help="A pattern for paths of histograms to take as they are."),
    ] = None,
    label: Annotated[str, typer.Option("--label", help="Primary dataset, such as ZeroBias.")] = "converted",
    era: Annotated[str | None, typer.Option("--era", help="Era; from the run where it is not given.")] = None,
    run: Annotated[int | None, typer.Option("--run", help="Run of sources that do not say theirs.")] = None,
    runs: Runs = None,
    lumis: Lumis = None,
    golden: Annotated[Path | None, typer.Option("--golden", help="Certification JSON to pass.")] = None,
    dcs: Annotated[Path | None, typer.Option("--dcs", help="DCS JSON to pass: detector on.")] = None,
    min_events: Annotated[int, typer.Option("--min-events", help="Least number of events of a map.")] = 0,
    brilcalc: Annotated[
        Path | None, typer.Option("--brilcalc", help="CSV of brilcalc --byls: the pileup comes from there.")
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Histograms that grow do so since lumisection 1.")
    ] = False,
    as_float: Annotated[bool, typer.Option("--as-float", help="Take numbers that are no counts.")] = False,
    calorimeter: Calorimeter = None,
    workers: Annotated[int, typer.Option("--workers", help="Processes to use.")] = _CORES,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a Dask scheduler to use instead.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a data set that is there.")] = False,
) -> None:
    """Turn DQM files of any kind into a data set. Interrupted and asked again, it goes on."""
    from caloscope import convert as conversion
    from caloscope.fetch import expand

    _require_free(output, replace=replace)
    request = conversion.Request(
        maps=tuple(maps or ()),
        histograms=tuple(histograms or ()),
        label=label,
        era=era,
        run=run,
        runs=runs,
        lumis=lumis,
        golden=golden,
        dcs=dcs,
        brilcalc=brilcalc,
        min_events=min_events,
        calorimeter=calorimeter_text(calorimeter),
        as_float=as_float,
        from_start=from_start,
    )
    request.check()
    found = expand(sources)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with Bar() as bar:
            report = conversion.convert(
                found,
                request,
                output,
                workers=workers,
                scheduler=scheduler,
                command=shlex.join(["caloscope", *sys.argv[1:]]),
                tell=bar.tell,
            )
    except KeyboardInterrupt as signalled:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        number = signalled.args[0] if signalled.args else signal.SIGINT
        raise typer.Exit(128 + number) from None
    show(report, output)


def _require_free(output: Path, *, replace: bool) -> None:
    """Raises `UsageError` where a data set cannot be put, or may not."""
    if output.exists() and not output.is_file():
        what = "a folder" if output.is_dir() else "no plain file"
        raise UsageError(f"{output}: found {what}, expected the name of a data set")
    if output.exists() and not replace:
        raise UsageError(f"{output}: is there already; choose another name, or --replace")


def _interrupt(number: int, _: object) -> None:
    """A batch system that wants its machine back is no different from a person at the keys."""
    raise KeyboardInterrupt(number)
