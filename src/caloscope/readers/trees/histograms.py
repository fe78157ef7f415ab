"""Histograms out of the entries of a branch."""

from pathlib import Path

import numpy as np

from caloscope.readers.root.bytestream import DamagedError, UnexpectedError
from caloscope.readers.root.fallback import read_with_uproot
from caloscope.readers.root.histogram import HISTOGRAMS, parse_histogram
from caloscope.readers.root.rootfile import Key
from caloscope.readers.root.streamed import HAS_LENGTH
from caloscope.readers.shelf import Histogram
from caloscope.readers.trees.columns import Column

NAMED = "TBranchObject"
"""Branches of this kind put the name of the class before each object, as a length, the name and a NUL."""


def take_histogram(path: Path, name: str, column: Column, number: int) -> Histogram:
    """The histogram in an entry; its values are those in the basket, not copied.

    `path` of the file and `name` are for messages, and for uproot where a version is not known here. Raises
    `DamagedError` and `SourceError`.
    """
    classname, raw = _object(column, number)
    if classname not in HISTOGRAMS:
        raise DamagedError(f"a {classname!r:.60} where a histogram should be")
    try:
        return parse_histogram(raw, classname, bare=column.branch.kind != NAMED)
    except UnexpectedError as error:
        # An object that begins with its own length has its whole head, without which uproot can do nothing.
        if int.from_bytes(raw[:4]) != HAS_LENGTH | (len(raw) - 4):
            raise
        key = Key(classname, name, 0, 0, 0, len(raw), len(raw))
        return read_with_uproot(path, name, key, bytes(raw), error)


def _object(column: Column, number: int) -> tuple[str, memoryview]:
    """Class and bytes of the object in an entry."""
    raw = column.entry(number)
    classname = column.branch.holds
    if column.branch.kind != NAMED:
        return classname, raw
    size = raw[0] if raw else 0
    name = raw[1 : 1 + size]
    # Comparing bytes is faster than making a text of them.
    if name != classname.encode():
        classname = str(name, "ascii", "replace")
    return classname, raw[size + 2 :]


def add(one: Histogram, other: Histogram) -> Histogram:
    """The sum of two histograms of equal binning; raises `DamagedError` for others and for means."""
    if one.axes != other.axes:
        raise DamagedError("two histograms of different binning")
    if one.mean or other.mean:
        raise DamagedError("two parts of a profile")
    # Wide enough that what is summed is what was counted, where ROOT would stop at the largest number.
    wide = np.int64 if one.values.dtype.kind in "iu" else np.float64
    return Histogram(one.axes, np.add(one.values, other.values, dtype=wide))
