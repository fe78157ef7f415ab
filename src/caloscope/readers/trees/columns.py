"""The entries of a branch by number: as bytes, as numbers, as text."""

from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.readers.root.bytestream import Cursor, DamagedError
from caloscope.readers.trees.baskets import Basket, Baskets
from caloscope.readers.trees.ttree import Branch

MAX_SPAN_BYTES = 64 * 2**20
_NONE = Basket(0, 0, memoryview(b""), [0])


class Column:
    """The entries of one branch. Everything raises `DamagedError`."""

    def __init__(self, baskets: Baskets, branch: Branch) -> None:
        self.branch = branch
        self._baskets = baskets
        self._firsts = branch.firsts[:-1].tolist()
        self._now = _NONE

    def basket(self, number: int) -> Basket:
        """The basket that holds an entry."""
        now = self._now
        if now.first <= number < now.end:
            return now
        if not 0 <= number < self.branch.entries:
            raise DamagedError(f"entry {number} of {self.branch.entries} in {self.branch.name[:80]!r}")
        index = bisect_right(self._firsts, number) - 1
        self._now = self._baskets.take(self.branch, index)
        return self._now

    def entry(self, number: int) -> memoryview:
        """The bytes of an entry."""
        return self.basket(number).entry(number)

    def span(self, first: int, end: int, most: int = MAX_SPAN_BYTES) -> bytes:
        """The bytes of entries `first` up to, not including, `end`, one after the other, `most` at most."""
        pieces: list[memoryview] = []
        while first < end:
            basket = self.basket(first)
            stop = min(end, basket.end)
            bounds = basket.bounds
            pieces.append(basket.data[bounds[first - basket.first] : bounds[stop - basket.first]])
            most -= len(pieces[-1])
            if most < 0:
                raise DamagedError(f"more than can be in {self.branch.name[:80]!r}")
            first = stop
        return b"".join(pieces)

    def number(self, number: int) -> Any:
        """The value of an entry of a branch of numbers."""
        return self.numbers(number, number + 1)[0].item()

    def numbers(self, first: int, end: int) -> NDArray[Any]:
        """The values of entries `first` up to, not including, `end`, of a branch of numbers."""
        dtype = self.branch.number
        if dtype is None:
            raise DamagedError(f"a branch {self.branch.name[:80]!r} that holds no plain numbers")
        raw = self.span(first, end)
        if len(raw) != (end - first) * dtype.itemsize:
            raise DamagedError(f"{len(raw)} bytes for {end - first} numbers of {dtype.itemsize}")
        return np.frombuffer(raw, dtype)


def texts(raw: bytes, count: int) -> list[str]:
    """The strings in entries that stand one after the other; raises `DamagedError`.

    Each is behind its length, of one byte, or of four behind a byte 255.
    """
    cursor = Cursor(raw)
    found = [cursor.text() for _ in range(count)]
    if cursor.place != len(raw):
        raise DamagedError(f"{count} texts that end at byte {cursor.place} of {len(raw)}")
    return found
