"""Arrays as HDF5 keeps them in a chunk: bytes sorted by significance (shuffle), then deflated.

Both are filters that every HDF5 library has. Writing chunks that are packed here and not by the library
is faster, because Intel's deflate is, and because most counts leave the upper two byte planes empty.
"""

import math
from typing import Any, cast

import numpy as np
import xxhash
from isal import igzip_lib, isal_zlib
from numpy.typing import NDArray

from caloscope.records import Content

LEVEL = 1
"""Of Intel's deflate: a sixth smaller than level 0; levels 2 and 3 gain nothing on occupancy maps."""


# The library's description of itself calls it an exception, not a class.
_ISAL_ERROR = cast("type[Exception]", igzip_lib.IsalError)


class DamagedChunkError(ValueError):
    """A chunk does not hold what it must."""


def pack(values: NDArray[Any]) -> bytes:
    """The chunk of an array of uint32 or float32, or of other numbers of two or four bytes."""
    width = values.dtype.itemsize
    unsigned = np.dtype(f"u{width}").type
    flat = np.ascontiguousarray(values).reshape(-1).view(unsigned)
    planes = np.zeros((width, flat.size), np.uint8)
    planes[0] = flat  # the cast keeps the lowest byte
    largest = int(flat.max()) if flat.size else 0
    for plane in range(1, (largest.bit_length() + 7) // 8):
        planes[plane] = flat >> unsigned(8 * plane)
    return bytes(isal_zlib.compress(planes, LEVEL))


def digest(values: Content) -> int:
    """XXH3 (64 bits, seed 0) of an array's bytes, in C order and little-endian."""
    return xxhash.xxh3_64_intdigest(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).data)


def inflate(raw: bytes, size: int) -> bytes:
    """The bytes behind a deflated chunk, `size` of them; never takes more memory than that.

    Raises `DamagedChunkError` where there are fewer or more, and where their checksum is wrong.
    """
    stream = isal_zlib.decompressobj()
    try:
        content = bytes(stream.decompress(raw, size + 1))
    except _ISAL_ERROR as error:
        raise DamagedChunkError("a chunk that does not inflate") from error
    if len(content) != size or not stream.eof or stream.unused_data:
        raise DamagedChunkError(f"a chunk that does not inflate to {size} bytes")
    return content


def unshuffle(content: bytes, width: int) -> bytes | NDArray[np.uint8]:
    """The bytes in their order, `width` bytes an element."""
    if width == 1:
        return content
    planes = np.frombuffer(content, np.uint8).reshape(width, -1)
    ordered = np.empty((planes.shape[1], width), np.uint8)
    for plane in range(width):
        ordered[:, plane] = planes[plane]
    return ordered.reshape(-1)


def unpack(raw: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The array of a shuffled and deflated chunk, in native byte order; raises `DamagedChunkError`."""
    content = inflate(raw, math.prod(shape) * dtype.itemsize)
    if dtype == np.dtype("<u4"):
        return _small_integers(content).reshape(shape)
    values = np.frombuffer(unshuffle(content, dtype.itemsize), dtype).reshape(shape)
    return values.astype(dtype.newbyteorder("="), copy=False)


def _small_integers(content: bytes) -> NDArray[np.uint32]:
    """Shuffled uint32; fast where the upper bytes are zero, as they are in most counts."""
    planes = np.frombuffer(content, np.uint8).reshape(4, -1)
    values: NDArray[np.uint32] = planes[0].astype(np.uint32)
    for number, plane in enumerate(planes[1:], 1):
        if np.count_nonzero(plane):
            values |= plane.astype(np.uint32) << np.uint32(8 * number)
    return values
