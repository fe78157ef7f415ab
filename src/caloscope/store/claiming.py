"""Who alone monitors into a store on a PostgreSQL server: a lock of the session, which ends with it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

from sqlalchemy import text

from caloscope.errors import StoreError
from caloscope.store.engines import one_line
from caloscope.store.transactions import TROUBLE, Opened

# Two numbers name the lock: whose it is, and the schema in which the store's tables are.
_CLAIM: Final = text("SELECT pg_try_advisory_lock(hashtext('caloscope monitor'), hashtext(current_schema()))")
_HELD: Final = text(
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted"
    " AND classid = hashtext('caloscope monitor')::oid AND objid = hashtext(current_schema())::oid"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


class Claiming(Opened):
    """The right to be the one monitor of a store; only a PostgreSQL server gives it out."""

    @property
    def can_be_claimed(self) -> bool:
        """Whether it is on such a server."""
        return self._engine.dialect.name == "postgresql"

    @contextmanager
    def claimed(self) -> Iterator[bool]:
        """Hold the right, which ends with the process or the connection; no where another one has it.

        Raises `StoreError` where the server cannot be asked.
        """
        try:
            # No transaction stays open, which would keep the server from clearing up.
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()
        except TROUBLE as error:
            raise self._unreadable(error) from error
        with closing(connection):
            try:
                is_ours = bool(connection.scalar(_CLAIM))
            except TROUBLE as error:
                raise self._unreadable(error) from error
            yield is_ours

    def is_claimed(self) -> bool:
        """Whether somebody has it now; nothing is changed. Raises `StoreError`."""
        with self._read() as connection:
            return bool(connection.scalar(_HELD))

    def _unreadable(self, error: Exception) -> StoreError:
        return StoreError(f"{self._name}: could not read: {one_line(error, self._engine.url)}")
