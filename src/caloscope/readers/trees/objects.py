"""Walking through the objects that a streamed ROOT object points to, without building any of them.

A pointer is written as a length, a tag and the object. The tag is a new class, with its name after it, or the
place where the class was named first, counted from the beginning of the key and two bytes too far. Every
object says its length, so that what is of no interest is stepped over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from caloscope.readers.root.bytestream import Cursor, DamagedError
from caloscope.readers.root.streamed import HAS_LENGTH, enter

MAX_MEMBERS = 100_000
_NEW_CLASS = 0xFFFFFFFF
_KNOWN_CLASS = 0x80000000
_PLACES_BEGIN_AT = 2
_LONGEST_NAME = 1024
_REFERENCED = 1 << 4


@dataclass(frozen=True, slots=True)
class Streamed:
    """The inflated bytes of an object, and the length of the key before it, which places are counted with."""

    raw: bytes
    key_bytes: int


class Part(NamedTuple):
    """An object inside another: its class, and where its bytes begin and end."""

    classname: str
    start: int
    end: int


def pointer(whole: Streamed, cursor: Cursor) -> Part | None:
    """The object that a pointer leads to, with the cursor behind it; raises `DamagedError`.

    None for a null pointer, and for an object that stands elsewhere: nothing that is looked for here does.
    """
    (tag,) = cursor.take("I")
    if not tag & HAS_LENGTH or tag == _NEW_CLASS:
        if tag & _KNOWN_CLASS:
            raise DamagedError("an object without its length")
        return None
    end = cursor.place + (tag & ~HAS_LENGTH)
    place = cursor.place
    (tag,) = cursor.take("I")
    if tag == _NEW_CLASS:
        classname, start = _class_at(whole, place)
    elif tag & _KNOWN_CLASS:
        classname, _ = _class_at(whole, (tag & ~_KNOWN_CLASS) - _PLACES_BEGIN_AT - whole.key_bytes)
        start = cursor.place
    else:
        raise DamagedError("an object without a class")
    cursor.jump(start)
    cursor.jump(end)
    return Part(classname, start, end)


def _class_at(whole: Streamed, place: int) -> tuple[str, int]:
    """The class named at a place, and where the name ends."""
    mark = whole.raw[place : place + 4] if place >= 0 else b""
    end = whole.raw.find(b"\0", place + 4, place + 4 + _LONGEST_NAME)
    if mark != b"\xff\xff\xff\xff" or end < 0:
        raise DamagedError("an object whose class is named nowhere")
    return whole.raw[place + 4 : end].decode("utf-8", errors="replace"), end + 1


def members(whole: Streamed, cursor: Cursor) -> Iterator[Part | None]:
    """What a `TObjArray` holds, in order; once all are taken, the cursor stands behind it."""
    end, _ = enter(cursor)
    _, _, bits = cursor.take("HII")
    cursor.skip(2 if bits & _REFERENCED else 0)
    cursor.text()
    count, _ = cursor.take("ii")
    if not 0 <= count <= MAX_MEMBERS:
        raise DamagedError(f"a list of {count} objects")
    for _ in range(count):
        yield pointer(whole, cursor)
    cursor.jump(end)
