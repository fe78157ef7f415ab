"""Packing the arrays of results; see `caloscope.store.arrays` for the layout."""

import json
import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from caloscope.records import Code, Floats, MapResult
from caloscope.store.arrays import MAGIC, Held, Octets

NAMES = (
    "counts",
    "codes",
    "evidence",
    "direction",
    "expected",
    "score",
    "reconstruction",
    "never_alive",
)
ROUNDED = frozenset({"evidence", "expected"})
DROPPED_BITS = 11
"""Of the 23 mantissa bits of a float32: 12 stay, a relative error of at most 1.2e-4."""

LEVEL = 1
"""Of Intel's deflate: ten times as fast as zlib's fastest here, and no larger."""

_AT_ONCE = 1 << 14
"""Cells that are packed together: as many as stay near the processor."""


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Which bins of a map are cells: their places in C order, and the bits as a block."""

    places: NDArray[np.intp]
    block: bytes


def pack(result: MapResult) -> bytes:
    """All arrays that a result has; evidence and expected counts rounded to 12 mantissa bits."""
    (blob,) = pack_all([result])
    return blob


def pack_all(results: Iterable[MapResult]) -> list[bytes]:
    """The same for many; faster where results of one small map follow each other."""
    blobs: list[bytes] = []
    for (bits, *arrays), group in groupby(results, key=_form):
        cells = _cells(bits, math.prod(arrays[0][2]))
        together = list(group)
        step = max(1, _AT_ONCE // max(1, cells.places.size))
        for first in range(0, len(together), step):
            blobs += _packed(together[first : first + step], [name for name, *_ in arrays], cells)
    return blobs


def rounded(values: Floats) -> Floats:
    """Floats with 12 mantissa bits, to nearest; infinities and NaN stay."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    half, keep = np.uint32(1 << (DROPPED_BITS - 1)), np.uint32(0xFFFFFFFF << DROPPED_BITS & 0xFFFFFFFF)
    found = (bits + half) & keep
    finite = np.isfinite(values)
    return (found if finite.all() else np.where(finite, found, bits)).view(np.float32)


@lru_cache(maxsize=64)
def _cells(bits: bytes, size: int) -> _Cells:
    """The cells behind packed bits; the same for all results of a map."""
    present = np.unpackbits(np.frombuffer(bits, np.uint8), count=size)
    return _Cells(np.flatnonzero(present), isal_zlib.compress(bits, LEVEL))


def _form(result: MapResult) -> tuple[Any, ...]:
    """What is the same for results that can be packed together: cells, then name, dtype, shape of arrays."""
    found = [(name, array) for name in ("codes", *NAMES) if (array := getattr(result, name)) is not None]
    bits = np.packbits(result.codes != Code.ABSENT).tobytes()
    return (bits, *dict.fromkeys((name, array.dtype.str, array.shape) for name, array in found))


def _packed(results: Sequence[MapResult], names: Sequence[str], cells: _Cells) -> list[bytes]:
    """Blobs of results of one form."""
    entries, planes = list[Held](), list[Octets]()
    shape = results[0].codes.shape
    for name in names:
        arrays = [np.ascontiguousarray(getattr(result, name)) for result in results]
        values, alone = _lean(name, arrays, cells.places if arrays[0].shape == shape else None)
        used, found = _planes(values)
        entries.append(Held(name, values.dtype.str, list(arrays[0].shape), alone, used))
        planes += found
    header = json.dumps([len(cells.block), entries], separators=(",", ":")).encode()
    start = b"".join([MAGIC, struct.pack("<I", len(header)), header, cells.block])
    # One stream for all arrays: each takes as long to set up as to fill with a small array.
    content = np.concatenate(planes, axis=1) if planes else np.empty((len(results), 0), np.uint8)
    return [start + isal_zlib.compress(each, LEVEL) for each in content]


def _lean(
    name: str, arrays: Sequence[NDArray[Any]], places: NDArray[np.intp] | None
) -> tuple[NDArray[Any], bool]:
    """What is kept of arrays, little-endian `(array, item)`, and whether that is the cells alone."""
    flat = [array.reshape(-1) for array in arrays]
    alone = places is not None
    if places is not None:
        values = np.empty((len(flat), places.size), flat[0].dtype)
        for each, row in zip(flat, values, strict=True):
            each.take(places, out=row, mode="clip")
            alone = alone and (name == "codes" or _filled(each) == _filled(row))
    if not alone:
        values = np.stack(flat)
    if name in ROUNDED:
        values = rounded(values)
    return values.astype(values.dtype.newbyteorder("<"), copy=False), alone


def _filled(flat: NDArray[Any]) -> int:
    """How many items are anything but zero bytes; a NaN and minus zero are something."""
    return int(np.count_nonzero(flat.view(f"u{flat.dtype.itemsize}")))


def _planes(values: NDArray[Any]) -> tuple[int, list[Octets]]:
    """Which bytes of the items are not all zero, a bit each, and those bytes, `(array, item)` each."""
    width = values.dtype.itemsize
    used = int(np.bitwise_or.reduce(values.view(f"<u{width}"), axis=None, initial=0))
    octets = values.view(np.uint8).reshape(len(values), -1, width)
    planes = [plane for plane in range(width) if used >> 8 * plane & 0xFF]
    return sum(1 << plane for plane in planes), [octets[:, :, plane] for plane in planes]
