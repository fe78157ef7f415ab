"""The contents and the binning of a two-dimensional ROOT histogram, out of its bytes.

A `TH2x` is written as its base classes one inside the other, each behind its length and version:
`TH2x(TH2(TH1(TNamed, TAttLine, TAttFill, TAttMarker, fNcells, fXaxis, fYaxis, ...), ...), TArrayx)`. The
lengths let a reader go from axes to contents without knowing what a version put between them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.readers.bytestream import Cursor, DamagedError

CONTENTS = {"TH2F": ">f4", "TH2D": ">f8", "TH2S": ">i2", "TH2I": ">i4", "TH2C": ">i1", "TH2L": ">i8"}
"""The classes that can be read, and how each stores a bin."""

_HAS_LENGTH = 0x40000000
_FIRST_DOUBLE_AXIS = 6


@dataclass(frozen=True, slots=True)
class BinAxis:
    """Binning of one axis: number of bins, outer edges, and all edges where bins differ in width."""

    bins: int
    low: float
    high: float
    edges: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """A two-dimensional histogram; `values` is `(y, x)`, bin 1 at index 0, without the overflows."""

    x: BinAxis
    y: BinAxis
    values: NDArray[Any]


def parse_histogram(raw: bytes, classname: str) -> Histogram:
    """The histogram in an object's bytes; raises `DamagedError` where they do not fit together."""
    cursor = Cursor(raw)
    _, _ = _open(cursor)
    plane_end, _ = _open(cursor)
    line_end, _ = _open(cursor)
    for _ in range(4):
        _step_over(cursor)
    (cells,) = cursor.take("i")
    x, y = _axis(cursor), _axis(cursor)
    cursor.jump(line_end)
    cursor.jump(plane_end)
    (stored,) = cursor.take("i")
    if stored != cells or stored != (x.bins + 2) * (y.bins + 2):
        raise DamagedError(f"{stored} stored bins for axes of {x.bins} and {y.bins} bins")
    dtype = np.dtype(CONTENTS[classname])
    start = cursor.place
    cursor.skip(stored * dtype.itemsize)
    full = np.frombuffer(raw, dtype, stored, start).reshape(y.bins + 2, x.bins + 2)
    return Histogram(x, y, full[1:-1, 1:-1])


def _open(cursor: Cursor) -> tuple[int, int]:
    """Steps into a class: where it ends, and its version."""
    (length,) = cursor.take("I")
    if not length & _HAS_LENGTH:
        raise DamagedError("a class without its length")
    end = cursor.place + (length & ~_HAS_LENGTH)
    (version,) = cursor.take("H")
    return end, version


def _step_over(cursor: Cursor) -> None:
    """Steps over a class."""
    end, _ = _open(cursor)
    cursor.jump(end)


def _axis(cursor: Cursor) -> BinAxis:
    """A `TAxis`, and the cursor behind it."""
    end, version = _open(cursor)
    if version < _FIRST_DOUBLE_AXIS:
        raise DamagedError(f"an axis of version {version}")
    _step_over(cursor)
    _step_over(cursor)
    bins, low, high, count = cursor.take("iddi")
    if bins < 1 or count < 0:
        raise DamagedError(f"an axis of {bins} bins")
    start = cursor.place
    cursor.skip(8 * count)
    edges = np.frombuffer(cursor.data, ">f8", count, start).astype(np.float64) if count else None
    cursor.jump(end)
    return BinAxis(bins, low, high, edges)
