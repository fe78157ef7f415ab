"""How far long work is, that has several stages: always the one that is at work now, on standard error."""

import sys
import time
from collections.abc import Callable
from typing import Final, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

EVERY: Final = 30.0
"""Seconds from one line to the next where there is no terminal, as in the log of a batch job."""

WIDTH: Final = 40
"""Columns of a bar; where a terminal is narrow it gives way to what stands beside it."""


class _Shown(Protocol):
    """Where stages are shown."""

    def begin(self, what: str) -> None: ...
    def tell(self, done: int, every: int, unit: str, detail: str) -> None: ...
    def note(self, line: str) -> None: ...
    def end(self, *, well: bool) -> None: ...


class Stages:
    """One bar at a time with a terminal; without one a plain line now and then, and at the end of each stage.

    A stage is `what` is being done; another one ends it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        console = Console(stderr=True)
        self._shown: _Shown = _Bars(console) if console.is_terminal else _Lines(clock)
        self._now = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._shown.end(well=kind is None)

    def begin(self, what: str) -> None:
        """A stage begins, if it is not at work already; nobody knows yet how long it will take."""
        if what != self._now:
            self._shown.end(well=True)
            self._now = what
            self._shown.begin(what)

    def tell(self, what: str, unit: str, done: int, every: int, detail: str = "") -> None:
        """So many of so many are done, counted in a `unit`; `detail` is for stages that may end early."""
        self.begin(what)
        self._shown.tell(done, every, unit, detail)

    def of(self, what: str, unit: str = "lumisections") -> Callable[[int, int], None]:
        """What is told how many of how many are done in one stage."""
        return lambda done, every: self.tell(what, unit, done, every)

    def note(self, line: str) -> None:
        """A line that stays."""
        self._shown.note(line)


class _Bars:
    """A bar that goes when its stage ends."""

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(None, table_column=Column(max_width=WIDTH)),
            TextColumn("{task.fields[done]}"),
            TextColumn("{task.fields[left]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None

    def begin(self, what: str) -> None:
        self._task = self._bar.add_task(what, total=None, done="", left="left:")
        self._bar.start()

    def tell(self, done: int, every: int, unit: str, detail: str) -> None:
        if self._task is not None:
            text = f"{unit.removesuffix('s')} {done}, {detail}" if detail else f"{done}/{every} {unit}"
            left = "at most" if detail else "left:"  # epochs may end before the last one
            self._bar.update(self._task, completed=done, total=every, done=text, left=left)

    def note(self, line: str) -> None:
        self._bar.console.print(line, markup=False, highlight=False)

    def end(self, *, well: bool) -> None:  # noqa: ARG002 - the bar goes in any case
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None
        self._bar.stop()


class _Lines:
    """A line for the first of what has a `detail`, one every half minute, and one where a stage ends well."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._what = self._last = ""
        self._said: str | None = None
        self._began = self._when = 0.0

    def begin(self, what: str) -> None:
        self._what, self._last, self._said = what, "", None
        self._began = self._when = self._clock()

    def tell(self, done: int, every: int, unit: str, detail: str) -> None:
        found = f"{done:,} of {every:,} {unit.removesuffix('s') if every == 1 else unit}"
        self._last = f"{found}, {detail}" if detail else found
        if (detail and self._said is None) or self._clock() - self._when >= EVERY:
            self._say()

    def note(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def end(self, *, well: bool) -> None:
        if self._what and well and self._last != self._said:
            self._say()
        self._what = ""

    def _say(self) -> None:
        now = self._clock()
        found = f"{self._last}, " if self._last else ""
        self.note(f"{self._what}: {found}{now - self._began:.0f} s")
        self._said, self._when = self._last, now
