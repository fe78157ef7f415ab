"""The live edge: a generator of files that have arrived and are complete.

Kernel notices do not cross network file systems and say nothing about completeness, so every wake-up, by
notice or by the clock, looks at the folder itself.
"""

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
    `UsageError` when there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder, expected a spool to watch")
    spool = _Spool(folder, complete, settle_seconds)
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
        """The files that are new or changed since the last look, and complete or settled."""
        found = []
        for path in sorted(self._folder.iterdir()):
            stamp = _stamp(path)
            if stamp is None or self._known.get(path) == stamp:
                continue
            if self._complete(path) or self._settled(path, stamp):
                self._known[path] = stamp
                self._growing.pop(path, None)
                found.append(path)
        return found

    def _settled(self, path: Path, stamp: Stamp) -> bool:
        # The monotonic clock: a jump of the wall clock must not make a growing file look settled.
        now = time.monotonic()
        before, since = self._growing.get(path, (stamp, now))
        if before != stamp:
            since = now
        self._growing[path] = (stamp, since)
        return now - since >= self._settle


def _stamp(path: Path) -> Stamp | None:
    """Size and time of a visible plain file; None for anything else, or what has just gone."""
    if path.name.startswith("."):
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None
