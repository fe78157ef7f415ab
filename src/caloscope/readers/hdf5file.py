"""HDF5 files that nobody vouches for: plain arrays of the file itself, read a row at a time."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from caloscope.errors import Fault, SourceError

MAX_PIECE_BYTES = 64 * 2**20
"""Largest row, chunk or list of numbers that is read; a row of the largest CMS map takes kilobytes."""

_CACHE_BYTES = 16 * 2**20
_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError)
"""What h5py raises when a file is damaged."""


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """A plain numeric array of a file."""

    path: Path
    name: str
    shape: tuple[int, ...]
    _dataset: Any

    def row(self, row: int) -> NDArray[Any]:
        """One row along the first axis; raises `SourceError` UNREADABLE where it is damaged."""
        with _guarded(self.path, f"a damaged array {self.name}: "):
            return np.asarray(self._dataset[row])


class Hdf5File:
    """The top folder of an open HDF5 file."""

    def __init__(self, path: Path, file: Any) -> None:
        self.path = path
        self._file = file
        self.names = frozenset(str(name) for name in file)

    def array(self, name: str) -> Array | None:
        """The array of that name, None where there is none.

        Raises `SourceError` UNREADABLE where it is a link, lies in another file, holds no plain numbers or
        comes in pieces too large to read.
        """
        if name not in self.names:
            return None
        with _guarded(self.path):
            if not isinstance(self._file.get(name, getlink=True), h5py.HardLink):
                raise self._refused(f"{name} is a link", "an array of the file itself")
            return self._plain(name, self._file[name])

    def _plain(self, name: str, dataset: Any) -> Array:
        """What stands under a name, unless it is no plain array."""
        if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "fiu":
            raise self._refused(f"{name} is no array of numbers", "an array of numbers")
        if dataset.is_virtual or dataset.external:
            raise self._refused(f"{name} lies in another file", "an array of the file itself")
        pieces = [dataset.shape[1:], dataset.chunks or ()]
        if any(math.prod(piece) * dataset.dtype.itemsize > MAX_PIECE_BYTES for piece in pieces):
            raise self._refused(f"{name} comes in pieces too large", f"at most {MAX_PIECE_BYTES} bytes each")
        return Array(self.path, name, tuple(dataset.shape), dataset)

    def whole_numbers(self, name: str) -> NDArray[np.int64] | None:
        """The attribute, or else the array, of that name; None where there is neither.

        Raises `SourceError` INVALID_SCALAR where it does not hold whole numbers.
        """
        array = self.array(name)
        if array is not None and math.prod(array.shape) * 8 > MAX_PIECE_BYTES:
            raise self._refused(f"{name} is too large", f"at most {MAX_PIECE_BYTES} bytes")
        with _guarded(self.path):
            if name in self._file.attrs:
                values = np.asarray(self._file.attrs[name])
            elif array is not None:
                values = np.asarray(self._file[name][()])
            else:
                return None
        if values.dtype.kind not in "iu" and not _are_whole(values):
            raise SourceError(
                self.path,
                Fault.INVALID_SCALAR,
                f"{values.ravel()[:3].tolist()!r:.60} in {name}",
                "whole numbers",
            )
        return values.astype(np.int64)

    def _refused(self, found: str, expected: str) -> SourceError:
        return SourceError(self.path, Fault.UNREADABLE, found, expected)


@contextmanager
def open_hdf5(path: Path) -> Iterator[Hdf5File]:
    """Opens an HDF5 file that `recognise` found complete; raises `SourceError` UNREADABLE."""
    with ExitStack() as stack:
        with _guarded(path):
            handle = stack.enter_context(h5py.File(path, "r", rdcc_nbytes=_CACHE_BYTES))
            file = Hdf5File(path, handle)
        yield file


@contextmanager
def _guarded(path: Path, what: str = "") -> Iterator[None]:
    """Around every call of the library: its errors become `SourceError` UNREADABLE."""
    try:
        yield
    except _ERRORS as error:
        raise SourceError(path, Fault.UNREADABLE, what + _line(error), "a sound HDF5 file") from error


def _are_whole(values: NDArray[Any]) -> bool:
    """Whether floating-point numbers are whole and of a size that a 64-bit integer holds."""
    return values.dtype.kind == "f" and bool(np.all((np.abs(values) < 2**53) & (np.floor(values) == values)))


def _line(error: Exception) -> str:
    """An error of the library as one short line."""
    text = str(error.args[0] if error.args else error)
    return " ".join(text.split())[:160] or type(error).__name__
