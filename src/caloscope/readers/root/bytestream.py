"""Walking through bytes that nobody vouches for."""

import struct
from functools import lru_cache
from typing import Any


class DamagedError(Exception):
    """Bytes that cannot be what they claim to be; says which, without the file's name."""


class UnexpectedError(DamagedError):
    """Bytes that may be sound, in a version or layout that this code does not know."""


@lru_cache(maxsize=64)
def _format(fields: str) -> struct.Struct:
    return struct.Struct(">" + fields)


class Cursor:
    """A position in bytes; every step is checked against their end."""

    __slots__ = ("data", "place")

    def __init__(self, data: bytes | memoryview, place: int = 0) -> None:
        self.data = data
        self.place = place

    def take(self, fields: str) -> tuple[Any, ...]:
        """The next big-endian numbers, `fields` as in `struct`."""
        layout = _format(fields)
        start = self.place
        end = start + layout.size
        if end > len(self.data):
            raise DamagedError(f"a record that ends at byte {end} of {len(self.data)}")
        self.place = end
        return layout.unpack_from(self.data, start)

    def skip(self, size: int) -> None:
        """Moves on by some bytes."""
        self.jump(self.place + size)

    def jump(self, place: int) -> None:
        """Moves forward to a place, which may be the end itself."""
        if not self.place <= place <= len(self.data):
            raise DamagedError(f"a record that ends at byte {place} of {len(self.data)}")
        self.place = place

    def text(self) -> str:
        """The next `TString`: a length of one byte, or 255 and then four, and the characters."""
        (size,) = self.take("B")
        if size == 255:
            (size,) = self.take("I")
        start = self.place
        self.skip(size)
        return str(self.data[start : self.place], "utf-8", errors="replace")
