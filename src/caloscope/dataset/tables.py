"""Columns of numbers, one row per lumisection (or record), that are written a block at a time."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from caloscope.dataset.packing import LEVEL

BLOCK = 1024
"""Rows per chunk; what is held in memory until it is full."""


class Column(NamedTuple):
    """A column: its type, and the number that stands where nothing was put."""

    dtype: str
    empty: int | float | bool


PRESENT: Mapping[str, Column] = {
    "present": Column("?", False),
    "events": Column("<i8", -1),
    "pileup": Column("<f4", math.nan),
    "span": Column("<u2", 0),
    "digest": Column("<u8", 0),
}
"""Columns of each map of a data set, in this order."""


class Table:
    """Columns in a group of an open file.

    Rows are put in ascending order; where none was put, the columns' empty numbers stand. Every block is
    written, so that a block that is not there later means damage.
    """

    def __init__(self, group: Any, columns: Mapping[str, Column], rows: int = 0) -> None:
        self._columns = [
            group.create_dataset(
                name,
                shape=(rows,),
                maxshape=(None,),
                chunks=(BLOCK,),
                dtype=np.dtype(column.dtype),
                fillvalue=column.empty,
                shuffle=True,
                compression="gzip",
                compression_opts=LEVEL,
                track_times=False,
            )
            for name, column in columns.items()
        ]
        self._names = tuple(columns)
        self._empty = tuple(column.empty for column in columns.values())
        self._block = np.empty(BLOCK, [(name, column.dtype) for name, column in columns.items()])
        self._first = 0
        self._block[:] = self._empty

    def put(self, row: int, values: tuple[Any, ...]) -> None:
        """The numbers of a row, in the order of the columns."""
        while row >= self._first + BLOCK:
            self._flush(self._first + BLOCK)
        self._block[row - self._first] = values

    def finish(self, rows: int) -> None:
        """Write what was not written yet of so many rows."""
        while self._first < rows:
            self._flush(min(self._first + BLOCK, rows))

    def _flush(self, last: int) -> None:
        """Write the block up to a row, and begin the next one."""
        for name, column in zip(self._names, self._columns, strict=True):
            if column.shape[0] < last:
                column.resize(last, axis=0)
            column[self._first : last] = self._block[name][: last - self._first]
        self._block[:] = self._empty
        self._first += BLOCK
