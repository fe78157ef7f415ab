"""ROOT's lists of keys: what a directory holds, by name."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from caloscope.readers.root.bytestream import DamagedError

_SMALL = struct.Struct(">ihiIhhii")
_LARGE = struct.Struct(">ihiIhhqq")
_LARGE_KEY = 1000
"""Versions above have places of eight bytes."""
_LONG_TEXT = 255
_COUNT = struct.Struct(">i")
_LENGTH = struct.Struct(">I")
_DIRECTORIES = ("TDirectoryFile", "TDirectory")


class Key(NamedTuple):
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
    """A directory's objects and its folders by name, each of the highest cycle; `keys` counts all entries."""

    objects: Mapping[str, Key] = field(default_factory=dict)
    folders: Mapping[str, Key] = field(default_factory=dict)
    keys: int = 0


def parse_keys(record: bytes, most: int) -> Directory:
    """A list of keys, itself behind a key; raises `DamagedError`, also for more than `most`."""
    try:
        return _parse_keys(record, most)
    except (struct.error, IndexError) as error:
        raise DamagedError(f"a list of keys that does not end within {len(record)} bytes") from error


def _parse_keys(record: bytes, most: int) -> Directory:
    _, _, _, _, place, _, _, _ = _SMALL.unpack_from(record)
    if place < 0:
        raise DamagedError(f"a key of {place} bytes")
    (count,) = _COUNT.unpack_from(record, place)
    if not 0 <= count <= most:
        raise DamagedError(f"a list of {count} keys")
    place += _COUNT.size
    objects: dict[str, Key] = {}
    folders: dict[str, Key] = {}
    for _ in range(count):
        key, place = _parse_key(record, place)
        kind = folders if key[0] in _DIRECTORIES else objects
        other = kind.setdefault(key[1], key)
        if other.cycle < key.cycle:
            kind[key[1]] = key
    return Directory(objects, folders, count)


def _parse_key(record: bytes, place: int) -> tuple[Key, int]:
    """The key at a place, and the place behind it. The innermost loop of opening files."""
    stored, version, size, _, key_bytes, cycle, seek, _ = _SMALL.unpack_from(record, place)
    if version > _LARGE_KEY:
        *_, seek, _ = _LARGE.unpack_from(record, place)
        place += _LARGE.size
    else:
        place += _SMALL.size
    texts: list[str] = []
    for _ in range(3):
        length = record[place]
        place += 1
        if length == _LONG_TEXT:
            (length,) = _LENGTH.unpack_from(record, place)
            place += _LENGTH.size
        end = place + length
        texts.append(str(record[place:end], "utf-8", "replace"))
        place = end
    if place > len(record):
        raise IndexError
    return Key(texts[0], texts[1], cycle, seek, key_bytes, stored, size), place
