"""The conditions of lumisections: one row for each of a label, as they are known now."""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select

from caloscope.store.book_columns import lumi_row, lumi_values
from caloscope.store.columns import Values
from caloscope.store.places import edges
from caloscope.store.rows import LumiRow
from caloscope.store.schema import lumis
from caloscope.store.statements import bound, update_by
from caloscope.store.transactions import Opened

_KEY = ("label", "run", "lumi")

_KNOWN: Final = select(lumis).where(
    lumis.c.label == bindparam("of"),
    lumis.c.run == bindparam("at_run"),
    lumis.c.lumi.between(bindparam("first"), bindparam("last")),
)
_NEW: Final = insert(lumis)
_CHANGE: Final = update_by(lumis, _KEY)


class Lumis(Opened):
    """What reads conditions. Every method raises `StoreError` when the store cannot be read."""

    def lumis(
        self, label: str, run: int, *, first: int | None = None, last: int | None = None
    ) -> list[LumiRow]:
        """Conditions in a run, ascending; `first` and `last` are included."""
        query = select(lumis).where(lumis.c.label == label, lumis.c.run == run)
        if first is not None:
            query = query.where(lumis.c.lumi >= first)
        if last is not None:
            query = query.where(lumis.c.lumi <= last)
        with self._read() as connection:
            return [lumi_row(row) for row in connection.execute(query.order_by(lumis.c.lumi))]

    def newest_lumis(self, label: str, count: int) -> list[LumiRow]:
        """Conditions of the last `count` lumisections of a label, of whatever runs, ascending."""
        query = select(lumis).where(lumis.c.label == label)
        newest = query.order_by(lumis.c.run.desc(), lumis.c.lumi.desc()).limit(count)
        with self._read() as connection:
            return [lumi_row(row) for row in connection.execute(newest)][::-1]


def write_lumis(connection: Connection, given: Iterable[LumiRow]) -> list[Values]:
    """Insert or update conditions, the last word on each; answers with the rows that tell of the changes."""
    rows = {tuple(values[name] for name in _KEY): values for values in map(lumi_values, given)}
    known = _known(connection, list(rows))
    new = [values for key, values in rows.items() if key not in known]
    changed = [values for key, values in rows.items() if key in known and known[key] != values]
    if new:
        connection.execute(_NEW, new)
    if changed:
        connection.execute(_CHANGE, [bound(values, _KEY) for values in changed])
    return [
        {"kind": "conditions", **{name: each[name] for name in _KEY}, "map": None} for each in new + changed
    ]


def _known(
    connection: Connection, keys: Sequence[tuple[str, int, int]]
) -> dict[tuple[str, int, int], Values]:
    """The rows that are there, by label, run and lumi; one query for each run."""
    found: dict[tuple[str, int, int], Values] = {}
    for label in {key[0] for key in keys}:
        for run, (first, last) in edges(key[1:] for key in keys if key[0] == label).items():
            here = {"of": label, "at_run": run, "first": first, "last": last}
            for row in connection.execute(_KNOWN, here).mappings():
                found[label, run, row["lumi"]] = dict(row)
    return found
