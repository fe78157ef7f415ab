"""What `caloscope convert` shows: how far it is, and at the end what was taken and what was left out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

if TYPE_CHECKING:
    from caloscope.convert import Drop, Progress, Report

_SHOWN = 20
_PIECES = 3


class Bar:
    """A bar with the bytes done and the time that is left, on standard error, if that is a terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[much]}, {task.fields[lumis]} LS, {task.fields[bad]} bad sources, left:"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("reading", total=None, lumis=0, bad=0, much="")
        self._stage = "reading"

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, progress: "Progress") -> None:
        """Move the bar; it begins again when the lumisections that were read are written."""
        if progress.stage != self._stage:
            self._stage = progress.stage
            self._bar.reset(self._task, total=progress.total, description=progress.stage)
        reading = progress.stage == "reading"
        self._bar.update(
            self._task,
            much=f"{progress.done / 2**20:,.0f} of {progress.total / 2**20:,.0f} MiB" if reading else "",
            completed=progress.done,
            total=progress.total,
            lumis=progress.lumisections,
            bad=progress.bad,
        )


def show(report: "Report", output: Path) -> None:
    """Print what a conversion took, what it left out and why."""
    resumed = f", {report.resumed} portions of work found done" if report.resumed else ""
    runs = f"{report.runs} run" if report.runs == 1 else f"{report.runs} runs"
    print(f"{output}: {report.lumisections} lumisections of {runs}")
    print(f"sources: {report.sources}, {len(report.bad)} of them bad{resumed}")
    console = Console(width=None if Console().is_terminal else 120)
    console.print(_taken(report))
    if report.dropped:
        console.print(_left_out(report.dropped))
    if len(report.dropped) > _SHOWN:
        print(f"and {len(report.dropped) - _SHOWN} reasons more; all are in the provenance")
    for text in report.assumptions[:_SHOWN]:
        print(f"assumed: {text}")
    if len(report.assumptions) > _SHOWN:
        print("and more that was assumed; see the provenance")
    for text in report.bad[:_SHOWN]:
        print(f"bad source: {text}")
    if len(report.bad) > _SHOWN:
        print(f"and {len(report.bad) - _SHOWN} bad sources more; all are in the provenance")


def _taken(report: "Report") -> Table:
    table = Table("map", title="Taken", title_justify="left")
    table.add_column("lumisections", justify="right")
    for name, count in report.maps.items():
        table.add_row(escape(name), str(count))
    return table


def _left_out(dropped: "Sequence[Drop]") -> Table:
    table = Table("map", "why", title="Left out", title_justify="left")
    table.add_column("lumisections", justify="right")
    table.add_column("where")
    for drop in dropped[:_SHOWN]:
        name = "every map" if drop.map == "*" else drop.map
        table.add_row(escape(name), str(drop.why), str(drop.count), _where(drop))
    return table


def _where(drop: "Drop") -> str:
    """The first places, as `306138:1-3,7`."""
    texts = []
    for run, lumis in list(drop.lumis.items())[:_PIECES]:
        pairs = lumis.pairs[:_PIECES]
        text = ",".join(str(low) if low == high else f"{low}-{high}" for low, high in pairs)
        texts.append(f"{run}:{text}{'...' if len(lumis.pairs) > _PIECES else ''}")
    return " ".join(texts) + (" ..." if len(drop.lumis) > _PIECES else "")
