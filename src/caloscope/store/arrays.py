"""The arrays of a result as one compressed blob.

Layout: 4 bytes magic, 4 bytes length of the header (little endian), the header as JSON, and two zlib streams.
The header is `[cells, arrays]`: the length of the first stream, which holds a bit for each bin of the view (C
order) that says whether it is a cell; and for each array its name, dtype, shape, whether its cells alone are
kept, and which bytes of its items (bit 0: the lowest) are not zero in all of them. The second stream holds
those bytes, array by array, the lowest bytes of all items first: what is alike lies together then. Outside
the cells codes are ABSENT and all others zero; else an array is kept whole. No pickle anywhere.
"""

import json
import math
import struct
from typing import NamedTuple, TypeAlias, cast

import numpy as np
from isal import igzip_lib, isal_zlib
from numpy.typing import NDArray

from caloscope.errors import StoreError
from caloscope.records import Code

Arrays: TypeAlias = dict[str, NDArray[np.generic]]
Octets: TypeAlias = NDArray[np.uint8]

MAGIC = b"CAL2"
LARGEST = 1 << 28
"""Bytes that one unpacked array may have; anything larger was not written by us."""

# The library's description of itself calls it an exception, not a class.
_ISAL_ERROR = cast("type[Exception]", igzip_lib.IsalError)


class Held(NamedTuple):
    """One array in the header."""

    name: str
    dtype: str
    shape: list[int]
    cells_alone: bool
    planes: int


def unpack(blob: bytes, only: str | None = None) -> Arrays:
    """The arrays of a blob by name, or `only` the one asked for (an empty dict where it is not there).

    Raises `StoreError` when the blob is not one of ours or damaged.
    """
    try:
        if blob[:4] != MAGIC:
            raise ValueError("no magic number")
        (length,) = struct.unpack_from("<I", blob, 4)
        size, entries = json.loads(blob[8 : 8 + length])
        cells, block = blob[8 + length : 8 + length + size], blob[8 + length + size :]
        return _unpacked([Held(*entry) for entry in entries], cells, block, only)
    except (ValueError, TypeError, IndexError, struct.error, _ISAL_ERROR) as error:
        raise StoreError(f"arrays of a result: found damaged bytes ({error}), expected {MAGIC!r}") from error


def _unpacked(entries: list[Held], cells: bytes, block: bytes, only: str | None) -> Arrays:
    """The arrays, never inflated beyond what their shapes say."""
    largest = max((math.prod(entry.shape) for entry in entries if entry.cells_alone), default=0)
    if not 0 <= largest <= LARGEST:
        raise ValueError(f"a map of {largest} cells")
    bits = np.frombuffer(_inflated(cells, -(-largest // 8)), np.uint8)
    places = np.flatnonzero(np.unpackbits(bits, count=largest))
    sizes = [_size(entry, places) for entry in entries]
    content = np.frombuffer(_inflated(block, sum(sizes)), np.uint8)
    arrays, start = Arrays(), 0
    for entry, size in zip(entries, sizes, strict=True):
        if only is None or entry.name == only:
            arrays[entry.name] = _restored(content[start : start + size], entry, places)
        start += size
    return arrays


def _size(entry: Held, places: NDArray[np.intp]) -> int:
    """Bytes that an array has in the block; raises `ValueError` where they are not those of an array."""
    dtype, items = np.dtype(entry.dtype), math.prod(entry.shape)
    if dtype.hasobject:
        raise ValueError("an array of objects")
    if min(entry.shape, default=0) < 0 or items * dtype.itemsize > LARGEST:
        raise ValueError(f"an array of {items} items")
    if not 0 <= entry.planes < 1 << dtype.itemsize:
        raise ValueError(f"bytes {entry.planes:#x} of {dtype.itemsize}")
    return entry.planes.bit_count() * (places.size if entry.cells_alone else items)


def _restored(content: Octets, entry: Held, places: NDArray[np.intp]) -> NDArray[np.generic]:
    """One array from its bytes."""
    dtype, size = np.dtype(entry.dtype), math.prod(entry.shape)
    where = places if entry.cells_alone else slice(None)
    octets = np.zeros((places.size if entry.cells_alone else size, dtype.itemsize), np.uint8)
    planes = [plane for plane in range(dtype.itemsize) if entry.planes >> plane & 1]
    for plane, found in zip(planes, content.reshape(len(planes), -1) if planes else (), strict=True):
        octets[:, plane] = found
    absent = Code.ABSENT if entry.name == "codes" else 0
    array = np.full(size, absent, dtype.newbyteorder("="))
    array[where] = octets.reshape(-1).view(dtype)
    return array.reshape(entry.shape)


def _inflated(block: bytes, size: int) -> bytes:
    """The bytes behind a stream, `size` of them; raises `ValueError` for more or fewer."""
    stream = isal_zlib.decompressobj()
    raw = stream.decompress(block, size + 1)
    if len(raw) != size or not stream.eof:
        raise ValueError(f"not {size} bytes, as the shapes ask for")
    return bytes(raw)
