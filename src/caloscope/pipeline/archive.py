"""Named arrays as bytes, quickly: a checkpoint is written for every map of every lumisection.

Layout, compressed as one stream: 4 bytes magic, 4 bytes length of the header (little endian), the header as
JSON (name, dtype and shape of each array), and their bytes one after the other in C order. numpy's archives,
which an older Caloscope wrote, take five times as long to make; they are still read.
"""

import io
import json
import math
import struct
import zipfile
from collections.abc import Mapping
from typing import Any, Final, cast

import numpy as np
from isal import igzip_lib, isal_zlib
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

MAGIC: Final = b"CAR1"
MAX_BYTES: Final = 1_000_000_000

LEVEL: Final = 1
"""Of Intel's deflate, several times faster than zlib's fastest."""

# The library's description of itself calls it an exception, not a class.
_ISAL_ERROR = cast("type[Exception]", igzip_lib.IsalError)

DAMAGE: Final = (
    _ISAL_ERROR,
    zipfile.BadZipFile,
    struct.error,
    LookupError,
    TypeError,
    ValueError,
    EOFError,
    NotImplementedError,
    OSError,
)
"""What `unpack` raises, isal, zipfile and numpy, where bytes are no archive of arrays."""


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays of numbers as bytes."""
    items = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    header = json.dumps([(name, array.dtype.str, array.shape) for name, array in items.items()]).encode()
    parts = [MAGIC, struct.pack("<I", len(header)), header, *(array.tobytes() for array in items.values())]
    return bytes(isal_zlib.compress(b"".join(parts), LEVEL))


def unpack(blob: bytes) -> dict[str, NDArray[Any]]:
    """The arrays again, which may be changed; raises one of `DAMAGE` for what is no archive of arrays."""
    stream = isal_zlib.decompressobj()
    data = stream.decompress(blob, MAX_BYTES)
    if not stream.eof:
        raise ValueError(f"{len(blob)} bytes without their end")
    return _ours(data) if data[:4] == MAGIC else _of_numpy(data)


def _ours(data: bytes) -> dict[str, NDArray[Any]]:
    (length,) = struct.unpack_from("<I", data, 4)
    start, found = 8 + length, dict[str, NDArray[Any]]()
    for name, kind, shape in json.loads(data[8:start]):
        dtype, count = np.dtype(kind), math.prod(shape)
        if dtype.hasobject or min(shape, default=0) < 0 or start + count * dtype.itemsize > len(data):
            raise ValueError(f"{name}: {count} items of {kind}")
        found[name] = np.frombuffer(data, dtype, count, start).reshape(shape).copy()
        start += count * dtype.itemsize
    if start != len(data):
        raise ValueError(f"{len(data) - start} bytes too many")
    return found


def _of_numpy(data: bytes) -> dict[str, NDArray[Any]]:
    archive = np.load(io.BytesIO(data), allow_pickle=False)
    if not isinstance(archive, NpzFile):
        raise ValueError("one array, not an archive of them")
    with archive:
        arrays = {name: archive[name] for name in archive.files}
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("an archive that does not hold arrays alone")
    return arrays
