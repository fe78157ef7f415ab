"""ROOT's file container: the header, directories of keys, and the bytes of one object.

Only what reading histograms needs, about twenty times as fast as building general objects, and bounded: every
size that a file claims is checked before anything is allocated, and no class description of a file is ever
followed. Layout: ROOT's `TFile`, `TDirectoryFile` and `TKey` reference pages, section "format on disk".
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from caloscope.readers.blocks import inflate
from caloscope.readers.bytestream import Cursor, DamagedError

MAGIC = b"root"
HEADER_BYTES = 64
MAX_OBJECT_BYTES = 64 * 2**20
"""A map of a calorimeter takes kilobytes; what claims more than this is damaged or no histogram of ours."""
MAX_KEYS_BYTES = 32 * 2**20
_LARGE_FILE = 1_000_000
_LARGE_KEY = 1000
_DIRECTORIES = ("TDirectoryFile", "TDirectory")


class Header(NamedTuple):
    """The head of a file: where records begin and end, and where its first directory stands."""

    begin: int
    end: int
    name_bytes: int


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a directory: an object's class, name, cycle, place and sizes (bytes)."""

    classname: str
    name: str
    cycle: int
    seek: int
    key_bytes: int
    stored_bytes: int
    object_bytes: int


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory's objects and its folders by name, each of the highest cycle."""

    objects: Mapping[str, Key] = field(default_factory=dict)
    folders: Mapping[str, Key] = field(default_factory=dict)


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

    All methods raise `DamagedError` where the content makes no sense, and `OSError` from below.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._known: dict[int, Directory] = {}
        try:
            self.size = os.fstat(self._file.fileno()).st_size
            self.header = parse_header(self._bytes(0, min(HEADER_BYTES, self.size)))
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._file.close()

    def _bytes(self, seek: int, size: int) -> bytes:
        """A piece of the file, all of it or an error."""
        if seek < 0 or size < 0 or seek + size > self.size:
            raise DamagedError(f"a reference to bytes {seek} to {seek + size} in a file of {self.size} bytes")
        piece = os.pread(self._file.fileno(), size, seek)
        if len(piece) != size:
            raise DamagedError(f"{len(piece)} bytes at {seek} where {size} should be")
        return piece

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
            parent = self._directory(key.seek + key.key_bytes)
        return parent

    def _directory(self, seek: int) -> Directory:
        """The directory whose record stands at `seek`, read once."""
        if seek not in self._known:
            self._known[seek] = self._read_directory(seek)
        return self._known[seek]

    def _read_directory(self, seek: int) -> Directory:
        record = Cursor(self._bytes(seek, min(42, self.size - seek)))
        version, _, _, keys_bytes, _ = record.take("hIIii")
        large = version > _LARGE_KEY
        record.skip(16 if large else 8)
        (keys_seek,) = record.take("q" if large else "i")
        if not 0 <= keys_bytes <= MAX_KEYS_BYTES:
            raise DamagedError(f"a list of keys that claims {keys_bytes} bytes")
        if keys_bytes == 0:
            return Directory()
        return _parse_keys(self._bytes(keys_seek, keys_bytes))

    def read(self, key: Key) -> bytes:
        """The bytes of an object, inflated; it may claim at most `MAX_OBJECT_BYTES`."""
        if not 0 <= key.object_bytes <= MAX_OBJECT_BYTES:
            raise DamagedError(f"{key.name[:80]!r} claims {key.object_bytes} bytes")
        stored = key.stored_bytes - key.key_bytes
        if not 0 <= stored <= MAX_OBJECT_BYTES:
            raise DamagedError(f"{key.name[:80]!r} claims {stored} stored bytes")
        raw = self._bytes(key.seek + key.key_bytes, stored)
        return raw if stored == key.object_bytes else inflate(raw, key.object_bytes)


def _parse_keys(record: bytes) -> Directory:
    """A list of keys, itself behind a key."""
    cursor = Cursor(record)
    _, start = _parse_key(cursor)
    cursor.jump(start)
    (count,) = cursor.take("i")
    objects: dict[str, Key] = {}
    folders: dict[str, Key] = {}
    for _ in range(count):
        key, _ = _parse_key(cursor)
        kind = folders if key.classname in _DIRECTORIES else objects
        if key.name not in kind or kind[key.name].cycle < key.cycle:
            kind[key.name] = key
    return Directory(objects, folders)


def _parse_key(cursor: Cursor) -> tuple[Key, int]:
    """The key at the cursor, which moves behind it, and the length that the key claims for itself."""
    stored, version, size, _, key_bytes, cycle = cursor.take("ihiIhh")
    seek, _ = cursor.take("qq" if version > _LARGE_KEY else "ii")
    classname, name, _ = cursor.text(), cursor.text(), cursor.text()
    return Key(classname, name, cycle, seek, key_bytes, stored, size), key_bytes
