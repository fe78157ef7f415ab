"""The arrays of a result as one compressed blob.

Layout: 4 bytes magic, 4 bytes length of the header (little endian), the header as JSON (a list of name,
dtype as stored, dtype as handed back, shape, compressed length), then each array compressed by itself, so
that one can be taken without unpacking the others. No pickle anywhere.
"""

import json
import math
import struct
import zlib
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.errors import StoreError
from caloscope.records import Floats, MapResult

Arrays: TypeAlias = dict[str, NDArray[np.generic]]

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
MAGIC = b"CAL1"
ROUNDED = frozenset({"evidence", "expected"})
DROPPED_BITS = 11
"""Of the 23 mantissa bits of a float32: 12 stay, a relative error of at most 1.2e-4."""

LARGEST = 1 << 28
"""Bytes that one unpacked array may have; anything larger was not written by us."""


def pack(result: MapResult) -> bytes:
    """All arrays that a result has; evidence and expected counts rounded to 12 mantissa bits."""
    entries: list[tuple[str, str, str, list[int], int]] = []
    blocks: list[bytes] = []
    for name in NAMES:
        array: NDArray[np.generic] | None = getattr(result, name)
        if array is None:
            continue
        lean = _lean(name, array)
        block = zlib.compress(_shuffled(lean), 1)
        entries.append((name, lean.dtype.str, array.dtype.str, list(array.shape), len(block)))
        blocks.append(block)
    header = json.dumps(entries, separators=(",", ":")).encode()
    return b"".join([MAGIC, struct.pack("<I", len(header)), header, *blocks])


def unpack(blob: bytes, only: str | None = None) -> Arrays:
    """The arrays of a blob by name, or `only` the one asked for (an empty dict where it is not there).

    Raises `StoreError` when the blob is not one of ours or damaged.
    """
    try:
        if blob[:4] != MAGIC:
            raise ValueError("no magic number")
        (length,) = struct.unpack_from("<I", blob, 4)
        entries = json.loads(blob[8 : 8 + length])
        offset, arrays = 8 + length, {}
        for name, stored, given, shape, size in entries:
            if only is None or name == only:
                arrays[name] = _restored(blob[offset : offset + size], stored, given, shape)
            offset += size
    except (ValueError, TypeError, struct.error, zlib.error) as error:
        raise StoreError(f"arrays of a result: found damaged bytes ({error}), expected {MAGIC!r}") from error
    return arrays


def rounded(values: Floats) -> Floats:
    """Floats with 12 mantissa bits, to nearest; infinities and NaN stay."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    half, keep = np.uint32(1 << (DROPPED_BITS - 1)), np.uint32(0xFFFFFFFF << DROPPED_BITS & 0xFFFFFFFF)
    return np.where(np.isfinite(values), (bits + half) & keep, bits).view(np.float32)


def _lean(name: str, array: NDArray[np.generic]) -> NDArray[np.generic]:
    """The same values in fewer or rounder bytes."""
    if name in ROUNDED:
        return rounded(array.astype(np.float32))
    if name == "counts" and array.dtype == np.uint32:
        largest = int(array.max(initial=0))
        return array.astype(np.uint8 if largest < 1 << 8 else np.uint16 if largest < 1 << 16 else np.uint32)
    return array


def _shuffled(array: NDArray[np.generic]) -> bytes:
    """The first bytes of all items, then the second ones ...: what is alike lies together."""
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    items = np.frombuffer(little.tobytes(), dtype=np.uint8).reshape(-1, array.dtype.itemsize)
    return items.T.tobytes()


def _restored(block: bytes, stored: str, given: str, shape: list[int]) -> NDArray[np.generic]:
    """One array from its compressed bytes, never inflated beyond what its shape says."""
    dtype = np.dtype(stored)
    if dtype.hasobject:
        raise ValueError("an array of objects")
    size = math.prod(shape) * dtype.itemsize
    if not 0 <= size <= LARGEST:
        raise ValueError(f"an array of {size} bytes")
    raw = zlib.decompressobj().decompress(block, size + 1)
    if len(raw) != size:
        raise ValueError(f"{len(raw)} bytes where the shape asks for {size}")
    items = np.frombuffer(raw, dtype=np.uint8).reshape(dtype.itemsize, -1).T
    little = np.frombuffer(items.tobytes(), dtype=dtype.newbyteorder("<"))
    return little.astype(np.dtype(given)).reshape(shape)
