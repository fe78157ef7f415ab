"""Inflating ROOT's compressed blocks, never into more than they say that they hold.

A compressed object is a sequence of blocks. Each has nine bytes of head: two letters for the algorithm, one
byte that does not matter here, then the stored and the inflated size, three bytes each, least significant
first. ROOT keeps a checksum inside zlib, xz and LZ4 blocks, so damage there is always noticed; there is none
in Zstandard.
"""

import lzma
import threading
from typing import cast

import cramjam
import xxhash
import zstandard
from isal import igzip_lib

from caloscope.readers.root.bytestream import DamagedError

_HEAD_BYTES = 9
_XXHASH_BYTES = 8
_XZ_MEMORY = 256 * 2**20
_ZSTANDARD_WINDOW = 16 * 2**20
"""No window is larger than a block can be."""

_ERRORS: tuple[type[Exception], ...] = (
    # The library's description of itself calls it an exception, not a class.
    cast("type[Exception]", igzip_lib.IsalError),
    lzma.LZMAError,
    cramjam.DecompressionError,
    zstandard.ZstdError,
    ValueError,
    EOFError,
)


def inflate(raw: bytes, size: int) -> bytes:
    """The object of `size` bytes behind compressed blocks; raises `DamagedError`."""
    pieces: list[bytes] = []
    place, done = 0, 0
    while done < size:
        start = place + _HEAD_BYTES
        stored = int.from_bytes(raw[place + 3 : place + 6], "little")
        inflated = int.from_bytes(raw[place + 6 : start], "little")
        if start + stored > len(raw) or not 0 < inflated <= size - done:
            raise DamagedError("a compressed block of impossible size")
        pieces.append(_inflate_block(raw[place : place + 2], raw[start : start + stored], inflated))
        place = start
        place += stored
        done += inflated
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _inflate_block(algorithm: bytes, block: bytes, size: int) -> bytes:
    """One block of exactly `size` bytes once inflated."""
    reader = _READERS.get(algorithm)
    if reader is None:
        raise DamagedError(f"a block compressed with {algorithm!r}")
    try:
        data = reader(block, size)
    except _ERRORS as error:
        raise DamagedError(f"a damaged compressed block ({error})") from error
    if len(data) != size:
        raise DamagedError(f"a compressed block that does not hold the {size} bytes it claims")
    return data


def _zlib(block: bytes, size: int) -> bytes:
    stream = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_ZLIB)
    # Room for one byte more, or the checksum at the end would not be looked at.
    data: bytes = stream.decompress(block, size + 1)
    if not stream.eof:
        raise DamagedError("a compressed block without its end")
    return data


def _xz(block: bytes, size: int) -> bytes:
    stream = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    data = stream.decompress(block, size + 1)
    if not stream.eof:
        raise DamagedError("a compressed block without its end")
    return data


def _lz4(block: bytes, size: int) -> bytes:
    checksum, payload = block[:_XXHASH_BYTES], block[_XXHASH_BYTES:]
    if xxhash.xxh64_digest(payload) != checksum:
        raise DamagedError("a compressed block whose checksum does not fit")
    data = bytearray(size)
    written = cramjam.lz4.decompress_block_into(payload, data, output_len=size)
    return bytes(data[:written])


class _Contexts(threading.local):
    """A Zstandard decompressor for each thread: making one takes longer than inflating a small map."""

    def __init__(self) -> None:
        self.zstandard = zstandard.ZstdDecompressor(max_window_size=_ZSTANDARD_WINDOW)


_CONTEXTS = _Contexts()


def _zstandard(block: bytes, size: int) -> bytes:
    # The library makes room for what a frame says that it holds, whatever it is told.
    claimed = zstandard.frame_content_size(block)
    if claimed > size:
        raise DamagedError(f"a compressed block of {claimed} bytes that should have {size}")
    return _CONTEXTS.zstandard.decompress(block, max_output_size=size, allow_extra_data=False)


_READERS = {b"ZL": _zlib, b"XZ": _xz, b"L4": _lz4, b"ZS": _zstandard}
