"""The live edge: a generator of files that have arrived and are complete.

Kernel notices do not cross network file systems and say nothing about completeness, so every wake-up, by
notice or by the clock, looks at the folder itself.
"""

import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from watchfiles import watch as notices

from caloscope.errors import UsageError

POLL_SECONDS = 2.0
"""Longest time between two looks at the folder."""

SETTLE_SECONDS = 5.0
"""An incomplete file that has not changed for so long will not change any more."""

Stamp = tuple[int, int]


def arrivals(
    folder: Path,
    stop: threading.Event,
    *,
    complete: Callable[[Path], bool],
    poll_seconds: float = POLL_SECONDS,
    settle_seconds: float = SETTLE_SECONDS,
) -> Iterator[list[Path]]:
    """Complete files of `folder` in order of name: first those that lie there, then new ones as they come.

    A file that changes is given again. Hidden files and folders are passed over. A file that is not
    `complete` is looked at again until it is, or until it has not changed for `settle_seconds`: then it is
    given as it is, for the reader to say what is wrong with it. Ends when `stop` is set. Raises
    `UsageError` at once when there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder, expected a spool to watch")
    return _batches(_Spool(folder, complete, settle_seconds), folder, stop, poll_seconds)


def _batches(
    spool: "_Spool", folder: Path, stop: threading.Event, poll_seconds: float
) -> Iterator[list[Path]]:
    yield spool.look()
    for _ in notices(
        folder,
        stop_event=stop,
        recursive=False,
        step=10,
        debounce=50,
        rust_timeout=int(poll_seconds * 1000),
        yield_on_timeout=True,
        raise_interrupt=False,
    ):
        found = spool.look()
        if found:
            yield found


class _Spool:
    """What is known of the files of one folder."""

    def __init__(self, folder: Path, complete: Callable[[Path], bool], settle_seconds: float) -> None:
        self._folder = folder
        self._complete = complete
        self._settle = settle_seconds
        self._known: dict[Path, Stamp] = {}
        self._growing: dict[Path, tuple[Stamp, float]] = {}

    def look(self) -> list[Path]:
        """The files that are new or changed since the last look, and complete or settled.

        A folder that cannot be listed (a network file system that is away for a while) has nothing new.
        """
        found = []
        for path, stamp in sorted(self._listed()):
            if self._known.get(path) == stamp:
                continue
            if self._complete(path) or self._settled(path, stamp):
                self._known[path] = stamp
                self._growing.pop(path, None)
                found.append(path)
        return found

    def _listed(self) -> list[tuple[Path, Stamp]]:
        """Visible plain files with size and time; what has just gone is left out."""
        try:
            with os.scandir(self._folder) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError:
            return []
        stamps = ((entry, _stamp(entry)) for entry in visible)
        return [(self._folder / entry.name, stamp) for entry, stamp in stamps if stamp is not None]

    def _settled(self, path: Path, stamp: Stamp) -> bool:
        # The monotonic clock: a jump of the wall clock must not make a growing file look settled.
        now = time.monotonic()
        before, since = self._growing.get(path, (stamp, now))
        if before != stamp:
            since = now
        self._growing[path] = (stamp, since)
        return now - since >= self._settle


def _stamp(entry: "os.DirEntry[str]") -> Stamp | None:
    """Size and time of a plain file; None for anything else, or what has just gone."""
    try:
        status = entry.stat()
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None
