"""Opening a store: what is there is looked at, and made where it may be."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from caloscope.errors import StoreError
from caloscope.store.engines import make_engine, one_line, parsed_url, sqlite_path
from caloscope.store.schema import UPGRADED, VERSION, meta, metadata


def open_engine(url: str, *, read_only: bool) -> tuple[Engine, str]:
    """An engine on a store of this version, and how to name it to people (never with a password).

    A writer creates what is not there yet; a reader never does. Raises `StoreError`.
    """
    parsed = parsed_url(url)
    engine, name = make_engine(parsed, read_only)
    with _refused(engine, name, parsed):
        _check_or_create(engine, name, read_only)
    return engine, name


def existing_engine(url: str) -> tuple[Engine, str]:
    """An engine that may write to what is there already, of whatever version, and how to name it to people.

    Raises `StoreError` where there is nothing, or what is no store.
    """
    parsed = parsed_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(sqlite_path(parsed)).is_file():
        raise StoreError(f"{sqlite_path(parsed)}: found no such file, expected a Caloscope store")
    engine, name = make_engine(parsed, False)
    with _refused(engine, name, parsed), engine.connect() as connection, connection.begin():
        tables = inspect(connection).get_table_names()
        if "meta" not in tables or version_of(connection) is None:
            found = "another database" if tables else "an empty database"
            raise StoreError(f"{name}: found {found}, expected a Caloscope store")
    return engine, name


@contextmanager
def _refused(engine: Engine, name: str, parsed: URL) -> Iterator[None]:
    """A look at what is there: where it will not do the engine is closed and the reason told in one line."""
    try:
        yield
    except StoreError:
        engine.dispose()
        raise
    except (SQLAlchemyError, sqlite3.Error) as error:
        engine.dispose()
        raise StoreError(f"{name}: found {one_line(error, parsed)}, expected a Caloscope store") from None


def _check_or_create(engine: Engine, name: str, read_only: bool) -> None:
    """Make sure that the tables are there and of this version."""
    with engine.connect() as connection, connection.begin():
        tables = inspect(connection).get_table_names()
        version = version_of(connection) if "meta" in tables else None
    if not tables and not read_only:
        _create(engine)
    elif version is None:
        found = "another database" if tables else "an empty database"
        raise StoreError(f"{name}: found {found}, expected a Caloscope store")
    elif version != VERSION:
        found = f"{name}: found a store of schema {version}, expected schema {VERSION}"
        raise StoreError(f"{found}: {_remedy(version)}")


def _remedy(version: str) -> str:
    """What to do about a store of another version."""
    if version in UPGRADED:
        return "`caloscope store upgrade` brings it there and loses nothing"
    return "replay the data into a new store, or use the Caloscope that made it, which reads it"


def version_of(connection: Connection) -> str | None:
    """The schema's version; None where `meta` is somebody else's table."""
    try:
        return connection.scalar(select(meta.c.value).where(meta.c.key == "caloscope_schema"))
    except SQLAlchemyError:
        return None


def _create(engine: Engine) -> None:
    """Create the tables, all or none; another writer may have been faster."""
    with engine.connect().execution_options(caloscope_writes=True) as connection, connection.begin():
        metadata.create_all(connection, checkfirst=True)
        if version_of(connection) is None:
            connection.execute(insert(meta).values(key="caloscope_schema", value=VERSION))
