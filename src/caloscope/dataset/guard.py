"""HDF5 files that nobody vouches for: plain arrays and numbers of the file itself, in bounded memory."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from caloscope.dataset.chunks import MAX_PIECE_BYTES, Chunks
from caloscope.dataset.packing import DamagedChunkError
from caloscope.errors import Fault, SourceError

MAX_ATTRIBUTE_BYTES = 2**16
MAX_NAMES = 100_000
"""Most names in one folder that are looked at."""

_CACHE_BYTES = 16 * 2**20
_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError)
"""What h5py raises when a file is damaged; `DamagedChunkError` is one of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """A plain array of numbers, or of truth values, in a file."""

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: Chunks

    def row(self, row: int) -> NDArray[Any]:
        """One row along the first axis; raises `SourceError` UNREADABLE where it is damaged."""
        return np.asarray(self.rows(row, row + 1)[0])

    def is_written(self, row: int) -> bool:
        """Whether anything was ever written to a row: what was not reads as zeros."""
        with guarded(self.path, f"a damaged array {self.name}: "):
            return self.chunks.is_written(row)

    def rows(self, first: int, last: int) -> NDArray[Any]:
        """Rows `first` to `last` - 1; raises `SourceError` UNREADABLE where one is damaged."""
        with guarded(self.path, f"a damaged array {self.name}: "):
            return self.chunks.rows(first, last)


class Hdf5Folder:
    """A folder of an open HDF5 file; `name` is its path in the file, empty for the top folder."""

    def __init__(self, path: Path, group: Any, name: str = "") -> None:
        self.path = path
        self.name = name
        self._group = group
        if len(group) > MAX_NAMES:
            raise self.refused(f"{len(group)} names in {name or 'the top folder'!r}", f"at most {MAX_NAMES}")
        self.names = frozenset(str(each) for each in group)

    def array(self, name: str) -> Array | None:
        """The array of that name, None where there is none.

        Raises `SourceError` UNREADABLE where it is a link, lies in another file, holds no plain numbers,
        comes in pieces too large to read or is packed in a way that is not known.
        """
        found = self._own(name)
        if found is None:
            return None
        full = self._full(name)
        with guarded(self.path, f"{full!r} with "):
            if not isinstance(found, h5py.Dataset) or found.dtype.kind not in "fiub" or found.shape is None:
                raise self.refused(f"{full} is no array of numbers", "an array of numbers")
            if found.is_virtual or found.external:
                raise self.refused(f"{full} lies in another file", "an array of the file itself")
            return Array(self.path, full, tuple(found.shape), found.dtype, Chunks(found))

    def folder(self, name: str) -> "Hdf5Folder | None":
        """The folder of that name, None where there is none; raises `SourceError` UNREADABLE for a link."""
        found = self._own(name)
        if found is None:
            return None
        full = self._full(name)
        if not isinstance(found, h5py.Group):
            raise self.refused(f"{full} is no folder", "a folder")
        with guarded(self.path):
            return Hdf5Folder(self.path, found, full)

    def attribute(self, name: str) -> Any:
        """An attribute's value, None where there is none; raises `SourceError` UNREADABLE if it is large.

        None too for anything but numbers and texts of a fixed length. Those of variable length lie in a heap
        without checksums, and damage there can keep the library busy for ever.
        """
        with guarded(self.path, f"an attribute {name!r} that cannot be read: "):
            if name not in self._group.attrs:
                return None
            header = h5py.h5a.open(self._group.id, name.encode())
            if header.dtype.kind not in "fiubS":
                return None
            if math.prod(header.shape) * header.dtype.itemsize > MAX_ATTRIBUTE_BYTES:
                raise self.refused(f"a large attribute {name}", f"at most {MAX_ATTRIBUTE_BYTES} bytes")
            return self._group.attrs[name]

    def whole_numbers(self, name: str) -> NDArray[np.int64] | None:
        """The attribute, or else the array, of that name; None where there is neither.

        Raises `SourceError` INVALID_SCALAR where it does not hold whole numbers.
        """
        with guarded(self.path):
            said = name in self._group.attrs
        values = np.asarray(self.attribute(name)) if said else self._numbers(name)
        if values is None:
            return None
        if values.dtype.kind not in "iu" and not _are_whole(values):
            text = f"{values.ravel()[:3].tolist()!r:.60} in {self._full(name)}"
            raise SourceError(self.path, Fault.INVALID_SCALAR, text, "whole numbers")
        return values.astype(np.int64)

    def _numbers(self, name: str) -> NDArray[Any] | None:
        """A whole array, a single number included."""
        array = self.array(name)
        if array is None:
            return None
        if math.prod(array.shape) * 8 > MAX_PIECE_BYTES:
            raise self.refused(f"{array.name} is too large", f"at most {MAX_PIECE_BYTES} bytes")
        if not array.shape:
            with guarded(self.path):
                return np.asarray(self._group[name][()])
        return array.rows(0, array.shape[0])

    def _own(self, name: str) -> Any:
        """What stands under a name in this very file; None where there is nothing."""
        if name not in self.names:
            return None
        with guarded(self.path):
            if not isinstance(self._group.get(name, getlink=True), h5py.HardLink):
                raise self.refused(f"{self._full(name)!r} is a link", "an object of the file itself")
            return self._group[name]

    def _full(self, name: str) -> str:
        return f"{self.name}/{name}" if self.name else name

    def refused(self, found: str, expected: str) -> SourceError:
        """The error that says so of this file."""
        return SourceError(self.path, Fault.UNREADABLE, found, expected)


class Hdf5File(Hdf5Folder):
    """The top folder of an open HDF5 file."""


@contextmanager
def open_hdf5(path: Path) -> Iterator[Hdf5File]:
    """Opens an HDF5 file; raises `SourceError` UNREADABLE."""
    with ExitStack() as stack:
        with guarded(path):
            handle = stack.enter_context(h5py.File(path, "r", rdcc_nbytes=_CACHE_BYTES))
            file = Hdf5File(path, handle)
        yield file


def opens(path: Path) -> bool:
    """Whether the library can open a file, which it cannot while a writer has it."""
    try:
        with h5py.File(path, "r"):
            return True
    except _ERRORS:
        return False


@contextmanager
def guarded(path: Path, what: str = "") -> Iterator[None]:
    """Around every call of the library: its errors become `SourceError` UNREADABLE."""
    try:
        yield
    except DamagedChunkError as error:
        raise SourceError(path, Fault.UNREADABLE, f"{what}{error}", "a sound array") from error
    except _ERRORS as error:
        raise SourceError(path, Fault.UNREADABLE, what + _line(error), "a sound HDF5 file") from error


def _are_whole(values: NDArray[Any]) -> bool:
    """Whether floating-point numbers are whole and of a size that a 64-bit integer holds."""
    return values.dtype.kind == "f" and bool(np.all((np.abs(values) < 2**53) & (np.floor(values) == values)))


def _line(error: Exception) -> str:
    """An error of the library as one short line."""
    text = str(error.args[0] if error.args else error)
    return " ".join(text.split())[:160] or type(error).__name__
