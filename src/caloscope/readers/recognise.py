"""What a file is, from its first bytes, and whether all of it is there."""

import codecs
import os
from enum import Enum, auto
from pathlib import Path

from caloscope.errors import Fault, SourceError
from caloscope.readers.root.bytestream import Cursor, DamagedError
from caloscope.readers.root.rootfile import MAGIC, parse_header

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_PARQUET_MAGIC = b"PAR1"
_HEAD_BYTES = 4096
_CSV_COLUMNS = {b"fromrun", b"fromlumi"}


class Container(Enum):
    """The kinds of file that can hold lumisections."""

    ROOT = auto()
    HDF5 = auto()
    PARQUET = auto()
    JSON = auto()
    CSV = auto()


def recognise(path: Path) -> Container:
    """The kind of a file; its name does not matter.

    Raises `SourceError` EMPTY_FILE, UNKNOWN_FORMAT, UNREADABLE where it cannot be opened, and TRUNCATED where
    it is shorter than a header or than the header says. Of text nobody can tell whether it is all there.
    """
    expected = "a ROOT or HDF5 file, or histograms as parquet, JSON or CSV"
    try:
        head, tail, size = _ends(path)
    except OSError as error:
        raise SourceError(path, Fault.UNREADABLE, error.strerror or str(error), expected) from error
    if size == 0:
        raise SourceError(path, Fault.EMPTY_FILE, "0 bytes", expected)
    container = _container(head)
    if container is None:
        raise SourceError(path, Fault.UNKNOWN_FORMAT, _describe(head), expected)
    if container is Container.PARQUET and not _parquet_ends(tail, size):
        raise SourceError(path, Fault.TRUNCATED, f"{size} bytes", "a parquet file with its end")
    try:
        end = _end(container, head, size)
    except DamagedError as error:
        raise SourceError(path, Fault.TRUNCATED, f"{size} bytes", "a whole header") from error
    if end != size:
        found = f"{end}, the end that its header names"
        raise SourceError(path, Fault.TRUNCATED, f"{size} bytes", found)
    return container


def complete(path: Path) -> bool:
    """Whether a file is there and has been written to its end.

    A ROOT or HDF5 file is complete when the end that its header names is its size (a ROOT file that is still
    open names an earlier one) and, for HDF5, when no writer has it open; a parquet file when its mark stands
    at both ends. Of anything else nobody can tell: it never is, be it text that grows or the first bytes of a
    file whose header is still to come.
    """
    try:
        head, tail, size = _ends(path)
        container = _container(head)
        if container is Container.PARQUET:
            return _parquet_ends(tail, size)
        if container not in (Container.ROOT, Container.HDF5) or _end(container, head, size) != size:
            return False
        return container is not Container.HDF5 or _opens(path)
    except (OSError, DamagedError):
        return False


def _opens(path: Path) -> bool:
    """Whether the library can open the file, which it cannot while a writer has it."""
    from caloscope.dataset.guard import opens  # the library is loaded when the first such file comes

    return opens(path)


def _ends(path: Path) -> tuple[bytes, bytes, int]:
    """The first and the last bytes of a file, and its size."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(_HEAD_BYTES)
        tail = head[-len(_PARQUET_MAGIC) :]
        if size > len(head):
            file.seek(size - len(_PARQUET_MAGIC))
            tail = file.read(len(_PARQUET_MAGIC))
        return head, tail, size


def _container(head: bytes) -> Container | None:
    for magic, container in (
        (MAGIC, Container.ROOT),
        (_HDF5_MAGIC, Container.HDF5),
        (_PARQUET_MAGIC, Container.PARQUET),
    ):
        if head.startswith(magic):
            return container
    text = head.removeprefix(codecs.BOM_UTF8)
    if text.lstrip()[:1] in (b"{", b"["):
        return Container.JSON
    columns = {name.strip(b' "\r') for name in text.partition(b"\n")[0].split(b",")}
    return Container.CSV if columns >= _CSV_COLUMNS else None


def _end(container: Container, head: bytes, size: int) -> int:
    """Where a file ends according to its header; raises `DamagedError` where that is not all there."""
    if container is Container.ROOT:
        return parse_header(head).end
    return _hdf5_end(head) if container is Container.HDF5 else size


def _parquet_ends(tail: bytes, size: int) -> bool:
    """Whether the mark at the end is there; between the marks is at least the length of the footer."""
    return tail == _PARQUET_MAGIC and size >= 3 * len(_PARQUET_MAGIC)


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


def _describe(head: bytes) -> str:
    """What a file that is none of them looks like."""
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head):
        return f"text that begins with {head[:24].decode('ascii')!r}"
    return f"bytes that begin with {head[:8].hex(' ')}"
