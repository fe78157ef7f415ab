"""ROOT's file container: the header, directories of keys, and the bytes of one object.

Only what reading histograms needs, about twenty times as fast as building general objects, and bounded: every
size that a file claims is checked before anything is allocated, and no class description of a file is
followed here. Directories are walked, never scanned for: bytes of deleted objects stay in a file. Layout:
ROOT's `TFile`, `TDirectoryFile` and `TKey` reference pages, section "format on disk".
"""

import os
import struct
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from caloscope.readers.root.blocks import inflate
from caloscope.readers.root.bytestream import Cursor, DamagedError
from caloscope.readers.root.keys import Directory, Key, parse_keys

__all__ = [
    "HEADER_BYTES",
    "MAGIC",
    "MAX_OBJECT_BYTES",
    "Directory",
    "Header",
    "Key",
    "RootFile",
    "parse_header",
]

MAGIC = b"root"
HEADER_BYTES = 64
MAX_OBJECT_BYTES = 64 * 2**20
"""A map of a calorimeter takes kilobytes; what claims more than this is damaged or no histogram of ours."""
MAX_KEYS_BYTES = 32 * 2**20
MAX_KEYS = 2**20
"""Of all directories of a file that are looked at; whole-run DQM files have some hundred thousand."""
_WHOLE_BYTES = 64 * 2**20
"""A file up to this size is read in one go: a request for every object would take longer."""
_LARGE_FILE = 1_000_000
_LARGE_DIRECTORY = 1000
_SMALL = struct.Struct(">hIIiiiii")
_LARGE = struct.Struct(">hIIiiqqq")


class Header(NamedTuple):
    """The head of a file: where records begin and end, and where its first directory stands."""

    begin: int
    end: int
    name_bytes: int


def parse_header(head: bytes) -> Header:
    """The header in the first bytes of a file; raises `DamagedError` where there is none."""
    if head[:4] != MAGIC:
        raise DamagedError("no ROOT header")
    cursor = Cursor(head, 4)
    version, begin = cursor.take("ii")
    (end,) = cursor.take("q" if version >= _LARGE_FILE else "i")
    cursor.skip(8 if version >= _LARGE_FILE else 4)
    _, _, name_bytes = cursor.take("iii")
    return Header(begin, end, name_bytes)


class RootFile:
    """A ROOT file opened for reading; a context manager.

    `whole`: most of it will be needed, so a file that is not large is read at once. All methods raise
    `DamagedError` where the content makes no sense, and `OSError` from below.
    """

    def __init__(self, path: Path, *, whole: bool = True) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._known: dict[int, Directory] = {}
        self._keys_left = MAX_KEYS
        self._lists_left = 0
        self._content: bytes | None = None
        try:
            self.size = os.fstat(self._descriptor).st_size
            self._lists_left = self.size
            if whole and self.size <= _WHOLE_BYTES:
                self._content = _exactly(self._descriptor, self.size, 0)
            self.header = parse_header(self.piece(0, min(HEADER_BYTES, self.size)))
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        os.close(self._descriptor)
        # The number may be another file's soon.
        self._descriptor = -1

    def piece(self, seek: int, size: int) -> bytes:
        """A piece of the file, all of it or an error; the caller has made sure that `size` is bearable."""
        if seek < 0 or size < 0 or seek + size > self.size:
            raise DamagedError(f"a reference to bytes {seek} to {seek + size} in a file of {self.size} bytes")
        if self._content is not None:
            return self._content[seek : seek + size]
        return _exactly(self._descriptor, size, seek)

    @property
    def top(self) -> Directory:
        """The file's first directory."""
        return self._directory(self.header.begin + self.header.name_bytes)

    def folder(self, parent: Directory, *names: str) -> Directory | None:
        """The directory below `parent` along `names`; None where there is none."""
        for name in names:
            key = parent.folders.get(name)
            if key is None:
                return None
            parent = self.open(key)
        return parent

    def open(self, key: Key) -> Directory:
        """The directory of a folder's key."""
        return self._directory(key.seek + key.key_bytes)

    def _directory(self, seek: int) -> Directory:
        """The directory whose record stands at `seek`, read once."""
        found = self._known.get(seek)
        if found is None:
            found = self._known[seek] = self._read_directory(seek)
            self._keys_left -= found.keys
        return found

    def _read_directory(self, seek: int) -> Directory:
        record = self.piece(seek, min(_LARGE.size, max(0, self.size - seek)))
        if len(record) < _SMALL.size:
            raise DamagedError(f"a directory that ends at byte {self.size}")
        version, _, _, keys_bytes, _, _, _, keys_seek = _SMALL.unpack_from(record)
        if version > _LARGE_DIRECTORY:
            if len(record) < _LARGE.size:
                raise DamagedError(f"a directory that ends at byte {self.size}")
            *_, keys_seek = _LARGE.unpack(record)
        if not 0 <= keys_bytes <= MAX_KEYS_BYTES:
            raise DamagedError(f"a list of keys that claims {keys_bytes} bytes")
        if keys_bytes == 0:
            return Directory()
        # Lists of a sound file stand beside each other; one used again and again would fill the memory.
        self._lists_left -= keys_bytes
        if self._lists_left < 0:
            raise DamagedError("lists of keys that are longer than the file")
        return parse_keys(self.piece(keys_seek, keys_bytes), self._keys_left)

    def read(self, key: Key) -> bytes:
        """The bytes of an object, inflated; it may claim at most `MAX_OBJECT_BYTES`."""
        size = key.object_bytes
        if not 0 <= size <= MAX_OBJECT_BYTES:
            raise DamagedError(f"{key.name[:80]!r} claims {size} bytes")
        stored = key.stored_bytes - key.key_bytes
        if not 0 <= stored <= MAX_OBJECT_BYTES:
            raise DamagedError(f"{key.name[:80]!r} claims {stored} stored bytes")
        raw = self.piece(key.seek + key.key_bytes, stored)
        return raw if stored == size else inflate(raw, size)


def _exactly(descriptor: int, size: int, seek: int) -> bytes:
    """All bytes of a piece; raises `DamagedError` where the file has become shorter meanwhile."""
    piece = os.pread(descriptor, size, seek)
    if len(piece) != size:
        raise DamagedError(f"{len(piece)} bytes at {seek} where {size} should be")
    return piece
