"""Baskets: the entries of a branch, some at a time, inflated when one of them is asked for.

A basket is a key whose head ends with five numbers and a flag: version, size of the buffer, room for (or size
of) entries, entries, where the last entry ends. Behind the entries, where these differ in size, stand their
beginnings, counted from the beginning of the key. A basket that was not full when the tree was written stands
inside the tree, with the beginnings before the entries (ROOT's reference page of `TBasket`).
"""

import struct
from collections import OrderedDict
from dataclasses import dataclass

from caloscope.readers.root.blocks import inflate
from caloscope.readers.root.bytestream import Cursor, DamagedError, UnexpectedError
from caloscope.readers.root.rootfile import MAX_OBJECT_BYTES, RootFile
from caloscope.readers.trees.ttree import Branch

MAX_BASKETS_BYTES = 4 * 2**20
"""Inflated baskets that are kept for the next entry, one at least. Few are faster: they stay in the cache."""

_KEY = struct.Struct(">ihiIh")
_TAIL = struct.Struct(">HiiiiB")
_TAIL_VERSIONS = (2, 3)
_WITH_ENTRY_OFFSETS, _WITHOUT_ENTRY_OFFSETS = 11, 12


@dataclass(frozen=True, slots=True, eq=False)
class Basket:
    """Entries `first` up to, not including, `end`; entry `first + i` is `data[bounds[i] : bounds[i + 1]]`."""

    first: int
    end: int
    data: memoryview
    bounds: list[int]

    def entry(self, number: int) -> memoryview:
        """The bytes of an entry of this basket."""
        place = number - self.first
        return self.data[self.bounds[place] : self.bounds[place + 1]]


class Baskets:
    """The baskets of a file, of which those used last are kept. Everything raises `DamagedError`."""

    def __init__(self, file: RootFile) -> None:
        self._file = file
        # The branch is kept with its basket, or another one could come to have its identity.
        self._kept: OrderedDict[tuple[int, int], tuple[Branch, Basket]] = OrderedDict()
        self._bytes = 0

    def take(self, branch: Branch, index: int) -> Basket:
        """A basket of a branch."""
        place = (id(branch), index)
        if place in self._kept:
            self._kept.move_to_end(place)
            return self._kept[place][1]
        basket = _read(self._file, branch, index)
        self._kept[place] = branch, basket
        self._bytes += len(basket.data)
        while self._bytes > MAX_BASKETS_BYTES and len(self._kept) > 1:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._bytes -= len(oldest.data)
        return basket


def _read(file: RootFile, branch: Branch, index: int) -> Basket:
    """A basket, read and inflated."""
    first, end = int(branch.firsts[index]), int(branch.firsts[index + 1])
    inside = branch.embedded.get(index)
    data, bounds = _embedded(inside) if inside is not None else _stored(file, branch, index)
    if len(bounds) != end - first + 1:
        raise DamagedError(f"a basket of {len(bounds) - 1} entries where {end - first} should be")
    return Basket(first, end, memoryview(data), bounds)


def _stored(file: RootFile, branch: Branch, index: int) -> tuple[bytes, list[int]]:
    """Bytes and bounds of the entries of a basket that stands in the file."""
    size = int(branch.sizes[index])
    if not _KEY.size + _TAIL.size <= size <= MAX_OBJECT_BYTES:
        raise DamagedError(f"a basket of {size} bytes")
    raw = file.piece(int(branch.seeks[index]), size)
    stored, _, inflated, _, head = _KEY.unpack_from(raw)
    if stored != size or not _KEY.size + _TAIL.size <= head <= size or not 0 <= inflated <= MAX_OBJECT_BYTES:
        raise DamagedError(f"a basket of {size} bytes that claims {stored}, and {inflated} of entries")
    version, _, _, count, last, _ = _TAIL.unpack_from(raw, head - _TAIL.size)
    if version not in _TAIL_VERSIONS:
        raise UnexpectedError(f"a basket of version {version}")
    data = raw[head:] if size - head == inflated else inflate(raw[head:], inflated)
    return data, _bounds(data, head, count, last - head)


def _bounds(data: bytes, head: int, count: int, border: int) -> list[int]:
    """Bounds of the entries in front of `border`; the beginnings stand behind it where sizes differ."""
    if not 0 <= border <= len(data) or not 0 <= count <= len(data):
        raise DamagedError(f"{count} entries up to byte {border} of {len(data)}")
    if border == len(data):
        return _even(count, border)
    cursor = Cursor(data, border)
    (listed,) = cursor.take("i")
    if listed not in (count, count + 1):
        raise DamagedError(f"{listed} beginnings for {count} entries")
    return _checked(_beginnings(cursor, count), head, border)


def _even(count: int, border: int) -> list[int]:
    """Bounds of entries of one size."""
    size = border // max(1, count)
    if size * count != border:
        raise DamagedError(f"{count} entries of equal size in {border} bytes")
    return list(range(0, border + 1, size)) if size else [0] * (count + 1)


def _beginnings(cursor: Cursor, count: int) -> tuple[int, ...]:
    """Where entries begin, as it is written; the cursor moves behind."""
    start = cursor.place
    cursor.skip(4 * count)
    return struct.unpack_from(f">{count}i", cursor.data, start)


def _checked(starts: tuple[int, ...], head: int, border: int) -> list[int]:
    """Bounds out of beginnings that count from the key, in order and inside."""
    bounds = [start - head for start in starts]
    bounds.append(border)
    if bounds[0] != 0 or bounds != sorted(bounds):
        raise DamagedError("entries that begin out of order")
    return bounds


def _embedded(raw: bytes) -> tuple[bytes, list[int]]:
    """Bytes and bounds of the entries of a basket that stands inside its tree."""
    cursor = Cursor(raw)
    *_, head = cursor.take("ihiIh")
    cursor.jump(head - _TAIL.size)
    version, _, _, count, last, flag = cursor.take("HiiiiB")
    if version not in _TAIL_VERSIONS or flag not in (_WITH_ENTRY_OFFSETS, _WITHOUT_ENTRY_OFFSETS, 0):
        raise UnexpectedError(f"a basket of version {version} inside a tree, of kind {flag}")
    if count == 0 or not flag:
        return b"", [0]
    starts = None
    if flag == _WITH_ENTRY_OFFSETS:
        (listed,) = cursor.take("i")
        if listed != count:
            raise DamagedError(f"{listed} beginnings for {count} entries")
        starts = _beginnings(cursor, count)
    # What follows is the buffer, which begins with room for the key.
    cursor.skip(head)
    start = cursor.place
    cursor.skip(last - head)
    data, border = raw[start : cursor.place], last - head
    if not 0 <= count <= len(raw):
        raise DamagedError(f"{count} entries in {border} bytes")
    return data, _even(count, border) if starts is None else _checked(starts, head, border)
