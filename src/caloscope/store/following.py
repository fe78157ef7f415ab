"""How incidents are kept as they are now, inside the transaction of a record."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, and_, bindparam, delete, insert, select

from caloscope.records import Incident, LumiId
from caloscope.store.columns import Values, incident_values
from caloscope.store.places import at_or_after
from caloscope.store.schema import incidents, series
from caloscope.store.statements import bound, update_by

_AT_ONCE = 500
"""Names in one query; SQLite takes some thousand."""

_KEY: Final = ("series", "id")

_KNOWN: Final = select(incidents).where(
    incidents.c.series.in_(bindparam("numbers", expanding=True)),
    incidents.c.id.in_(bindparam("names", expanding=True)),
)
_NEW: Final = insert(incidents)
_CHANGE: Final = update_by(incidents, _KEY)


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
        return notes + self._write(given) if given else notes

    def _write(self, given: Sequence[tuple[int, Incident]]) -> list[Values]:
        """The incidents that are new or not as they were."""
        known = self._known(given)
        new, changed, notes = list[Values](), list[Values](), list[Values]()
        for number, incident in sorted(given, key=lambda pair: pair[0]):
            values = incident_values(incident, number)
            before = known.get((number, incident.id))
            if before == values:
                continue
            (new if before is None else changed).append(values)
            notes.append(_note(incident.label, incident.closed or incident.last, incident.map))
        if new:
            self._connection.execute(_NEW, new)
        if changed:
            self._connection.execute(_CHANGE, [bound(values, _KEY) for values in changed])
        return notes

    def _known(self, given: Sequence[tuple[int, Incident]]) -> dict[tuple[int, str], Values]:
        """The incidents of those names as they are in the table, by series and name."""
        numbers, names = sorted({number for number, _ in given}), sorted({each.id for _, each in given})
        found: dict[tuple[int, str], Values] = {}
        for first in range(0, len(names), _AT_ONCE):
            some = {"numbers": numbers, "names": names[first : first + _AT_ONCE]}
            rows = self._connection.execute(_KNOWN, some).mappings().all()
            found |= {(row["series"], row["id"]): dict(row) for row in rows}
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
