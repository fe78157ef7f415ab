"""`caloscope demo`: a simulated fill with faults, monitored live, on the page."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer


def demo(
    headless_seconds: Annotated[
        float | None,
        typer.Option("--headless-seconds", help="Run at most so long; exit 1 unless each fault was found."),
    ] = None,
    port: Annotated[int, typer.Option("--port", help="Port of the page; 0 takes a free one.")] = 8765,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same fill.")] = 1,
    pace: Annotated[float, typer.Option("--pace", help="Seconds from one lumisection to the next.")] = 1.0,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Empty folder to work in and keep; else a temporary one.")
    ] = None,
) -> None:
    """Simulate a fill with faults, monitor it live and serve the page."""
    from caloscope.cli.demonstration import Demonstration

    with tempfile.TemporaryDirectory(prefix="caloscope-demo-") as temporary:
        work = folder if folder is not None else Path(temporary)
        demonstration = Demonstration(work, seed=seed, port=port, pace=pace)
        found_all = demonstration.run(headless_seconds)
    if headless_seconds is not None and not found_all:
        raise typer.Exit(1)
