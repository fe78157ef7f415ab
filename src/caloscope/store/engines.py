"""How a connection to a database is made: the only place that knows one database from another."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from caloscope.errors import StoreError

BUSY_SECONDS = 30.0
"""How long to wait for another writer before giving up."""

LOG_PAGES = 8_000
"""Pages in SQLite's log from which on a commit folds it into the file, which costs tens of milliseconds."""

LOG_BYTES = 1 << 26
"""What SQLite's log may keep of the disk after a long reader let it grow beyond that."""


def make_engine(parsed: URL, read_only: bool) -> tuple[Engine, str]:
    """An engine on whatever is at a URL, and how to name it to people (never with a password)."""
    sqlite = parsed.get_backend_name() == "sqlite"
    name = sqlite_path(parsed) if sqlite else _shown(parsed)
    try:
        engine = _sqlite_engine(Path(name), read_only) if sqlite else _server_engine(parsed, read_only)
    except (ModuleNotFoundError, SQLAlchemyError) as error:
        raise StoreError(
            f"{name}: found no usable driver ({one_line(error, parsed)}), expected one"
        ) from None
    return engine, name


def one_line(error: Exception, url: URL | None = None) -> str:
    """What the driver said, in one line, without the statement, its values or a password."""
    if url is not None and _torn(url):
        return "a URL with an @ that is not written %40"
    text = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    line = text.splitlines()[0]
    secrets = [] if url is None else [url.password, *url.normalized_query.get("password", ())]
    for secret in filter(None, secrets):
        line = line.replace(str(secret), "***")
    return line


def _torn(url: URL) -> bool:
    """Whether a password with an `@` or a `/` was not escaped and so leaked into other parts of the URL."""
    if url.get_backend_name() == "sqlite":
        return False
    return any("@" in (part or "") for part in (url.host, url.database, url.username))


def parsed_url(url: str) -> URL:
    """The URL, or that of an SQLite file where a plain path is given."""
    if "://" not in url:
        return URL.create("sqlite", database=url)
    try:
        return make_url(url)
    except (SQLAlchemyError, ValueError):
        # What could not be parsed may hold a password anywhere: it is not repeated.
        raise StoreError("store: found a URL that cannot be parsed, expected e.g. sqlite:///FILE") from None


def _shown(url: URL) -> str:
    """A URL for people: no user, no password, no options."""
    if _torn(url):
        return f"{url.drivername}://***"
    port = f":{url.port}" if url.port else ""
    return f"{url.drivername}://{url.host or ''}{port}/{url.database or ''}"


def file_of(url: str) -> Path | None:
    """The file that a store at a URL is in, there or not; None on a server. Raises `StoreError`."""
    parsed = parsed_url(url)
    return Path(sqlite_path(parsed)) if parsed.get_backend_name() == "sqlite" else None


def sqlite_path(url: URL) -> str:
    """The file of an SQLite URL."""
    if not url.database or url.database == ":memory:":
        raise StoreError("store: found an SQLite URL without a file, expected sqlite:///FILE")
    if url.query:
        raise StoreError(f"{url.database}: found options behind the file in its URL, expected none")
    return url.database


def _sqlite_engine(path: Path, read_only: bool) -> Engine:
    """An engine on an SQLite file; many threads, one connection each at a time."""
    if read_only and not path.is_file():
        raise StoreError(f"{path}: found no such file, expected a Caloscope store")
    if not path.absolute().parent.is_dir():
        raise StoreError(
            f"{path}: found no folder {path.absolute().parent}, expected one to put the store in"
        )
    pool = NullPool if read_only and not _may_write(path.absolute().parent) else QueuePool
    engine = create_engine("sqlite://", creator=_sqlite_connector(path, read_only), poolclass=pool)
    event.listen(engine, "begin", _begin_read if read_only else _begin)
    return engine


def _sqlite_connector(path: Path, read_only: bool) -> Callable[[], sqlite3.Connection]:
    """What opens a connection: WAL, foreign keys, and no transaction that we did not begin ourselves."""
    # The mode of a URI is the one way to say "never create"; the path is quoted for it.
    address = f"file:{quote(str(path.absolute()))}?mode={'ro' if read_only else 'rwc'}"
    log = path.with_name(f"{path.name}-wal")

    def connect() -> sqlite3.Connection:
        # WAL needs files beside the store even to read. Where we may not make them and no writer has,
        # nobody writes: the file is read as it lies. Asked anew for each transaction (no pool).
        still = read_only and not _may_write(path.absolute().parent) and not log.exists()
        connection = sqlite3.connect(
            f"{address}&immutable=1" if still else address,
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if not read_only:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
                connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
                # Some builds write zeros over what is deleted, which costs more than writing it did.
                connection.execute("PRAGMA secure_delete = OFF")
            connection.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    return connect


def _may_write(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


def _begin(connection: Connection) -> None:
    """Ask for the right to write at once: a transaction that asks for it later may be refused halfway."""
    writes = connection.get_execution_options().get("caloscope_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_read(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _server_engine(url: URL, read_only: bool) -> Engine:
    """An engine on a database server."""
    options: dict[str, Any] = {"pool_pre_ping": True}
    if url.get_backend_name() == "postgresql":
        # One moment for all queries of a transaction, as SQLite gives.
        options["execution_options"] = {
            "isolation_level": "REPEATABLE READ",
            "postgresql_readonly": read_only,
        }
    return create_engine(url, **options)
