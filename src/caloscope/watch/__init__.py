"""The live edge: a generator of files that have arrived and are complete.

Kernel notices say which names changed, so that a spool of many thousand files is not listed for each new one.
They do not cross network file systems, get lost when too many come at once, and say nothing about
completeness: so the whole folder is looked at by the clock as well, in slices, and between two slices what
was noticed meanwhile comes first.
"""

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from caloscope.errors import UsageError
from caloscope.watch.notices import Notices
from caloscope.watch.spool import SETTLE_SECONDS, Spool

__all__ = ["POLL_SECONDS", "SETTLE_SECONDS", "TICK_SECONDS", "arrivals"]

POLL_SECONDS = 2.0
"""Time between two looks at the whole folder; longer where a look takes more than a twentieth of it."""

TICK_SECONDS = 1.0
"""Longest time without an answer, an empty one where nothing came."""

LINGER_SECONDS = 0.02
"""After a batch: how long nothing must come before the answer is an empty one, which says so."""

FIRST_SECONDS = 0.2
"""Between the first look and the second: kernel notices begin somewhere in between."""

SLICE = 500
"""Files that are looked at, at most, between two questions for what was noticed: two milliseconds,"""

SLICE_SECONDS = 0.01
"""or so long where files answer slowly,"""

STEP = 20
"""but for so many in any case."""

Noted: TypeAlias = Callable[[Sequence[Path]], Collection[tuple[str, int, int]]]
"""Which of some files somebody knows: path, size in bytes, time of last change in nanoseconds."""


def _of_none(_: Sequence[Path]) -> Collection[tuple[str, int, int]]:
    return ()


def arrivals(
    folder: Path,
    stop: threading.Event,
    *,
    complete: Callable[[Path], bool],
    poll_seconds: float = POLL_SECONDS,
    settle_seconds: float = SETTLE_SECONDS,
    told: Callable[[str], None] = lambda _: None,
    hurry: Callable[[], bool] = lambda: False,
    noted: Noted = _of_none,
    beat: Callable[[], None] = lambda: None,
) -> Iterator[list[Path]]:
    """Complete files of `folder` in order of name: first those that lie there, then new ones as they come.

    A file that changes is given again, and so are all when the folder was away. Hidden files, those that end
    in `.tmp`, and folders are passed over. A file that is not `complete` is looked at again until it is, or
    until it has not changed for `settle_seconds`: then it is given as it is, for the reader to say what is
    wrong with it. A batch is empty where nothing came for a moment after another one, or for a second, and at
    once where the caller is in a `hurry`, having other things to do. `told` hears after each look at the
    whole folder why it cannot be listed, nothing ("") where it can. Files that are `noted` as they are, which
    is asked of those that lie there at first or when the folder was away, are given without being opened.
    `beat` is called again and again until the first batch. Ends when `stop` is set. Raises `UsageError` at
    once when there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder, expected a spool to watch")
    spool = Spool(folder, complete, settle_seconds)
    return _Watch(folder, stop, spool, poll_seconds, told, hurry, noted, beat).batches()


class _Watch:
    """One spool that is watched."""

    def __init__(
        self,
        folder: Path,
        stop: threading.Event,
        spool: Spool,
        poll_seconds: float,
        told: Callable[[str], None],
        hurry: Callable[[], bool],
        noted: Noted,
        beat: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._stop = stop
        self._spool = spool
        self._poll = poll_seconds
        self._told = told
        self._hurry = hurry
        self._noted = noted
        self._beat = beat
        self._is_strange = True  # nothing is known of what lies there
        self._look: Iterator[list[Path]] | None = None
        self._look_began = 0.0
        self._next_look = 0.0
        self._found: list[Path] = []

    def batches(self) -> Iterator[list[Path]]:
        """What `arrivals` gives."""
        notices = Notices(self._folder, self._stop)
        try:
            first = self._first()
            if self._stop.is_set():
                return
            yield first
            came = True
            while not self._stop.is_set():
                new = self._spool.see(notices.names(self._patience(came)))
                new += self._go_on(notices)
                if new or self._look is None or self._hurry():
                    came = bool(new)
                    yield new
        finally:
            notices.end()

    def _first(self) -> list[Path]:
        """All that is there, or what was found of it when the watch is to stop."""
        self._begin_look()
        while self._look is not None and not self._stop.is_set():
            self._slice(self._look)
            self._beat()
        self._next_look = time.monotonic() + min(FIRST_SECONDS, self._poll)
        return self._taken()

    def _go_on(self, notices: Notices) -> list[Path]:
        """A piece of a look at all files, if one is due; what it found, once it is over."""
        if self._look is not None:
            self._slice(self._look)
        elif time.monotonic() >= self._next_look:
            notices.follow()
            self._begin_look()
        return self._taken() if self._look is None else []

    def _patience(self, came: bool) -> float:
        """How long to wait for a notice."""
        if self._look is not None or self._hurry():
            return 0.0
        longest = LINGER_SECONDS if came else TICK_SECONDS
        return max(0.0, min(longest, self._poll, self._next_look - time.monotonic()))

    def _begin_look(self) -> None:
        """Begin to look at all files, and those that grow once more."""
        self._look_began = time.monotonic()
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - names are all that is wanted of 40,000 files
        except OSError as error:
            self._told(f"{self._folder}: cannot be listed: {error.strerror or error}")
            self._spool.keep_only([])  # who was given files that could not be read gets them again
            self._is_strange = True
            self._end_look()
            return
        self._told("")
        self._spool.keep_only(names)
        names.sort()
        self._look = self._steps(names, strange=self._is_strange)
        self._is_strange = False

    def _steps(self, names: list[str], *, strange: bool) -> Iterator[list[Path]]:
        """What is to be given of files, a few looked at in each step."""
        for start in range(0, len(names), SLICE):
            part = names[start : start + SLICE]
            noted = self._noted([self._folder / name for name in part]) if strange else ()
            for first in range(0, len(part), STEP):
                yield self._spool.see(part[first : first + STEP], noted)

    def _slice(self, look: Iterator[list[Path]]) -> None:
        """Look at some more of them."""
        until = time.monotonic() + SLICE_SECONDS
        for _ in range(0, SLICE, STEP):
            found = next(look, None)
            if found is None:
                self._end_look()
                return
            self._found += found
            if time.monotonic() >= until:
                return

    def _end_look(self) -> None:
        took = time.monotonic() - self._look_began
        self._look, self._next_look = None, time.monotonic() + max(self._poll, 20 * took)

    def _taken(self) -> list[Path]:
        """What whole looks found; it is nobody's any more."""
        found, self._found = self._found, []
        return found
