"""The arrays of an HDF5 file that nobody vouches for, a chunk at a time and in bounded memory.

The library inflates a chunk to whatever it holds, so a few kilobytes could take gigabytes. Deflated chunks
are therefore inflated here, to the size that they must have and no further; others are left to the library
where their filters cannot grow beyond a bound.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.dataset.packing import DamagedChunkError, inflate, unshuffle

MAX_PIECE_BYTES = 64 * 2**20
"""Largest row, chunk or list of numbers that is read; a row of the largest CMS map takes kilobytes."""

Offset: TypeAlias = tuple[int, ...]

_DEFLATE, _SHUFFLE, _FLETCHER, _LZF = 1, 2, 3, 32000
PACKED = [_SHUFFLE, _DEFLATE]
"""Filters of the arrays that `packing.pack` makes chunks for."""

_CHECKSUM = 4
_LZF_BYTES = 4 * 2**20
"""Three bytes of LZF stand for at most 264, so a chunk of this size is at most 400 MB."""

_OURS: tuple[list[int], ...] = (
    [],
    [_DEFLATE],
    [_SHUFFLE, _DEFLATE],
    [_DEFLATE, _FLETCHER],
    [_SHUFFLE, _DEFLATE, _FLETCHER],
)
_LIBRARYS = {_SHUFFLE, _FLETCHER, _LZF}


def filters(dataset: Any) -> list[int]:
    """Codes of the filters of a dataset, in the order in which they are applied when writing."""
    settings = dataset.id.get_create_plist()
    return [int(settings.get_filter(place)[0]) for place in range(settings.get_nfilters())]


class Chunks:
    """The chunks of a dataset.

    Raises `DamagedChunkError` for filters that are not known and for pieces that are too large; while
    reading, that too for damage, and whatever h5py raises.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self.shape: tuple[int, ...] = dataset.shape
        self.dtype: np.dtype[Any] = dataset.dtype
        self.chunk: tuple[int, ...] = dataset.chunks or ()
        pieces = [self.shape[1:], self.chunk]
        if any(math.prod(piece) * self.dtype.itemsize > MAX_PIECE_BYTES for piece in pieces):
            raise DamagedChunkError(f"pieces of more than {MAX_PIECE_BYTES} bytes")
        self.filters = filters(dataset) if self.chunk else []
        self._unpacked_here = bool(self.chunk) and self.filters in _OURS
        if not self._unpacked_here and not _LIBRARYS.issuperset(self.filters):
            raise DamagedChunkError(f"filters {self.filters[:8]}, none but shuffle, deflate, lzf, fletcher32")
        if _LZF in self.filters and math.prod(self.chunk) * self.dtype.itemsize > _LZF_BYTES:
            raise DamagedChunkError(f"lzf chunks of more than {_LZF_BYTES} bytes")
        self._kept: OrderedDict[Offset, NDArray[Any] | None] = OrderedDict()
        self._most_kept = self._find_most_kept()

    def _find_most_kept(self) -> int:
        """How many chunks stay in memory: those of a row, for the next rows are in them mostly."""
        if not all(self.chunk):
            return 1
        along = (-(-size // step) for size, step in zip(self.shape[1:], self.chunk[1:], strict=False))
        affordable = MAX_PIECE_BYTES // max(1, math.prod(self.chunk) * self.dtype.itemsize)
        return max(1, min(math.prod(along), affordable))

    def is_written(self, row: int) -> bool:
        """Whether anything was ever written to a row."""
        return not self.chunk or row // self.chunk[0] in self._written

    @cached_property
    def _written(self) -> frozenset[int]:
        """Numbers along the first axis of the chunks that are there, looked up once for all rows."""
        found: set[int] = set()

        def note(chunk: Any) -> None:
            """One chunk of the file."""
            found.add(chunk.chunk_offset[0] // self.chunk[0])

        self._dataset.id.chunk_iter(note)
        return frozenset(found)

    def rows(self, first: int, last: int) -> NDArray[Any]:
        """Rows `first` to `last` - 1 along the first axis; what was never written is the fill value."""
        if not 0 <= first <= last <= self.shape[0]:
            raise IndexError(f"rows {first} to {last} of {self.shape[0]}")
        if not self._unpacked_here:
            self._check_growth(first, last)
            return np.asarray(self._dataset[first:last])
        found = np.full((last - first, *self.shape[1:]), self._dataset.fillvalue, self.dtype)
        for offset in self._offsets(first, last):
            values = self.values(offset)
            if values is not None:
                self._paste(found, first, offset, values)
        return found

    def values(self, offset: Offset) -> NDArray[Any] | None:
        """The chunk that begins at an offset, whole; None where it was never written."""
        if offset in self._kept:
            self._kept.move_to_end(offset)
            return self._kept[offset]
        raw = self.raw(offset)
        values = None if raw is None else self._decoded(raw)
        if len(self._kept) >= self._most_kept:
            self._kept.popitem(last=False)
        self._kept[offset] = values
        return values

    def raw(self, offset: Offset) -> bytes | None:
        """A chunk as it lies in the file, all filters applied; None where it was never written."""
        found = self._read(offset)
        if found is None:
            return None
        if found[0]:  # the library leaves out no deflate, and no checksum guards this number
            raise DamagedChunkError(f"a chunk with filters {found[0]:#x} left out")
        return found[1]

    def _read(self, offset: Offset) -> tuple[int, bytes] | None:
        """A chunk as it lies in the file, and which of the filters (a bit each) were left out."""
        try:
            left_out, content = self._dataset.id.read_direct_chunk(offset, out=self._room)
        except (RuntimeError, ValueError) as error:
            # For a chunk that is not there the library names any size, or says so.
            if not self._is_written(offset):
                return None
            raise DamagedChunkError("a chunk that cannot be read, or is longer than it should be") from error
        return int(left_out), bytes(content)

    def _is_written(self, offset: Offset) -> bool:
        # The library looks through all chunks for this one, so it is asked only when there is a reason.
        return self._dataset.id.get_chunk_info_by_coord(offset).byte_offset is not None

    @cached_property
    def _room(self) -> bytearray:
        """Where chunks are read to; deflate makes what it cannot compress a little longer."""
        size = math.prod(self.chunk) * self.dtype.itemsize
        return bytearray(size + size // 16 + 1024)

    def _decoded(self, raw: bytes) -> NDArray[Any]:
        size = math.prod(self.chunk) * self.dtype.itemsize
        if _FLETCHER in self.filters:
            raw = raw[:-_CHECKSUM]  # deflate has a checksum of its own
        content: Any = inflate(raw, size) if _DEFLATE in self.filters else raw
        if len(content) != size:
            raise DamagedChunkError(f"a chunk of {len(content)} bytes, not {size}")
        if _SHUFFLE in self.filters:
            content = unshuffle(content, self.dtype.itemsize)
        return np.frombuffer(content, self.dtype).reshape(self.chunk)

    def _offsets(self, first: int, last: int) -> Iterator[Offset]:
        """Where the chunks begin that hold any of the rows."""
        if not math.prod(self.shape[1:]) or last <= first:
            return iter(())
        top = range(first - first % self.chunk[0], last, self.chunk[0])
        others = (range(0, size, step) for size, step in zip(self.shape[1:], self.chunk[1:], strict=True))
        return product(top, *others)

    def _paste(self, found: NDArray[Any], first: int, offset: Offset, values: NDArray[Any]) -> None:
        """Put a chunk's values where they belong among the rows from `first` on."""
        start, stop = max(offset[0], first), min(offset[0] + self.chunk[0], first + len(found))
        inner = tuple(slice(at, at + step) for at, step in zip(offset[1:], self.chunk[1:], strict=True))
        target = found[(slice(start - first, stop - first), *inner)]
        cut = tuple(slice(0, size) for size in target.shape[1:])
        target[...] = values[(slice(start - offset[0], stop - offset[0]), *cut)]

    def _check_growth(self, first: int, last: int) -> None:
        """Refuse chunks from which the library's filter could make more than moderate arrays."""
        if _LZF in self.filters:
            for offset in self._offsets(first, last):
                self._read(offset)
