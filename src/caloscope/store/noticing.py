"""Notices within milliseconds, and for next to nothing, that somebody wrote into a store."""

import sqlite3
import time
from threading import Lock
from typing import TypeAlias

from sqlalchemy import func, select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool, PoolProxiedConnection

from caloscope.errors import StoreError
from caloscope.store import schema
from caloscope.store.engines import file_of
from caloscope.store.transactions import TROUBLE, Opened

QUICK_SECONDS = 0.01
"""Between two looks at SQLite's counter of commits, which cost microseconds."""
SLOW_SECONDS = 0.1
"""Between two looks where each is a query."""
LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

Identity: TypeAlias = tuple[int, int] | None


def identity(url: str) -> Identity:
    """Device and inode of an SQLite store's file; None where there is no file.

    It changes when another file takes the place of the one that was opened, which keeps showing the old one.
    """
    try:
        file = file_of(url)
        found = None if file is None else file.stat()
    except (StoreError, SQLAlchemyError, ValueError, OSError):
        return None
    return None if found is None else (found.st_dev, found.st_ino)


class Notice(Opened):
    """Whether anything was committed to a store since the last look; for one thread.

    On SQLite a kept connection is asked for `data_version`, a counter in memory that goes up with every
    commit of others. A database server, and a folder in which SQLite may not keep such memory, is asked for
    the newest change instead. Raises `StoreError` as a `Store` does.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url, read_only=True)
        self._closed = False
        self._seen: int | None = None
        self._nudged = True
        self._lock = Lock()
        self._kept: PoolProxiedConnection | None = None
        self._asked: DBAPICursor | None = None
        sqlite = self._engine.dialect.name == "sqlite"
        self.quick = sqlite and not isinstance(self._engine.pool, NullPool)
        self.file = identity(url)

    def changed(self) -> bool:
        """Whether something was committed since the last look; the first look always says so.

        Never waits for a writer. A no may be late by one look, a yes may be for nothing.
        """
        nudged, self._nudged = self._nudged, False
        seen = self._version() if self.quick else self._newest()
        changed, self._seen = nudged or seen != self._seen, seen
        return changed

    def wait(self, seconds: float) -> bool:
        """Wait until something was committed, at most so long; whether it was. `close` ends it."""
        pause, end = QUICK_SECONDS if self.quick else SLOW_SECONDS, time.monotonic() + seconds
        while not self._closed:
            if self.changed():
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(pause)
        return False

    def nudge(self) -> None:
        """Make the next look say that something changed; from any thread."""
        self._nudged = True

    def close(self) -> None:
        """Close the connections; a thread that waits comes back at its next look."""
        self._closed = True
        with self._lock:
            if self._kept is not None:
                self._kept.close()
            super().close()

    def _version(self) -> int | None:
        """SQLite's counter of commits; the last one seen while the file is locked as a whole."""
        try:
            with self._lock:
                if self._closed:
                    return self._seen
                if self._asked is None:
                    self._kept = self._engine.raw_connection()
                    self._asked = self._kept.cursor()
                    self._asked.execute("PRAGMA busy_timeout = 0")
                self._asked.execute("PRAGMA data_version")
                # All rows are taken: a statement left open would keep the log of writes from being folded in.
                ((version,),) = self._asked.fetchall()
        except (*TROUBLE, sqlite3.Error) as error:
            if getattr(error, "sqlite_errorcode", None) in LOCKED:
                return self._seen
            raise StoreError(f"{self._name}: could not read: {error}") from error
        return int(version)

    def _newest(self) -> int:
        """Id of the newest change, 0 in an empty store."""
        with self._read() as connection:
            return connection.scalar(select(func.max(schema.changes.c.id))) or 0
