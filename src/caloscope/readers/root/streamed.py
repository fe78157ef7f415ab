"""How ROOT frames what it writes: the length and version before each class."""

from caloscope.readers.root.bytestream import Cursor, DamagedError, UnexpectedError

HAS_LENGTH = 0x40000000
_LENGTH = HAS_LENGTH - 1
_REFERENCED = 1 << 4
"""The bit of a `TObject` that says that two more bytes follow."""


def enter(cursor: Cursor) -> tuple[int, int]:
    """Steps into a class: where it ends, and its version."""
    length, version = cursor.take("IH")
    if not length & HAS_LENGTH:
        raise DamagedError("a class without its length")
    end = cursor.place - 2 + (length & _LENGTH)
    if end > len(cursor.data):
        raise DamagedError(f"a class that ends at byte {end} of {len(cursor.data)}")
    return end, version


def step_over(cursor: Cursor) -> None:
    """Steps over a class."""
    end, _ = enter(cursor)
    cursor.jump(end)


def require_version(classname: str, version: int, first: int, last: int) -> None:
    """Raises `UnexpectedError` unless a class is of one of the versions known."""
    if not first <= version <= last:
        raise UnexpectedError(f"version {version} of {classname}")


def take_named(cursor: Cursor) -> tuple[str, str]:
    """Name and title of a `TNamed`."""
    end, version = enter(cursor)
    require_version("TNamed", version, 1, 1)
    _, _, bits = cursor.take("HII")
    cursor.skip(2 if bits & _REFERENCED else 0)
    name, title = cursor.text(), cursor.text()
    if cursor.place != end:
        raise UnexpectedError(f"a name that ends at byte {end}, not {cursor.place}")
    return name, title
