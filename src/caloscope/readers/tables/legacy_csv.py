"""The legacy CSV of the ML4DQM project: one histogram of one lumisection a line.

Columns are named; `fromrun`, `fromlumi` and `hname` come twice and say the same. `histo` is a list of all
bins with underflow and overflow, x fastest. `metype` counts the classes as DQMIO does: 3 is a TH1F, 10 and
11 are profiles. `hname` is a bare name without folders.
"""

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from caloscope.errors import Fault, SourceError
from caloscope.readers.shelf import Histogram
from caloscope.readers.tables.flat_values import parse_json, to_axis, to_numbers, wrong_length
from caloscope.readers.tables.row_index import Row, RowIndex, RowShelf, shelf_of

MAX_LINE_BYTES = 32 * 2**20
"""Longest line; a map of crystals takes half a megabyte."""

# The limit of the library is for the whole process. Lines are bounded before it sees them.
csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES))

_NEEDED = ("fromrun", "fromlumi", "hname", "histo", "Xbins", "Xmin", "Xmax")
_PROFILES = (10, 11)


def shelves(path: Path, run: int | None = None) -> Iterator[RowShelf]:
    """The lumisections of a file, ascending; `run` is only compared, as the file says its own.

    The file is read once to find where each lumisection lies, and each histogram when it is asked for.
    Raises `SourceError`.
    """
    try:
        with path.open("rb") as file:
            table = _Table(path, file)
            for rows in table.index().lumisections():
                yield shelf_of(path, rows, run, table.histogram, folders=False)
    except OSError as error:
        raise SourceError(path, Fault.UNREADABLE, error.strerror or str(error), "a CSV file") from error


class _Table:
    """An open file with its columns."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        names = [name.strip() for name in self._fields(file.readline(MAX_LINE_BYTES), None)]
        names[0] = names[0].removeprefix("\ufeff")
        # Of a column that comes twice the first is taken.
        self._columns = {name: place for place, name in reversed(list(enumerate(names)))}
        self._count = len(names)
        missing = [name for name in _NEEDED if name not in self._columns]
        if missing:
            expected = f"columns {', '.join(_NEEDED)}"
            raise SourceError(path, Fault.UNKNOWN_FORMAT, f"no column {', '.join(missing)}", expected)
        self._keys = [self._columns[name] for name in _NEEDED[:3]]

    def index(self) -> RowIndex:
        """Where the histograms lie."""
        index = RowIndex(self._path)
        start = self._file.tell()
        while line := self._file.readline(MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                found = f"a line of more than {MAX_LINE_BYTES} bytes"
                raise SourceError(self._path, Fault.UNREADABLE, found, "one histogram a line")
            if line.strip():
                run, lumi, name = self._key(line, start)
                index.add(run, lumi, name, start, len(line))
            start += len(line)
        return index

    def histogram(self, place: Row) -> Histogram:
        """The histogram of a line."""
        name = place.name
        fields = self._fields(os.pread(self._file.fileno(), place.size, place.start), place.start)
        row = {column: fields[place] for column, place in self._columns.items()}
        numbers = to_numbers(self._path, name, parse_json(self._path, row["histo"], f"histo of {name}"))
        x = to_axis(self._path, name, "x", row["Xbins"], row["Xmin"], row["Xmax"])
        mean = row.get("metype", "").strip() in map(str, _PROFILES)
        if numbers.shape == (x.bins + 2,):
            return Histogram((x,), numbers[1:-1], mean)
        if "Ybins" not in row:
            raise wrong_length(self._path, name, numbers, f"{x.bins} + 2")
        y = to_axis(self._path, name, "y", row["Ybins"], row.get("Ymin"), row.get("Ymax"))
        if numbers.shape != ((x.bins + 2) * (y.bins + 2),):
            expected = f"{x.bins} + 2, or ({x.bins} + 2) x ({y.bins} + 2)"
            raise wrong_length(self._path, name, numbers, expected)
        return Histogram((x, y), numbers.reshape(y.bins + 2, x.bins + 2)[1:-1, 1:-1], mean)

    def _key(self, line: bytes, start: int) -> tuple[int, int, str]:
        """Run, lumisection and name, mostly without a look at the long list behind them."""
        last = max(self._keys) + 1
        parts = line.split(b",", last)
        if len(parts) > last and not any(b'"' in part for part in parts[:last]):
            texts = [parts[key].decode("utf-8", "replace") for key in self._keys]
        else:
            fields = self._fields(line, start)
            texts = [fields[key] for key in self._keys]
        return self._number(texts[0], start), self._number(texts[1], start), texts[2].strip()

    def _number(self, text: str, start: int) -> int:
        try:
            value = float(text)
            whole = int(value)
        except (ValueError, OverflowError):
            value, whole = 1.0, 0
        if value != whole:
            found = f"{text[:20]!r} at byte {start}"
            raise SourceError(self._path, Fault.NO_LUMISECTION, found, "a run or a lumisection")
        return whole

    def _fields(self, line: bytes, start: int | None) -> list[str]:
        """The fields of one line; all lines have as many as the first."""
        where = "the first line" if start is None else f"the line at byte {start}"
        try:
            (fields,) = csv.reader([line.decode("utf-8").rstrip("\r\n")], strict=True)
        except (ValueError, csv.Error) as error:
            raise SourceError(
                self._path, Fault.UNREADABLE, f"{where}: {error!s:.80}", "a line of CSV"
            ) from error
        if start is not None and len(fields) != self._count:
            found = f"{len(fields)} fields in {where}"
            raise SourceError(self._path, Fault.UNREADABLE, found, f"{self._count}")
        return fields
