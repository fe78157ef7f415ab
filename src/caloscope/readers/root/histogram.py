"""The contents and the binning of a ROOT histogram, out of the bytes of one object.

A histogram is written as its base classes one inside the other, each behind its length and version:
`TH2x(TH2(TH1(TNamed, TAttLine, TAttFill, TAttMarker, fNcells, fXaxis, fYaxis, ...), ...), TArrayx)`. The
lengths let a reader go from the axes to the contents without knowing what a version put between them. The
versions say whether the rest is where it is taken to be (ROOT's class reference, `TH1`, `TAxis`, `TProfile`).
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.readers.root.axes import take_axis
from caloscope.readers.root.bytestream import Cursor, DamagedError, UnexpectedError
from caloscope.readers.root.layouts import Layouts
from caloscope.readers.root.streamed import HAS_LENGTH, enter, require_version, step_over
from caloscope.readers.shelf import BinAxis, Histogram

__all__ = ["HISTOGRAMS", "BinAxis", "Histogram", "parse_histogram"]

_BINS = {"C": ">i1", "S": ">i2", "I": ">i4", "L": ">i8", "F": ">f4", "D": ">f8"}
_VERSIONS = {"TH1": (6, 8), "TH2": (3, 5), "TH3": (4, 6), "TProfile": (5, 7), "TProfile2D": (6, 8)}
"""First and last version of each class in which all that is read here stands where it is looked for."""
_LEAF_VERSIONS = (0, 4)
"""A class such as `TH2F` adds nothing but its array, in all these versions."""


@dataclass(frozen=True, slots=True)
class _Class:
    """A class of histograms: its dimensions, how it stores a bin, and whether bins are sums to be divided."""

    dimensions: int
    dtype: np.dtype[Any]
    mean: bool = False


_CLASSES = {
    **{f"TH{n}{kind}": _Class(n, np.dtype(stored)) for n in (1, 2, 3) for kind, stored in _BINS.items()},
    "TProfile": _Class(1, np.dtype(">f8"), mean=True),
    "TProfile2D": _Class(2, np.dtype(">f8"), mean=True),
}

HISTOGRAMS = frozenset(_CLASSES)
"""Names of the classes that can be read."""

_LENGTH = struct.Struct(">I")
_LAYOUTS = Layouts()


def parse_histogram(raw: bytes | memoryview, classname: str, *, bare: bool = False) -> Histogram:
    """The histogram in an object's bytes, which must be those of one of `HISTOGRAMS`.

    `values` of a profile are the means of its bins as float64, NaN where a bin has no entries; those of all
    others are the contents as they were written, not copied. `bare`: length and version of the outermost
    class may be absent, as ROOT leaves them out for a `TH1x` in a branch of its own.

    Raises `DamagedError` where the bytes do not fit together, and `UnexpectedError`, which is one, where they
    may well, in a way that is not known here.
    """
    kind = _CLASSES[classname]
    # The length of the outermost class counts all that follows it, that of the next one less.
    headless = bare and bytes(raw[:4]) != _LENGTH.pack(HAS_LENGTH | max(0, len(raw) - 4))
    levels = (2 if kind.dimensions == 1 else 3) - headless
    known = None if kind.mean else _LAYOUTS.find(raw, classname, levels)
    if known is not None:
        return known
    cursor = Cursor(raw)
    if not headless:
        _enter_leaf(cursor, classname)
    histogram = _parse_profile(cursor, classname, kind) if kind.mean else _parse_plain(cursor, kind)
    if cursor.place != len(raw):
        raise UnexpectedError(f"a {classname} with {len(raw) - cursor.place} bytes behind its contents")
    if not kind.mean:
        _LAYOUTS.learn(raw, classname, levels, histogram, kind.dtype)
    return histogram


def _enter_leaf(cursor: Cursor, classname: str) -> None:
    """Steps into the outermost class, which must be the whole object."""
    end, version = enter(cursor)
    if end != len(cursor.data):
        raise DamagedError(f"a {classname} of {end} bytes in an object of {len(cursor.data)}")
    require_version(classname, version, *_VERSIONS.get(classname, _LEAF_VERSIONS))


def _parse_plain(cursor: Cursor, kind: _Class) -> Histogram:
    """The bases and the array of contents, the cursor behind them."""
    axes, cells = _parse_bases(cursor, kind.dimensions)
    full = _take_array(cursor, cells, kind.dtype)
    return Histogram(axes, _inside(full, axes))


def _parse_profile(cursor: Cursor, classname: str, kind: _Class) -> Histogram:
    """A profile: a histogram of sums, and the sums of weights that they are to be divided by."""
    end, version = enter(cursor)
    require_version(f"base of {classname}", version, *_LEAF_VERSIONS)
    axes, cells = _parse_bases(cursor, kind.dimensions)
    sums = _take_array(cursor, cells, kind.dtype)
    if cursor.place != end:
        raise UnexpectedError(f"a {classname} whose base ends at byte {end}, not {cursor.place}")
    weights = _take_array(cursor, cells, kind.dtype)
    cursor.skip(_PROFILE_BYTES)
    (squares,) = cursor.take("i")
    if squares not in (0, cells):
        raise DamagedError(f"{squares} sums of squares for {cells} bins")
    cursor.skip(8 * squares)
    with np.errstate(all="ignore"):
        means = np.where(weights != 0, sums / weights, np.nan)
    return Histogram(axes, _inside(means, axes), mean=True)


_PROFILE_BYTES = 4 + 4 * 8
"""The way of computing errors, the range of what is averaged, and two sums over all bins."""


def _parse_bases(cursor: Cursor, dimensions: int) -> tuple[tuple[BinAxis, ...], int]:
    """Axes and number of cells, overflows included, the cursor behind `TH1`, `TH2` or `TH3`."""
    plane_end = None
    if dimensions > 1:
        plane_end, version = enter(cursor)
        require_version(f"TH{dimensions}", version, *_VERSIONS[f"TH{dimensions}"])
    line_end, version = enter(cursor)
    require_version("TH1", version, *_VERSIONS["TH1"])
    for _ in range(4):
        step_over(cursor)
    (cells,) = cursor.take("i")
    axes = tuple(take_axis(cursor) for _ in range(3))[:dimensions]
    _require_filled(cursor)
    cursor.jump(line_end)
    if plane_end is not None:
        cursor.jump(plane_end)
    expected = 1
    for axis in axes:
        expected *= axis.bins + 2
    if cells != expected:
        shape = " x ".join(str(axis.bins) for axis in axes)
        raise DamagedError(f"{cells} stored bins for axes of {shape} bins")
    return axes, cells


def _require_filled(cursor: Cursor) -> None:
    """Refuses a histogram whose entries still wait in a buffer until its range is chosen."""
    cursor.skip(2 * 2 + 8 * 8)
    for _ in range(2):
        (count,) = cursor.take("i")
        cursor.skip(8 * count)
    cursor.text()
    _step_over_object(cursor)
    size, kept = cursor.take("ib")
    if size > 0 and kept:
        (waiting,) = cursor.take("d")
        if waiting > 0:
            raise UnexpectedError(f"a histogram of which {waiting:g} entries still wait to be binned")


def _step_over_object(cursor: Cursor) -> None:
    """Steps over something that may be absent."""
    (length,) = cursor.take("I")
    if length & HAS_LENGTH:
        cursor.skip(length & ~HAS_LENGTH)
    elif length:
        raise UnexpectedError("a list of functions that stands elsewhere")


def _take_array(cursor: Cursor, cells: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array of one number per cell."""
    (stored,) = cursor.take("i")
    if stored != cells:
        raise DamagedError(f"{stored} stored bins for {cells} cells")
    start = cursor.place
    cursor.skip(stored * dtype.itemsize)
    return np.frombuffer(cursor.data, dtype, stored, start)


def _inside(full: NDArray[Any], axes: tuple[BinAxis, ...]) -> NDArray[Any]:
    """All cells in the order x, y, z as `([z,] y, x)` without the overflows."""
    shape = tuple(axis.bins + 2 for axis in reversed(axes))
    inside: NDArray[Any] = full.reshape(shape)[(slice(1, -1),) * len(axes)]
    return inside
