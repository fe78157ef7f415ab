"""The arrays of a data set that nobody vouches for: columns of numbers, and the counts of a map."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.dataset.guard import Array, Hdf5Folder, guarded
from caloscope.dataset.maps import MapInfo, read_info
from caloscope.dataset.numbers import known
from caloscope.dataset.packing import DamagedChunkError, digest, unpack
from caloscope.dataset.stored import Content as Chunks
from caloscope.dataset.stored import Stored
from caloscope.dataset.tables import PRESENT
from caloscope.records import Content

MAX_ROWS = 10_000_000
"""Lumisections; CMS takes about a million a year."""

_MAX_COLUMN_CHUNK = 2**16
_OPTIONAL = "digest"


def find_column(folder: Hdf5Folder, name: str, dtype: str, rows: int | None = None) -> Array:
    """A column of a table, with `rows` rows where that is known.

    Raises `SourceError` UNREADABLE where it is not as the format says.
    """
    array = folder.array(name)
    expected = f"a column {name} of {np.dtype(dtype)} in chunks of at most {_MAX_COLUMN_CHUNK} bytes"
    if array is None or array.dtype.newbyteorder("=") != np.dtype(dtype).newbyteorder("="):
        raise folder.refused(f"no such column in {folder.name}", expected)
    chunk = array.chunks.chunk
    if len(chunk) != 1 or chunk[0] * array.dtype.itemsize > _MAX_COLUMN_CHUNK or array.shape[0] > MAX_ROWS:
        raise folder.refused(f"{array.name} of shape {array.shape} in chunks {chunk}", expected)
    if rows is not None and array.shape[0] != rows:
        raise folder.refused(f"{array.shape[0]} rows of {array.name}", f"{rows}")
    return array


def read_column(array: Array) -> NDArray[Any]:
    """All numbers of a column; raises `SourceError` UNREADABLE where a block of them is not there."""
    with guarded(array.path, f"a damaged array {array.name}: "):
        blocks = [_block(array, first) for first in range(0, array.shape[0], array.chunks.chunk[0])]
        return np.concatenate([np.empty(0, array.dtype), *blocks])[: array.shape[0]]


def _block(array: Array, row: int) -> NDArray[Any]:
    """The block of a column in which a row is; it stays in memory, so the rows after it are cheap."""
    values = array.chunks.values((row - row % array.chunks.chunk[0],))
    if values is None:
        raise DamagedChunkError("a block that is not there")
    return values


class MapArrays:
    """All that a data set holds of one map; everything may raise `SourceError` UNREADABLE."""

    def __init__(self, folder: Hdf5Folder, name: str, rows: int) -> None:
        self.info: MapInfo
        self.info, self._content = read_info(folder, name)
        self._folder = folder
        self._rows = rows
        if self._content.shape[0] != rows:
            raise folder.refused(f"{self._content.shape[0]} rows of {self._content.name}", f"{rows}")
        self._columns: Mapping[str, Array] = {
            each: find_column(folder, each, column.dtype, rows)
            for each, column in PRESENT.items()
            if each != _OPTIONAL or each in folder.names
        }
        self._blocks: dict[str, tuple[int, Sequence[Any]]] = {}

    def column(self, name: str) -> NDArray[Any]:
        """One number for every row."""
        return read_column(self._columns[name])

    def number(self, column: str, row: int) -> Any:
        """One number of a column."""
        first, numbers = self._blocks.get(column, (0, ()))
        if not 0 <= row - first < len(numbers):
            array = self._columns[column]
            first = row - row % array.chunks.chunk[0]
            with guarded(array.path, f"a damaged array {array.name}: "):
                numbers = _block(array, row).tolist()
            self._blocks[column] = first, numbers
        return numbers[row - first]

    def counts(self, row: int) -> Content:
        """The counts of a row in which they are said to be."""
        content = self._content
        raw = self._chunk(row)
        with guarded(self._folder.path, f"row {row} of {content.name} with "):
            counts: Content = unpack(raw, content.dtype, self.info.shape)
        if _OPTIONAL in self._columns and digest(counts) != self.number(_OPTIONAL, row):
            raise self._folder.refused(f"row {row} of {content.name} altered", "counts of its digest")
        return counts

    def stored(self, row: int) -> Stored | None:
        """A row in which there are counts, as it is packed; None where the file has no digest of it."""
        if _OPTIONAL not in self._columns:
            return None
        numbers = known(self.number("events", row), self.number("pileup", row))
        info = self.info
        content = Chunks(self._folder.path, self._chunk, info.name, info.kind, info.shape, ())
        span = max(1, self.number("span", row))
        return Stored(content, row, *numbers, span, cumulative=False, digest=self.number(_OPTIONAL, row))

    def _chunk(self, row: int) -> bytes:
        """The counts of a row as they lie in the file."""
        content = self._content
        with guarded(self._folder.path, f"row {row} of {content.name} with "):
            raw = content.chunks.raw((row, *(0 for _ in self.info.shape)))
        if raw is None:
            raise self._folder.refused(f"no row {row} of {content.name}", "counts, as they are present")
        return raw
