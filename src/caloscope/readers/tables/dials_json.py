"""The JSON of DIALS: a list of histograms, a page with `results`, or one histogram a line.

In all of them a histogram is an object that holds no other object. So the text is searched for those, piece
by piece, and only one of them at a time is turned into Python's objects, which take ten times the room.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from caloscope.errors import Fault, SourceError
from caloscope.readers.shelf import Histogram
from caloscope.readers.tables.dials import LUMI, RUN, require_fields, to_histogram
from caloscope.readers.tables.flat_values import parse_json
from caloscope.readers.tables.row_index import Row, RowIndex, RowShelf, shelf_of

MAX_FILE_BYTES = 8 * 2**30
MAX_OBJECT_BYTES = 32 * 2**20
"""Longest histogram; a map of crystals takes half a megabyte."""

_CHUNK_BYTES = 2**20
_MOST_DEPTH = 100

# A string (nothing in it counts, and no way back into it is ever tried), a bracket, or a quotation mark that
# begins a string which is not all there.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]]|"', re.DOTALL)


def shelves(path: Path, run: int | None = None) -> Iterator[RowShelf]:
    """The lumisections of a file, ascending; `run` is only compared, as the file says its own.

    The file is read twice and never kept. Raises `SourceError`.
    """
    try:
        with path.open("rb") as file:
            text = _Text(path, file)
            for rows in text.index().lumisections():
                yield shelf_of(path, rows, run, text.histogram, folders=True)
    except OSError as error:
        raise SourceError(path, Fault.UNREADABLE, error.strerror or str(error), "a JSON file") from error


class _Text:
    """An open file; a histogram's row is its object, braces included."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        size = os.fstat(file.fileno()).st_size
        if size > MAX_FILE_BYTES:
            raise SourceError(path, Fault.UNREADABLE, f"{size} bytes", f"at most {MAX_FILE_BYTES}")

    def index(self) -> RowIndex:
        """Where the histograms lie."""
        index = RowIndex(self._path)
        for start, length in _objects(self._path, self._file):
            row = self._object(start, length)
            if row.get("results") == []:  # a page on which there is nothing
                continue
            name = require_fields(self._path, set(row))
            run, lumi, path = self._whole(row, RUN), self._whole(row, LUMI), self._text(row, name)
            index.add(run, lumi, path, start, length)
        return index

    def histogram(self, row: Row) -> Histogram:
        """The histogram of an object."""
        return to_histogram(self._path, row.name, self._object(row.start, row.size))

    def _object(self, start: int, length: int) -> dict[str, Any]:
        content = os.pread(self._file.fileno(), length, start)
        row = parse_json(self._path, content, f"the object at byte {start}")
        if not isinstance(row, dict):
            raise SourceError(self._path, Fault.UNREADABLE, f"no object at byte {start}", "a histogram")
        return row

    def _whole(self, row: dict[str, Any], key: str) -> int:
        value = row[key]
        if not isinstance(value, int) or isinstance(value, bool):
            found = f"{key} {value!r:.30}"
            raise SourceError(self._path, Fault.NO_LUMISECTION, found, "a whole number")
        return value

    def _text(self, row: dict[str, Any], key: str) -> str:
        value = row[key]
        if not isinstance(value, str):
            raise SourceError(self._path, Fault.UNREADABLE, f"{key} {value!r:.30}", "the path of a histogram")
        return value


class _Nesting:
    """Follows the brackets of a text and tells the objects that hold no other object."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: list[bytes] = []
        self.start: int | None = None

    def see(self, token: bytes, place: int) -> int | None:
        """A bracket; where the object that it ends began, None where it ends none."""
        if token in b"{[":
            self._open.append(b"}" if token == b"{" else b"]")
            if len(self._open) > _MOST_DEPTH:
                raise self._refused(f"brackets {_MOST_DEPTH} deep", place)
            if token == b"{":
                self.start = place
            return None
        if not self._open or self._open.pop() != token:
            raise self._refused(f"a stray {token.decode()!r}", place)
        if token == b"}":
            start, self.start = self.start, None
            return start
        return None

    def finish(self, place: int) -> None:
        """The end of the text; raises `SourceError` TRUNCATED where something is still open."""
        if self._open:
            found = f"an end inside {len(self._open)} brackets at byte {place}"
            raise SourceError(self._path, Fault.TRUNCATED, found, "whole JSON")

    def _refused(self, found: str, place: int) -> SourceError:
        return SourceError(self._path, Fault.UNREADABLE, f"{found} at byte {place}", "histograms as JSON")


def _objects(path: Path, file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Place and length of every object that holds no other, in the order of the file."""
    nesting = _Nesting(path)
    base, rest = 0, b""
    while chunk := file.read(_CHUNK_BYTES):
        text, rest = rest + chunk, b""
        for match in _TOKEN.finditer(text):
            token, place = match[0], base + match.start()
            if token == b'"':
                rest = text[match.start() :]
                break
            if token.startswith(b'"'):
                continue
            start = nesting.see(token, place)
            if start is not None:
                yield start, place + 1 - start
        base += len(text) - len(rest)
        begun = base if nesting.start is None else nesting.start
        if max(len(rest), base - begun) > MAX_OBJECT_BYTES:
            found = f"more than {MAX_OBJECT_BYTES} bytes in one piece at byte {base}"
            raise SourceError(path, Fault.UNREADABLE, found, "histograms as JSON")
    if rest:
        raise SourceError(path, Fault.TRUNCATED, f"an end inside a text at byte {base}", "whole JSON")
    nesting.finish(base)
