"""What is known of the files of one folder."""

import os
import stat
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TypeAlias

SETTLE_SECONDS = 5.0
"""An incomplete file that has not changed for so long will not change any more."""

_Stamp: TypeAlias = int
"""Size and time of a file, hashed: a spool holds many files, and this is kept of each."""


class Spool:
    """Says of names which are files that are new or changed, and complete or settled."""

    def __init__(self, folder: Path, complete: Callable[[Path], bool], settle_seconds: float) -> None:
        self._folder = folder
        self._complete = complete
        self._settle = settle_seconds
        self._known: dict[str, _Stamp] = {}
        self._growing: dict[str, tuple[_Stamp, float]] = {}

    def see(self, names: Iterable[str], noted: Collection[tuple[str, int, int]] = ()) -> list[Path]:
        """Those of the names that are to be given now, in order of name; what is `noted` as it is at once."""
        return [path for name in sorted(names) if (path := self._seen(name, noted)) is not None]

    def keep_only(self, names: Iterable[str]) -> None:
        """Forget all files but these: they have vanished."""
        there = set(names)
        for gone in [name for name in self._known if name not in there]:
            del self._known[gone]
        for gone in [name for name in self._growing if name not in there]:
            del self._growing[gone]

    def _seen(self, name: str, noted: Collection[tuple[str, int, int]]) -> Path | None:
        if name.startswith(".") or name.endswith(".tmp"):
            return None
        path = self._folder / name
        status = _status(path)
        if status is None:
            self._known.pop(name, None)
            self._growing.pop(name, None)
            return None
        stamp = hash(status)
        if self._known.get(name) == stamp:
            return None
        if (str(path), *status) not in noted and not self._is_ready(path, status):
            return None
        self._known[name] = stamp
        self._growing.pop(name, None)
        return path

    def _is_ready(self, path: Path, status: tuple[int, int]) -> bool:
        """Whether the file is complete, or will not change any more, as it was with this size and time.

        One that was written to meanwhile is looked at again when the notice of that comes, or by the clock:
        what is given now would be another file than the one remembered, and come twice.
        """
        is_ready = self._complete(path) or self._settled(path.name, hash(status))
        return is_ready and _status(path) == status

    def _settled(self, name: str, stamp: _Stamp) -> bool:
        # The monotonic clock: a jump of the wall clock must not make a growing file look settled.
        now = time.monotonic()
        before, since = self._growing.get(name, (stamp, now))
        if before != stamp:
            since = now
        self._growing[name] = (stamp, since)
        return now - since >= self._settle


def _status(path: Path) -> tuple[int, int] | None:
    """Size and time of last change of a plain file; None for anything else, or what has just gone."""
    try:
        status = os.stat(path)  # noqa: PTH116 - twice as fast, and this is done for each file of each look
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_size, status.st_mtime_ns
