"""Places in time, (run, lumi), as conditions and as keys of rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, bindparam, or_, select

from caloscope.records import LumiId
from caloscope.store.columns import AnyRow
from caloscope.store.schema import results

# Made once, as all statements of a record are: to make one takes longer than to run it.
_THERE: Final = select(
    *(results.c[name] for name in ("series", "run", "lumi", "id", "content", "reason"))
).where(
    results.c.series.in_(bindparam("numbers", expanding=True)),
    results.c.run == bindparam("at_run"),
    results.c.lumi.between(bindparam("first"), bindparam("last")),
)


def at_or_after(start: LumiId, run: ColumnElement[Any], lumi: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a place is at or after another."""
    return or_(run > start.run, and_(run == start.run, lumi >= start.lumi))


def results_in(
    connection: Connection, wanted: Mapping[int, Sequence[LumiId]]
) -> dict[tuple[int, LumiId], AnyRow]:
    """The results on record between the places wanted, by series and place; one query for each run.

    Of each its `id`, `content` and `reason`.
    """
    found: dict[tuple[int, LumiId], AnyRow] = {}
    for run, (first, last) in edges(place for places in wanted.values() for place in places).items():
        here = {"numbers": list(wanted), "at_run": run, "first": first, "last": last}
        for row in connection.execute(_THERE, here).all():
            found[row.series, LumiId(row.run, row.lumi)] = row
    return found


def edges(places: Iterable[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """The first and the last lumisection of each run among some places."""
    found: dict[int, tuple[int, int]] = {}
    for run, lumi in places:
        first, last = found.get(run, (lumi, lumi))
        found[run] = min(first, lumi), max(last, lumi)
    return found
