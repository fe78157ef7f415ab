"""Where the bytes of a remote file go, and what is watched while they come."""

import os
import shutil
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from caloscope.fetch.limits import Limits
from caloscope.fetch.server import Unreachable

_LOOK_EVERY = 64 << 20
"""Bytes between two looks at the free space."""


class Sink:
    """A local file that is written anew.

    Too many bytes, or too few, a full disk and a trickle raise `Unreachable`.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._look_at = _LOOK_EVERY
        self._since = time.monotonic()
        self._before = 0
        self._written = 0
        self._size: int | None = None

    def __enter__(self) -> Self:
        try:
            self._file = self._path.open("wb")
        except OSError as error:
            raise _no_room(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as failure:
            if error is None:
                raise _no_room(failure) from None

    def expect(self, size: int | None) -> None:
        """Hear how many bytes are to come."""
        self._size = size
        self._check_size(size or 0)
        self._check_space(size or 0)

    def check_whole(self) -> None:
        """Raise `Unreachable` where there are more or fewer bytes than were expected."""
        if self._size is not None and self._written != self._size:
            raise Unreachable(f"{self._written} bytes of {self._size}")

    def write(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._written += len(piece)
        self._check_size(self._written)
        self._check_pace()
        if self._written > self._look_at:
            self._look_at = self._written + _LOOK_EVERY
            self._check_space(_LOOK_EVERY)
        try:
            self._file.write(piece)
        except OSError as error:
            raise _no_room(error) from None

    def _check_pace(self) -> None:
        seconds = time.monotonic() - self._since
        if seconds < self._limits.answer:
            return
        rate = (self._written - self._before) / seconds
        if rate < self._limits.min_rate:
            raise Unreachable(f"{rate:.0f} bytes a second")
        self._since, self._before = time.monotonic(), self._written

    def _check_size(self, size: int) -> None:
        if size > self._limits.max_bytes:
            raise Unreachable(f"more than {self._limits.max_bytes} bytes", lasting=True)

    def _check_space(self, more: int) -> None:
        free = shutil.disk_usage(self._path.parent).free
        if free < self._limits.spare + more:
            raise Unreachable(f"{free} bytes free on the disk for copies", lasting=True)


def _no_room(error: OSError) -> Unreachable:
    reason = os.strerror(error.errno or 0).lower()
    return Unreachable(f"a disk for copies that says: {reason}", lasting=True)
