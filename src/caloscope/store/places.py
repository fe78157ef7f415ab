"""Places in time, (run, lumi), as conditions and as keys of rows."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, or_, select

from caloscope.records import LumiId
from caloscope.store.columns import AnyRow
from caloscope.store.schema import results


def at_or_after(start: LumiId, run: ColumnElement[Any], lumi: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a place is at or after another."""
    return or_(run > start.run, and_(run == start.run, lumi >= start.lumi))


def places_in(
    connection: Connection, columns: Iterable[Column[Any]], series: int, wanted: Iterable[LumiId]
) -> dict[LumiId, AnyRow]:
    """The results of a series that are on record between the places wanted, run by run."""
    edges: dict[int, tuple[int, int]] = {}
    for run, lumi in wanted:
        first, last = edges.get(run, (lumi, lumi))
        edges[run] = min(first, lumi), max(last, lumi)
    found: dict[LumiId, AnyRow] = {}
    for run, (first, last) in edges.items():
        here = and_(results.c.series == series, results.c.run == run, results.c.lumi.between(first, last))
        for row in connection.execute(select(*columns).where(here)):
            found[LumiId(row.run, row.lumi)] = row
    return found
