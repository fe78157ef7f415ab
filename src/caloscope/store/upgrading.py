"""From one schema to the next, in place and only when asked: nothing that a store knows is lost."""

from collections.abc import Callable
from typing import Final, TypeAlias

from sqlalchemy import Connection, Table, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateColumn

from caloscope.errors import StoreError
from caloscope.store.engines import one_line
from caloscope.store.opening import existing_engine, version_of
from caloscope.store.schema import UPGRADED, VERSION, files, lumis, meta, results, runs

Step: TypeAlias = Callable[[Connection], None]


def upgrade(url: str) -> tuple[str, str]:
    """Bring a store to this version's schema; answers with the schema that it had and the one it has.

    One transaction: after an error, or a kill, the store is as it was. Raises `StoreError` where there is no
    store, or one that cannot be brought here.
    """
    engine, name = existing_engine(url)
    try:
        writing = engine.connect().execution_options(caloscope_writes=True)
        with writing as connection, connection.begin():
            found = version_of(connection)
            if found is None:
                raise StoreError(f"{name}: found no Caloscope store, expected one")
            for step in _steps(found, name):
                step(connection)
            same = meta.c.key == "caloscope_schema"
            connection.execute(update(meta).where(same).values(value=VERSION))
    except SQLAlchemyError as error:
        raise StoreError(f"{name}: could not be upgraded: {one_line(error, engine.url)}") from error
    finally:
        engine.dispose()
    return found, VERSION


def _steps(found: str, name: str) -> list[Step]:
    """What leads from a schema to this one, in order."""
    steps = list[Step]()
    while found != VERSION:
        if found not in _STEPS:
            raise StoreError(
                f"{name}: found a store of schema {found}, expected one of {', '.join((*UPGRADED, VERSION))}"
            )
        found, step = _STEPS[found]
        steps.append(step)
    return steps


def _from_4(connection: Connection) -> None:
    """Stages, sources and versions; attempts at files; what retention decided; conditions and runs."""
    for table, names in (
        (results, ("source", "stages", "version", "settled")),
        (files, ("attempts", "next_try", "stages", "version")),
    ):
        _add_columns(connection, table, names)
    for name, table in (
        ("results_unsettled", results),
        ("results_kept", results),
        ("files_by_status", files),
    ):
        (index,) = (each for each in table.indexes if each.name == name)
        index.create(connection)
    for table in (lumis, runs):
        table.create(connection)


def _add_columns(connection: Connection, table: Table, names: tuple[str, ...]) -> None:
    """Add columns as the table describes them: each is NULL, or has a default, in the rows that are there."""
    for name in names:
        text = CreateColumn(table.c[name]).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {text}")


_STEPS: Final[dict[str, tuple[str, Step]]] = {"4": ("5", _from_4)}
"""By schema: the one that a step leads to, and the step."""
