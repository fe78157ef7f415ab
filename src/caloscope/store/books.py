"""What keeps the books of the store: source files and runs."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, insert, select, update

from caloscope.store.book_columns import file_values
from caloscope.store.columns import Values
from caloscope.store.rows import FileRow
from caloscope.store.schema import changes, files, runs
from caloscope.store.statements import bound, update_by
from caloscope.store.transactions import Opened

_KEY = ("path", "size", "mtime_ns")

_AT_ONCE = 500
"""Paths in one query; SQLite takes some thousand."""


_FILES: Final = select(files).where(files.c.path.in_(bindparam("paths", expanding=True)))
_NEW: Final = insert(files)
_CHANGE: Final = update_by(files, _KEY)
_TELL: Final = insert(changes)

_TOLD = frozenset({"PARTIAL", "WAITING", "QUARANTINED"})
"""States of a file that people look at: changes from and to them are told."""

_TIMING = ("seconds", "stages", "version", "noted_at")
"""What may differ when a file is taken a second time, though nothing about it is new."""


class Books(Opened):
    """The part of a writer that notes files and runs; a method that raises (`StoreError`) wrote nothing."""

    def note_file(self, file: FileRow) -> None:
        """Record what became of a source file; the same file again replaces what was known of it."""
        self.note_files([file])

    def note_files(self, found: Iterable[FileRow]) -> None:
        """Record what became of source files, all of them or nothing."""
        with self._write() as connection:
            _note_files(connection, found)

    def note_run(self, label: str, run: int, *, at: float, ended_by: str = "") -> None:
        """Note that a run was met at a time (seconds since 1970, UTC); where `ended_by` says so it is over.

        The first time stays the first and the first end the end, whatever the clock does; the last time is
        that of the last call.
        """
        same = and_(runs.c.label == label, runs.c.run == run)
        end = {"ended_at": at if ended_by else None, "ended_by": ended_by}
        with self._write() as connection:
            known = connection.execute(select(runs).where(same)).one_or_none()
            if known is None:
                values = {"label": label, "run": run, "first_seen": at, "last_seen": at, **end}
                connection.execute(insert(runs).values(values))
            else:
                ends = ended_by and known.ended_at is None
                values = {"last_seen": at, **(end if ends else {})}
                connection.execute(update(runs).where(same).values(values))
            if ended_by and (known is None or known.ended_at is None):
                connection.execute(insert(changes).values(kind="run", label=label, run=run))


def _note_files(connection: Connection, given: Iterable[FileRow]) -> None:
    """Insert or update files, the last word on each."""
    now = time.time()
    rows = {_key(values): {**values, "noted_at": now} for values in map(file_values, given)}
    known = _known(connection, sorted({values["path"] for values in rows.values()}))
    new = [values for key, values in rows.items() if key not in known]
    changed = [values for key, values in rows.items() if key in known and _differs(known[key], values)]
    if new:
        connection.execute(_NEW, new)
    if changed:
        connection.execute(_CHANGE, [bound(values, _KEY) for values in changed])
    before = [known[_key(values)]["status"] for values in changed]
    statuses = [(None, values["status"]) for values in new]
    statuses += [(old, values["status"]) for old, values in zip(before, changed, strict=True)]
    told = [{"kind": "file"} for pair in statuses if not _TOLD.isdisjoint(pair)]
    if told:
        connection.execute(_TELL, told)


def _known(connection: Connection, paths: Sequence[str]) -> dict[tuple[Any, ...], Values]:
    """The rows of some paths, by what identifies a file."""
    found: dict[tuple[Any, ...], Values] = {}
    for start in range(0, len(paths), _AT_ONCE):
        some = {"paths": paths[start : start + _AT_ONCE]}
        found |= {_key(row): dict(row) for row in connection.execute(_FILES, some).mappings()}
    return found


def _key(values: Mapping[Any, Any]) -> tuple[Any, ...]:
    return tuple(values[name] for name in _KEY)


def _differs(known: Values, values: Values) -> bool:
    return any(known[name] != values[name] for name in values if name not in _TIMING)
