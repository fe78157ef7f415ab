"""The output of `brilcalc lumi --byls --output-style csv` (or `-o FILE`).

A line of comment with the tags, the header
`#run:fill,ls,time,beamstatus,E(GeV),delivered(/ub),recorded(/ub),avgpu,source`, a line for each lumisection,
and a summary in comments. `-u` changes the unit, `--tssec` gives times as seconds since 1970, `--xing` adds a
column, `--hltpath` has other columns: so they are found by their names. `ls` is two numbers, the second
of which is 0 where CMS took no data. `--cerntime` gives local times, and nothing in the file says so.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np

from caloscope.certification.brilcalc_rows import Columns, Rows, read_header, read_rows
from caloscope.certification.luminosity import Luminosity
from caloscope.errors import UsageError

MAX_BYTES = 4 << 30
"""A year of `--xing`."""

MAX_ROWS = 8_000_000
"""More lumisections than CMS has had."""

_BLOCK = 4 << 20
_MAX_LINE = 1 << 20
_FORM = "expected the output of brilcalc lumi --byls --output-style csv"


def read_brilcalc(path: Path) -> Luminosity:
    """Pileup, luminosity and time of each lumisection of a brilcalc CSV file.

    Raises UsageError, naming file, line and what was found, for any other content, and where two lines say
    different things of one lumisection.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: more than {MAX_BYTES} bytes, {_FORM}")
        with path.open("rb") as file:
            return _read(path, file)
    except OSError as error:
        raise UsageError(f"{path}: {os.strerror(error.errno or 0).lower()}, {_FORM}") from None


def _read(path: Path, file: BinaryIO) -> Luminosity:
    columns: Columns | None = None
    found: list[Rows] = []
    rows = 0
    for start, lines in _blocks(path, file):
        columns = _header(path, start, lines, columns)
        wanted = [(start + n, line) for n, line in enumerate(lines) if line and line[0] != "#"]
        if not wanted:
            continue
        if columns is None:
            _refuse(path, wanted[0][0], "no header #run:fill,ls,...")
        found.append(_rows(path, wanted, columns))
        rows += len(wanted)
        if rows > MAX_ROWS:
            raise UsageError(f"{path}: more than {MAX_ROWS} lumisections, {_FORM}")
    if columns is None:
        raise UsageError(f"{path}: no header #run:fill,ls,..., {_FORM}")
    return _joined(path, found, columns.unit)


def _blocks(path: Path, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Whole lines, some megabytes at a time, each with the number of its first line."""
    rest, number = b"", 1
    while block := file.read(_BLOCK):
        whole, newline, rest = (rest + block).rpartition(b"\n")
        if len(rest) > _MAX_LINE:
            _refuse(path, number, "a line of more than a megabyte")
        if newline:
            lines = _lines(path, number, whole)
            yield number, lines
            number += len(lines)
    if rest:
        yield number, _lines(path, number, rest)


def _lines(path: Path, number: int, text: bytes) -> list[str]:
    try:
        return [line.strip() for line in text.decode("utf-8").split("\n")]
    except UnicodeDecodeError:
        _refuse(path, number, "no UTF-8 text from here on")


def _header(path: Path, start: int, lines: list[str], known: Columns | None) -> Columns | None:
    """The columns, from the header if it is among these lines; one that contradicts is refused."""
    for number, line in enumerate(lines, start):
        if not line.startswith("#run:fill"):
            continue
        found = read_header(line)
        if found is None or (known is not None and found != known):
            _refuse(path, number, repr(line[:100]))
        known = found
    return known


def _rows(path: Path, wanted: list[tuple[int, str]], columns: Columns) -> Rows:
    try:
        return read_rows([line for _, line in wanted], columns)
    except (ValueError, IndexError):
        # Something is wrong somewhere: look line by line, to say where.
        for number, line in wanted:
            try:
                read_rows([line], columns)
            except (ValueError, IndexError):
                _refuse(path, number, repr(line[:100]))
        raise


def _joined(path: Path, found: list[Rows], unit: str) -> Luminosity:
    table = np.concatenate([rows.values for rows in found]) if found else np.empty((0, 4))
    keys = np.concatenate([rows.keys for rows in found]) if found else np.empty(0, np.uint64)
    order = np.argsort(keys, kind="stable")
    keys, table = keys[order], table[order]
    again = keys[1:] == keys[:-1]
    differ = again & ((table[1:] != table[:-1]) & ~np.isnan(table[1:])).any(axis=1)
    if differ.any():
        key = int(keys[1:][differ][0])
        said = f"run {key >> 32} lumisection {key & 0xFFFFFFFF} twice, with different numbers"
        raise UsageError(f"{path}: {said}, expected each once")
    first = np.concatenate([np.ones(min(1, len(keys)), bool), ~again])
    pileup, delivered, recorded, began_at = np.ascontiguousarray(table[first].T)
    return Luminosity(keys[first], pileup, delivered, recorded, began_at, unit)


def _refuse(path: Path, line: int, found: str) -> NoReturn:
    raise UsageError(f"{path}: line {line}: {found}, {_FORM}")
