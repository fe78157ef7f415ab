"""What reads the books of the store: bundles, files, masks, checkpoints and changes."""

import time
from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, func, or_, select

from caloscope.store import schema
from caloscope.store.book_columns import bundle_row, file_row, mask_row, run_row
from caloscope.store.columns import storable
from caloscope.store.rows import BundleRow, ChangeRow, Checkpoint, FileRow, FileStatus, MaskRow, RunRow
from caloscope.store.schema import series
from caloscope.store.transactions import Opened

_AT_ONCE = 500
"""Paths in one query; SQLite takes some thousand."""

# Asked for each lumisection, so made once.
_FILES: Final = select(schema.files).where(schema.files.c.path.in_(bindparam("paths", expanding=True)))
_MASKS: Final = select(schema.masks).order_by(schema.masks.c.id)
_IN_FORCE: Final = _MASKS.where(
    schema.masks.c.revoked.is_(False),
    schema.masks.c.created_at <= bindparam("moment"),
    or_(schema.masks.c.until.is_(None), schema.masks.c.until > bindparam("moment")),
)


class Ledger(Opened):
    """What a store knows beside verdicts. Every method raises `StoreError` when it cannot be read."""

    def bundles(self) -> list[BundleRow]:
        """All bundles that were registered, by map and name."""
        query = select(schema.bundles).order_by(schema.bundles.c.map, schema.bundles.c.name)
        with self._read() as connection:
            return [bundle_row(row) for row in connection.execute(query)]

    def files(self, status: FileStatus | None = None) -> list[FileRow]:
        """The ledger of source files, in the order in which they were noted."""
        query = select(schema.files).order_by(schema.files.c.noted_at, schema.files.c.path)
        if status is not None:
            query = query.where(schema.files.c.status == status)
        with self._read() as connection:
            return [file_row(row) for row in connection.execute(query)]

    def file(self, path: str, size: int, mtime_ns: int) -> FileRow | None:
        """What became of one source file, None where it was never seen."""
        table = schema.files.c
        query = select(schema.files).where(
            table.path == storable(path), table.size == size, table.mtime_ns == mtime_ns
        )
        with self._read() as connection:
            row = connection.execute(query).one_or_none()
            return None if row is None else file_row(row)

    def files_known(self, paths: Sequence[str]) -> dict[tuple[str, int, int], FileRow]:
        """What became of the files at some paths, by path (as it was asked for), size and modification time.

        A path has a row for each size and time at which it was met; one that was never seen has none.
        """
        asked = {storable(path): path for path in paths}
        names, found = list(asked), dict[tuple[str, int, int], FileRow]()
        with self._read() as connection:
            for start in range(0, len(names), _AT_ONCE):
                some = {"paths": names[start : start + _AT_ONCE]}
                for row in map(file_row, connection.execute(_FILES, some)):
                    found[asked[row.path], row.size, row.mtime_ns] = row
        return found

    def started_files(self) -> list[FileRow]:
        """Files that are being read, or were when their monitor died, in the order of their noting."""
        return self.files("STARTED")

    def waiting_files(self) -> list[FileRow]:
        """Files that are tried again (see `next_try`), in the order of their noting."""
        return self.files("WAITING")

    def count_files(self) -> dict[FileStatus, int]:
        """How many files have each status; those that no file has are left out."""
        query = select(schema.files.c.status, func.count()).group_by(schema.files.c.status)
        with self._read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def runs_known(self, label: str) -> list[RunRow]:
        """Runs of a label that were met, ascending, with their ends where these are known."""
        query = select(schema.runs).where(schema.runs.c.label == label).order_by(schema.runs.c.run)
        with self._read() as connection:
            return [run_row(row) for row in connection.execute(query)]

    def masks(
        self,
        map: str | None = None,  # noqa: A002 - the field's word
        *,
        now: float | None = None,
        in_force: bool = True,
    ) -> list[MaskRow]:
        """Masks in force at the time `now` (default: this moment), or all that ever were; oldest first."""
        query, moment = _IN_FORCE if in_force else _MASKS, time.time() if now is None else now
        if map is not None:
            query = query.where(schema.masks.c.map == map)
        with self._read() as connection:
            found = connection.execute(query, {"moment": moment} if in_force else {})
            return [mask_row(row) for row in found]

    def checkpoints(self, label: str, map: str, bundle: str) -> list[Checkpoint]:  # noqa: A002 - the field's word
        """The last checkpoints of one map, ascending in time."""
        table = schema.checkpoints
        query = select(table.c.run, table.c.lumi, table.c.blob).join(series)
        query = query.where(series.c.label == label, series.c.map == map, series.c.bundle == bundle)
        with self._read() as connection:
            found = connection.execute(query.order_by(table.c.run, table.c.lumi))
            return [Checkpoint(label, map, bundle, row.run, row.lumi, row.blob) for row in found]

    def changes_since(self, id: int, *, limit: int = 10_000) -> list[ChangeRow]:  # noqa: A002 - the field's word
        """Changes after the one with this id, ascending, at most `limit`."""
        table = schema.changes
        query = select(table).where(table.c.id > id).order_by(table.c.id).limit(limit)
        with self._read() as connection:
            return [ChangeRow(**row._mapping) for row in connection.execute(query)]

    def all_changes_since(
        self,
        id: int,  # noqa: A002 - the field's word
        *,
        limit: int = 10_000,
    ) -> list[ChangeRow] | None:
        """The same; None where some of those after it are no longer kept."""
        changes = self.changes_since(id, limit=limit)
        whole = not changes or changes[0].id == id + 1 or self.oldest_change() <= id + 1
        return changes if whole else None

    def last_change(self) -> int:
        """Id of the last change, 0 in an empty store."""
        with self._read() as connection:
            return connection.scalar(select(func.max(schema.changes.c.id))) or 0

    def oldest_change(self) -> int:
        """Id of the oldest change that is still there, 0 in an empty store: those before it were trimmed."""
        with self._read() as connection:
            return connection.scalar(select(func.min(schema.changes.c.id))) or 0
