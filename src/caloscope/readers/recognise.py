"""What a file is, from its first bytes, and whether all of it is there."""

import os
from enum import Enum, auto
from pathlib import Path

from caloscope.errors import Fault, SourceError
from caloscope.readers.bytestream import Cursor, DamagedError
from caloscope.readers.rootfile import HEADER_BYTES, MAGIC, parse_header

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


class Container(Enum):
    """The kinds of file that can hold lumisections."""

    ROOT = auto()
    HDF5 = auto()


def recognise(path: Path) -> Container:
    """The kind of a file; its name does not matter.

    Raises `SourceError` EMPTY_FILE, UNKNOWN_FORMAT, UNREADABLE where it cannot be opened, and TRUNCATED where
    it is shorter than a header or than the header says.
    """
    expected = "a ROOT or HDF5 file"
    try:
        head, size = _head(path)
    except OSError as error:
        raise SourceError(path, Fault.UNREADABLE, error.strerror or str(error), expected) from error
    if size == 0:
        raise SourceError(path, Fault.EMPTY_FILE, "0 bytes", expected)
    container = _container(head)
    if container is None:
        raise SourceError(path, Fault.UNKNOWN_FORMAT, _describe(head), expected)
    try:
        end = _end(container, head)
    except DamagedError as error:
        raise SourceError(path, Fault.TRUNCATED, f"{size} bytes", "a whole header") from error
    if end != size:
        found = f"{end}, the end that its header names"
        raise SourceError(path, Fault.TRUNCATED, f"{size} bytes", found)
    return container


def complete(path: Path) -> bool:
    """Whether a file is there and has been written to its end.

    A ROOT or HDF5 file is complete when the end that its header names is its size (a ROOT file that is still
    open names an earlier one) and, for HDF5, when no writer has it open. Of anything else nobody can tell: it
    never is, be it a log that grows or the first bytes of a file whose header is still to come.
    """
    try:
        head, size = _head(path)
        container = _container(head)
        if container is None or _end(container, head) != size:
            return False
        return container is not Container.HDF5 or _opens(path)
    except (OSError, DamagedError):
        return False


def _head(path: Path) -> tuple[bytes, int]:
    """The first bytes of a file and its size."""
    with path.open("rb") as file:
        return file.read(HEADER_BYTES), os.fstat(file.fileno()).st_size


def _container(head: bytes) -> Container | None:
    if head.startswith(MAGIC):
        return Container.ROOT
    return Container.HDF5 if head.startswith(_HDF5_MAGIC) else None


def _end(container: Container, head: bytes) -> int:
    """Where a file ends according to its header; raises `DamagedError` where that is not all there."""
    return parse_header(head).end if container is Container.ROOT else _hdf5_end(head)


def _hdf5_end(head: bytes) -> int:
    """The end-of-file address in the superblock (HDF5 file format specification, section II.A)."""
    cursor = Cursor(head, len(_HDF5_MAGIC))
    (version,) = cursor.take("B")
    if version in (0, 1):
        cursor.skip(4)
        (width,) = cursor.take("B")
        cursor.skip(10 if version == 0 else 14)
    else:
        (width,) = cursor.take("B")
        cursor.skip(2)
    if width not in (4, 8):
        raise DamagedError(f"addresses of {width} bytes")
    cursor.skip(2 * width)
    start = cursor.place
    cursor.skip(width)
    return int.from_bytes(head[start : cursor.place], "little")


def _opens(path: Path) -> bool:
    """Whether the library can open the file, which it cannot while a writer has it."""
    import h5py

    with h5py.File(path, "r"):
        return True


def _describe(head: bytes) -> str:
    """What a file that is neither looks like."""
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head):
        return f"text that begins with {head[:24].decode('ascii')!r}"
    return f"bytes that begin with {head[:8].hex(' ')}"
