"""Inflating ROOT's compressed blocks, never into more than they say that they hold.

A compressed object is a sequence of blocks. Each has nine bytes of head: two letters for the algorithm, one
byte that does not matter here, then the stored and the inflated size, three bytes each, least significant
first. ROOT keeps a checksum inside zlib, xz and LZ4 blocks, so damage there is always noticed; there is none
in Zstandard.
"""

import lzma
import zlib

import cramjam
import xxhash

from caloscope.readers.bytestream import DamagedError

_HEAD_BYTES = 9
_XXHASH_BYTES = 8


def inflate(raw: bytes, size: int) -> bytes:
    """The object of `size` bytes behind compressed blocks; raises `DamagedError`."""
    pieces: list[bytes] = []
    place, done = 0, 0
    while done < size:
        head = raw[place : place + _HEAD_BYTES]
        stored = int.from_bytes(head[3:6], "little")
        inflated = int.from_bytes(head[6:9], "little")
        block = raw[place + _HEAD_BYTES : place + _HEAD_BYTES + stored]
        if len(head) < _HEAD_BYTES or len(block) < stored or not 0 < inflated <= size - done:
            raise DamagedError("a compressed block of impossible size")
        pieces.append(_inflate_block(head[:2], block, inflated))
        place += _HEAD_BYTES + stored
        done += inflated
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _inflate_block(algorithm: bytes, block: bytes, size: int) -> bytes:
    """One block of exactly `size` bytes once inflated."""
    readers = {b"ZL": _zlib, b"XZ": _xz, b"L4": _lz4, b"ZS": _zstandard}
    if algorithm not in readers:
        raise DamagedError(f"a block compressed with {algorithm!r}")
    try:
        data = readers[algorithm](block, size)
    except (zlib.error, lzma.LZMAError, cramjam.DecompressionError, ValueError, EOFError) as error:
        raise DamagedError(f"a damaged compressed block ({error})") from error
    if len(data) != size:
        raise DamagedError(f"a compressed block that does not hold the {size} bytes it claims")
    return data


def _zlib(block: bytes, size: int) -> bytes:
    stream = zlib.decompressobj()
    # Room for one byte more, or the checksum at the end would not be looked at.
    data = stream.decompress(block, size + 1)
    if not stream.eof:
        raise DamagedError("a compressed block without its end")
    return data


def _xz(block: bytes, size: int) -> bytes:
    stream = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=256 * 2**20)
    data = stream.decompress(block, size + 1)
    if not stream.eof:
        raise DamagedError("a compressed block without its end")
    return data


def _lz4(block: bytes, size: int) -> bytes:
    checksum, payload = block[:_XXHASH_BYTES], block[_XXHASH_BYTES:]
    if xxhash.xxh64(payload).digest() != checksum:
        raise DamagedError("a compressed block whose checksum does not fit")
    data = bytearray(size)
    written = cramjam.lz4.decompress_block_into(payload, data, output_len=size)
    return bytes(data[:written])


def _zstandard(block: bytes, size: int) -> bytes:
    data = bytearray(size)
    written = cramjam.zstd.decompress_into(block, data)
    return bytes(data[:written])
