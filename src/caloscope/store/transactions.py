"""One transaction at a time on an opened store."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, exc

from caloscope.errors import StoreError
from caloscope.store.engines import one_line
from caloscope.store.opening import open_engine

TROUBLE = (exc.DBAPIError, exc.TimeoutError)
"""What a database does to us; anything else is a mistake of ours and keeps its traceback."""


class Opened:
    """An opened store; what its two halves, `Reading` and `Writing`, stand on."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self._read_only = read_only
        self._engine, self._name = open_engine(url, read_only=read_only)

    @property
    def location(self) -> Path | None:
        """The file that it is in, None where it is on a server."""
        return Path(self._name) if self._engine.dialect.name == "sqlite" else None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def fold(self) -> None:
        """Fold SQLite's log into the file, as far as no reader is in the way: what else a commit does.

        For quiet moments; other databases see to it themselves. Raises `StoreError`.
        """
        if self._read_only or self._engine.dialect.name != "sqlite":
            return
        try:
            with closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except (*TROUBLE, sqlite3.Error) as error:
            raise StoreError(f"{self._name}: could not write: {error}") from error

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """One transaction that holds the right to write from its start; committed whole or not at all."""
        if self._read_only:
            raise StoreError(f"{self._name}: found it opened for reading only, expected a store to write to")
        try:
            connecting = self._engine.connect().execution_options(caloscope_writes=True)
            with connecting as connection, connection.begin():
                yield connection
        except TROUBLE as error:
            raise StoreError(f"{self._name}: could not write: {one_line(error, self._engine.url)}") from error

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        """One transaction that sees the store at one moment, whatever is written meanwhile."""
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except TROUBLE as error:
            raise StoreError(f"{self._name}: could not read: {one_line(error, self._engine.url)}") from error
