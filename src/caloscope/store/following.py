"""How incidents are kept as they are now, inside the transaction of a record."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from caloscope.records import Incident, LumiId
from caloscope.store.columns import Values, incident_values
from caloscope.store.places import at_or_after
from caloscope.store.schema import incidents, series

_AT_ONCE = 500
"""Names in one query; SQLite takes some thousand."""


class Following:
    """The incidents of one entry; `start` is where a revision begins, None where there is none."""

    def __init__(self, connection: Connection, start: LumiId | None) -> None:
        self._connection = connection
        self._start = start

    def run(self, given: Sequence[tuple[int, Incident]], touched: Sequence[int]) -> list[Values]:
        """Insert or update incidents, each with the number of its series; forget what a revision took back.

        Answers with the rows that tell of the changes.
        """
        notes = self._forget(touched, {(number, each.id) for number, each in given})
        for number, group in groupby(sorted(given, key=lambda pair: pair[0]), key=lambda pair: pair[0]):
            notes += self._write(number, [incident for _, incident in group])
        return notes

    def _write(self, number: int, given: Sequence[Incident]) -> list[Values]:
        """The incidents of one series that are new or not as they were."""
        known = self._known(number, [incident.id for incident in given])
        new, changed, notes = list[Values](), list[Values](), list[Values]()
        for incident in given:
            values = incident_values(incident, number)
            if known.get(incident.id) == values:
                continue
            (changed if incident.id in known else new).append(values)
            notes.append(_note(incident.label, incident.closed or incident.last, incident.map))
        if new:
            self._connection.execute(insert(incidents), new)
        if changed:
            same = and_(incidents.c.series == number, incidents.c.id == bindparam("which"))
            names = [name for name in changed[0] if name not in ("series", "id")]
            one = update(incidents).where(same).values({name: bindparam(f"new_{name}") for name in names})
            rows = [
                {"which": each["id"], **{f"new_{name}": each[name] for name in names}} for each in changed
            ]
            self._connection.execute(one, rows)
        return notes

    def _known(self, number: int, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The incidents as they are in the table, by their names."""
        found: dict[str, dict[str, Any]] = {}
        for first in range(0, len(names), _AT_ONCE):
            some = incidents.c.id.in_(names[first : first + _AT_ONCE])
            rows = self._connection.execute(select(incidents).where(incidents.c.series == number, some))
            found |= {row["id"]: dict(row) for row in rows.mappings()}
        return found

    def _forget(self, touched: Sequence[int], given: set[tuple[int, str]]) -> list[Values]:
        """Forget the incidents that opened since a revision's start and are not given again."""
        if self._start is None:
            return []
        late = at_or_after(self._start, incidents.c.opened_run, incidents.c.opened_lumi)
        columns = (incidents.c.series, incidents.c.id, series.c.label, series.c.map)
        query = select(*columns).join(series).where(incidents.c.series.in_(touched), late)
        notes = []
        for row in self._connection.execute(query).all():
            if (row.series, row.id) not in given:
                same = and_(incidents.c.series == row.series, incidents.c.id == row.id)
                self._connection.execute(delete(incidents).where(same))
                notes.append(_note(row.label, self._start, row.map))
        return notes


def _note(label: str, place: LumiId, map_name: str) -> Values:
    return {"kind": "incident", "label": label, "run": place.run, "lumi": place.lumi, "map": map_name}
