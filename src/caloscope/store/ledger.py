"""What reads the books of the store: bundles, files, masks, checkpoints and changes."""

import time

from sqlalchemy import func, or_, select

from caloscope.store import schema
from caloscope.store.columns import bundle_row, file_row, mask_row, storable
from caloscope.store.rows import BundleRow, ChangeRow, Checkpoint, FileRow, FileStatus, MaskRow
from caloscope.store.schema import series
from caloscope.store.transactions import Opened


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

    def masks(
        self,
        map: str | None = None,  # noqa: A002 - the field's word
        *,
        now: float | None = None,
        in_force: bool = True,
    ) -> list[MaskRow]:
        """Masks in force at the time `now` (default: this moment), or all that ever were; oldest first."""
        table, moment = schema.masks.c, time.time() if now is None else now
        query = select(schema.masks).order_by(table.id)
        if map is not None:
            query = query.where(table.map == map)
        if in_force:
            lasts = or_(table.until.is_(None), table.until > moment)
            query = query.where(table.revoked.is_(False), table.created_at <= moment, lasts)
        with self._read() as connection:
            return [mask_row(row) for row in connection.execute(query)]

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

    def last_change(self) -> int:
        """Id of the last change, 0 in an empty store."""
        with self._read() as connection:
            return connection.scalar(select(func.max(schema.changes.c.id))) or 0
