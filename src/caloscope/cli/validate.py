"""`caloscope validate`: the simulation against real data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID

from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.validation.outcome import Outcome
    from caloscope.validation.sources import Found


def validate(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...", help="Files or folders of real lumisections, averages, pileup lines."
        ),
    ],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for the report.")] = None,
    map_names: Annotated[
        list[str] | None, typer.Option("--map", help="A map, or a pattern for maps; may be given again.")
    ] = None,
    era: Annotated[str | None, typer.Option("--era", help="Era; from the run where it is not given.")] = None,
    replicas: Annotated[
        int, typer.Option("--replicas", help="Simulations of each sample.", min=200, max=5000)
    ] = 200,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same report.", min=0)] = 1,
    events: Annotated[
        int | None, typer.Option("--events", help="Events per lumisection where the files do not say.", min=1)
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="Only say what would be compared.")] = False,
) -> None:
    """Compare the simulation with real data, statistic by statistic, and say plainly what does not agree.

    The report is index.html, validation.md, results.json and the pictures behind them.
    """
    from caloscope.config.catalogue import choose, load
    from caloscope.validation.sources import find

    if not show and output is None:
        raise UsageError(
            "no folder for the report: give one with -o, or --list to see what would be compared"
        )
    known = load()
    chosen = {spec.name: spec for pattern in map_names or ["*"] for spec in choose(known, pattern)}
    found = find(paths, list(chosen.values()), era, events)
    _list(found)
    if not show and output is not None:
        for outcome in _compared(found, output, replicas, seed):
            _say(outcome)
        print(f"{output}: index.html, validation.md, results.json and pictures")


def _compared(found: "Found", output: Path, replicas: int, seed: int) -> "list[Outcome]":
    from caloscope import __version__
    from caloscope.validation.run import Made, validate

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(title: str, done: int, total: int) -> None:
            if title not in tasks:
                tasks[title] = progress.add_task(escape(title), total=total)
            progress.update(tasks[title], completed=done)

        return validate(found, output, Made(replicas, seed, __version__, tuple(found.refused)), tell)


def _list(found: "Found") -> None:
    for sample in found.samples:
        print(f"{sample.source}: {sample.title}")
    for average in found.averages:
        print(f"{average.source}: {average.title}")
    for line in found.lines:
        print(f"{line.source}: total digis of {line.view} against pileup")
    for refused in found.refused:
        print(f"not used: {refused}")


def _say(outcome: "Outcome") -> None:
    from caloscope.validation.report.words import values, verdict

    tested = [each for each in outcome.comparisons if each.p == each.p]
    differ = [each for each in tested if not each.agrees]
    print(f"{outcome.label}: {len(tested) - len(differ)} of {len(tested)} comparisons agree")
    for each in differ:
        real, simulated = values(each)
        print(f"  {each.real.title}: real {real}, simulated {simulated}; {verdict(each)}")
