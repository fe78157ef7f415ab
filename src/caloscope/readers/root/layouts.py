"""Where the contents of histograms stand that are laid out as one that was read before.

Histograms of one kind differ in their names, statistics and contents, and in nothing else. What decides where
the contents stand, what they mean and how many there are is remembered as it was written: length and version
of each class, the axes whole, and the lengths of all that may vary. Where all of it is found again, byte by
byte, the contents are where they were; where anything differs, the histogram is read field by field.
"""

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from caloscope.readers.root.bytestream import Cursor
from caloscope.readers.root.streamed import enter, step_over
from caloscope.readers.shelf import BinAxis, Histogram

_MAX_KNOWN = 512
_MAX_FIXED_BYTES = 8192
"""More is not remembered: an axis with many labels, squares of weights for every bin."""
_STATISTICS_BYTES = 8 * 8
"""What `TH1` holds of statistics, between the width of its bars and its contour levels."""
_CLASS_HEAD_BYTES = 6
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """What is equal in histograms of one kind, and where it stands."""

    size: int
    axes_start: int
    axes_end: int
    axes_bytes: bytes
    lengths_start: int
    lengths_end: int
    lengths: bytes
    stored: bytes
    contents_start: int
    axes: tuple[BinAxis, ...]
    cells: int
    shape: tuple[int, ...]
    inside: tuple[slice, ...]
    dtype: np.dtype[Any]


class Layouts:
    """Layouts of histograms that were read field by field before, a limited number of them."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], _Layout] = {}

    def find(self, raw: bytes | memoryview, classname: str, levels: int) -> Histogram | None:
        """A histogram of `levels` classes above its name, None where its layout is not known."""
        # Lengths and versions of these classes, and the length of name and title.
        head = bytes(raw[: levels * _CLASS_HEAD_BYTES + _LENGTH.size])
        known = self._known.get((classname, head))
        if (
            known is None
            or known.size != len(raw)
            or raw[known.axes_start : known.axes_end] != known.axes_bytes
            or raw[known.lengths_start : known.lengths_end] != known.lengths
            or raw[known.contents_start - 4 : known.contents_start] != known.stored
        ):
            return None
        full = np.frombuffer(raw, known.dtype, known.cells, known.contents_start)
        return Histogram(known.axes, full.reshape(known.shape)[known.inside])

    def learn(
        self, raw: bytes | memoryview, classname: str, levels: int, histogram: Histogram, dtype: np.dtype[Any]
    ) -> None:
        """Remembers how a histogram is laid out that was found sound field by field."""
        axes_start, axes_end, line_end = _fixed_parts(raw, levels)
        lengths_start = axes_end + _STATISTICS_BYTES
        if axes_end - axes_start > _MAX_FIXED_BYTES or line_end - lengths_start > _MAX_FIXED_BYTES:
            return
        shape = tuple(axis.bins + 2 for axis in reversed(histogram.axes))
        contents_start = len(raw) - math.prod(shape) * dtype.itemsize
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        head = bytes(raw[: levels * _CLASS_HEAD_BYTES + _LENGTH.size])
        self._known[classname, head] = _Layout(
            size=len(raw),
            axes_start=axes_start,
            axes_end=axes_end,
            axes_bytes=bytes(raw[axes_start:axes_end]),
            lengths_start=lengths_start,
            lengths_end=line_end,
            lengths=bytes(raw[lengths_start:line_end]),
            stored=bytes(raw[contents_start - 4 : contents_start]),
            contents_start=contents_start,
            axes=histogram.axes,
            cells=math.prod(shape),
            shape=shape,
            inside=(slice(1, -1),) * len(shape),
            dtype=dtype,
        )


def _fixed_parts(raw: bytes | memoryview, levels: int) -> tuple[int, int, int]:
    """Where name and title end, where the statistics begin, behind the axes, and where `TH1` ends."""
    cursor = Cursor(raw, _CLASS_HEAD_BYTES * (levels - 1))
    line_end, _ = enter(cursor)
    step_over(cursor)
    start = cursor.place
    for _ in range(3):
        step_over(cursor)
    cursor.skip(4)
    for _ in range(3):
        step_over(cursor)
    cursor.skip(4)
    return start, cursor.place, line_end
