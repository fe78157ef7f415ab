"""The least that anybody could do: `python -m benchmarks.bare FOLDER DATABASE RUN`.

The kernel says that a file came, plain uproot takes the arrays of all maps from it, from paths known before,
and plain sqlite3 puts them as they are into a table, in a transaction for each file. Nothing is checked or
scored, nothing survives that is unusual.
"""

import ctypes
import os
import sqlite3
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import uproot

from benchmarks.live import ERA, MAPS
from caloscope.config.catalogue import load
from caloscope.geometry import view

_MOVED_TO = 0x80
_HEADER = struct.Struct("iIII")


def main() -> None:
    """Copy what arrives until somebody ends the process."""
    folder, database, run = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    inside = paths(run)
    with closing(sqlite3.connect(database)) as connection:
        prepare(connection)
        for name in _arrivals(folder):
            copy(folder / name, inside[name.split("_")[2]], connection)


def paths(run: int) -> Mapping[str, Sequence[str]]:
    """Where the histograms of a run lie, by producer; HO's are among HCAL's."""
    found: dict[str, dict[str, None]] = {}
    for spec in (load()[name] for name in MAPS):
        path = spec.paths(ERA)[0].replace("/", "/Run summary/", 1)
        names = (
            f"DQMData/Run {run}/{path.format(depth=depth)}" for depth in view(spec.view, ERA).depths or (0,)
        )
        found.setdefault(spec.producer, {}).update(dict.fromkeys(names))
    return {producer: list(names) for producer, names in found.items()}


def prepare(connection: sqlite3.Connection) -> None:
    """The table, in a database that others may read meanwhile."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE IF NOT EXISTS copy (file TEXT, path TEXT, content BLOB)")


def copy(file: Path, inside: Sequence[str], connection: sqlite3.Connection) -> None:
    """The histograms of one file into the table."""
    with uproot.open(file) as opened:
        rows = [(file.name, path, np.asarray(opened[path].values()).tobytes()) for path in inside]
    with connection:
        connection.executemany("INSERT INTO copy VALUES (?, ?, ?)", rows)


def _arrivals(folder: Path) -> Iterator[str]:
    """Names of files that are renamed into a folder, from now on, for ever."""
    kernel = ctypes.CDLL(None, use_errno=True)
    handle = kernel.inotify_init1(0)
    if handle < 0 or kernel.inotify_add_watch(handle, os.fsencode(folder), _MOVED_TO) < 0:
        raise OSError(ctypes.get_errno(), f"{folder}: cannot be watched")
    while True:
        content, place = os.read(handle, 1 << 16), 0
        while place < len(content):
            *_, length = _HEADER.unpack_from(content, place)
            place += _HEADER.size + length
            yield content[place - length : place].rstrip(b"\0").decode()


if __name__ == "__main__":
    main()
