"""The counts of one map, one chunk per lumisection, as they stand in a file that is written."""

import math
from typing import Any, Literal, TypeAlias

import numpy as np

from caloscope.dataset.chunks import MAX_PIECE_BYTES
from caloscope.dataset.packing import LEVEL
from caloscope.records import Content

Kind: TypeAlias = Literal["counts", "float"]

ARRAYS: dict[Kind, tuple[str, str]] = {"counts": ("counts", "<u4"), "float": ("values", "<f4")}
"""Name and type of the array that holds maps of a kind."""

MAX_DIMENSIONS = 3
_AHEAD = 256
"""Rows by which an array of unknown length is made longer at a time."""


def kind_of(values: Content) -> Kind:
    """The kind of a map; raises `ValueError` for content that is neither counts nor real numbers."""
    for kind, (_, dtype) in ARRAYS.items():
        if values.dtype == np.dtype(dtype):
            return kind
    raise ValueError(f"content is {values.dtype}, neither uint32 nor float32")


def kind_named(text: str) -> Kind | None:
    """The kind that a file names, None for any other text."""
    return next((kind for kind in ARRAYS if kind == text), None)


def require_shape(shape: tuple[int, ...]) -> None:
    """Raises `ValueError` for the shape of no map that is kept."""
    if not 1 <= len(shape) <= MAX_DIMENSIONS or not 0 < math.prod(shape) * 4 <= MAX_PIECE_BYTES:
        raise ValueError(
            f"a map of shape {shape}: 1 to {MAX_DIMENSIONS} axes, at most {MAX_PIECE_BYTES} bytes"
        )


class ContentWriter:
    """The array of one map: chunks that are packed already, put at any row, each once."""

    def __init__(self, group: Any, name: str, kind: Kind, shape: tuple[int, ...], rows: int = 0) -> None:
        self._array = group.create_dataset(
            name,
            shape=(rows, *shape),
            maxshape=(None, *shape),
            chunks=(1, *shape),
            dtype=np.dtype(ARRAYS[kind][1]),
            fillvalue=0,
            shuffle=True,
            compression="gzip",
            compression_opts=LEVEL,
            track_times=False,
        )
        self._id = self._array.id
        self._inner = (0,) * len(shape)
        self._rows = rows

    def put(self, row: int, chunk: bytes) -> None:
        """One row."""
        if row >= self._rows:
            self._rows = row + _AHEAD
            self._array.resize(self._rows, axis=0)
        self._id.write_direct_chunk((row, *self._inner), chunk)

    def cut(self, rows: int) -> None:
        """Make the array as long as it has rows."""
        self._array.resize(rows, axis=0)
