"""The rows of intervals: the statements that read and change them, each made once."""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection, Executable, and_, bindparam, insert, select, update

from caloscope.records import LumiId
from caloscope.store.columns import AnyRow, Values
from caloscope.store.schema import flags

LOADED: Final = tuple(
    flags.c[name] for name in ("id", "first", "code", "direction", "x", "y", "depth", "peak", "reason")
)
"""Axes last to first: a view without depths takes one less."""

_LOAD: Final = select(flags.c.series, *LOADED).where(
    flags.c.series.in_(bindparam("numbers", expanding=True)),
    flags.c.run == bindparam("at_run"),
    flags.c.last == bindparam("at_last"),
)
EXTEND: Final = (
    update(flags)
    .where(and_(*(flags.c[name] == bindparam(f"at_{name}") for name in ("series", "run", "last"))))
    .values(last=bindparam("now_last"))
)
_ONE: Final = update(flags).where(flags.c.id == bindparam("which"))
REACH: Final = _ONE.values(last=bindparam("now_last"))
RAISE: Final = _ONE.values(peak=bindparam("value"))
NEW: Final = insert(flags)


class Writes:
    """What changes in the table, of all series together: nothing is written before all is known."""

    def __init__(self) -> None:
        self._all: dict[Executable, list[Values]] = {EXTEND: [], REACH: [], RAISE: [], NEW: []}

    def add(self, statement: Executable, rows: Iterable[Values]) -> None:
        """Some rows more."""
        self._all[statement] += rows

    def run(self, connection: Connection) -> None:
        """Write all of it."""
        for statement, rows in self._all.items():
            if rows:
                connection.execute(statement, rows)


def before(connection: Connection, places: Mapping[int, LumiId]) -> dict[int, list[AnyRow]]:
    """The rows that end right before some lumisections, by series; one query for each lumisection."""
    numbers: dict[LumiId, list[int]] = {}
    for series, place in places.items():
        numbers.setdefault(place, []).append(series)
    found: dict[int, list[AnyRow]] = {}
    for (run, lumi), some in numbers.items():
        here = {"numbers": some, "at_run": run, "at_last": lumi - 1}
        for row in connection.execute(_LOAD, here).all():
            found.setdefault(row[0], []).append(row)
    return found
