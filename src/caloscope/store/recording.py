"""What one call of `record` does, inside its transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, tuple_, update

from caloscope.errors import StoreError
from caloscope.records import Incident, LumiId, MapResult, Quality, Reason
from caloscope.store.arrays import pack, unpack
from caloscope.store.columns import Values, incident_values, insert_row, result_values
from caloscope.store.intervals import Flagged, cut, extend, flagged, flagged_in
from caloscope.store.rows import Checkpoint
from caloscope.store.schema import arrays, bundles, changes, checkpoints, results, series
from caloscope.store.schema import incidents as incident_table

KEPT_CHECKPOINTS = 20


class Recording:
    """One call of `record`: the connection, the time, and the series that it has met."""

    def __init__(self, connection: Connection, now: float, revised_from: LumiId | None) -> None:
        self._connection = connection
        self._now = now
        self._start = revised_from
        self._series: dict[tuple[str, str, str], int] = {}
        self._changes: list[Values] = []

    def run(
        self, found: Sequence[MapResult], incidents: Sequence[Incident], states: Sequence[Checkpoint]
    ) -> None:
        """Write everything; the caller commits."""
        by_series: dict[int, list[MapResult]] = {}
        for result in found:
            by_series.setdefault(self._id(result.key.label, result.key.map, result.key.bundle), []).append(
                result
            )
        for state in states:
            by_series.setdefault(self._id(state.label, state.map, state.bundle), [])
        for number, given in by_series.items():
            self._record_series(number, sorted(given, key=_place))
        self._record_incidents(incidents, tuple(by_series))
        for number in by_series:
            self._forget_checkpoints(number)
        for state in states:
            self._record_checkpoint(state)
        if self._changes:
            self._connection.execute(insert(changes), self._changes)

    def _id(self, label: str, map_name: str, bundle: str) -> int:
        """The number of a series, new where it is met for the first time."""
        key = (label, map_name, bundle)
        if key not in self._series:
            same = and_(series.c.label == label, series.c.map == map_name, series.c.bundle == bundle)
            known = self._connection.scalar(select(series.c.id).where(same))
            self._series[key] = self._new_series(*key) if known is None else known
        return self._series[key]

    def _new_series(self, label: str, map_name: str, bundle: str) -> int:
        if self._connection.scalar(select(bundles.c.hash).where(bundles.c.hash == bundle)) is None:
            raise StoreError(f"{map_name}: found a result of bundle {bundle!r}, expected a registered bundle")
        return insert_row(self._connection, series, {"label": label, "map": map_name, "bundle": bundle})

    def _record_series(self, number: int, given: list[MapResult]) -> None:
        """Results of one map, in order, and their flags."""
        accepted = [result for result in given if self._accepts(number, result)]
        found = [flagged(result) for result in accepted]
        if self._start is not None:
            cut(self._connection, number, self._start)
            found = sorted([*found, *self._kept_flags(number, accepted)], key=lambda each: each.id)
        for result in accepted:
            self._write_result(number, result)
        for each in found:
            extend(self._connection, number, each)

    def _accepts(self, number: int, result: MapResult) -> bool:
        """Whether a result is to be written; one that it replaces is deleted."""
        place = and_(
            results.c.series == number, results.c.run == result.key.run, results.c.lumi == result.key.lumi
        )
        known = self._connection.execute(
            select(results.c.id, results.c.content, results.c.reason).where(place)
        ).one_or_none()
        if known is None:
            return True
        if not self._revises(result):
            if known.content == result.content:
                return False
            if known.reason != Reason.MAP_MISSING:
                key = result.key
                raise StoreError(
                    f"{key.label} run {key.run} LS {key.lumi} {key.map}: found content {result.content!r}, "
                    f"expected the recorded {known.content!r}"
                )
        self._connection.execute(delete(arrays).where(arrays.c.result == known.id))
        self._connection.execute(delete(results).where(results.c.id == known.id))
        return True

    def _revises(self, result: MapResult) -> bool:
        return self._start is not None and _place(result) >= self._start

    def _write_result(self, number: int, result: MapResult) -> None:
        identity = insert_row(self._connection, results, result_values(result, number, self._now))
        self._connection.execute(insert(arrays).values(result=identity, blob=pack(result)))
        key = result.key
        self._note("result", key.label, _place(result), key.map)

    def _kept_flags(self, number: int, replaced: Iterable[MapResult]) -> list[Flagged]:
        """Flags of the scored results after the revision's start that it did not bring again."""
        given = {_place(result) for result in replaced}
        query = (
            select(results, arrays.c.blob)
            .join(arrays)
            .where(results.c.series == number, results.c.quality != str(Quality.UNKNOWN))
            .where(self._from_start(results.c.run, results.c.lumi))
        )
        return [
            flagged_in(place, Quality(row.quality), found["codes"], Reason(row.flag_reason), found)
            for row in self._connection.execute(query)
            if (place := LumiId(row.run, row.lumi)) not in given and (found := unpack(row.blob))
        ]

    def _record_incidents(self, incidents: Sequence[Incident], revised: tuple[int, ...]) -> None:
        """Insert or update incidents, and forget those that a revision took back."""
        given = [(self._id(each.label, each.map, each.bundle), each) for each in incidents]
        if self._start is not None:
            self._forget_incidents(revised, {(number, each.id) for number, each in given})
        for number, incident in given:
            values = incident_values(incident, number)
            place = and_(incident_table.c.series == number, incident_table.c.id == incident.id)
            known = self._connection.execute(select(incident_table).where(place)).mappings().one_or_none()
            if known is None:
                self._connection.execute(insert(incident_table).values(values))
            elif dict(known) != values:
                self._connection.execute(update(incident_table).where(place).values(values))
            else:
                continue
            self._note("incident", incident.label, incident.closed or incident.last, incident.map)

    def _forget_incidents(self, revised: tuple[int, ...], given: set[tuple[int, str]]) -> None:
        table = incident_table
        late = self._from_start(table.c.opened_run, table.c.opened_lumi)
        query = select(table.c.series, table.c.id, series.c.label, series.c.map).join(series)
        for row in self._connection.execute(query.where(table.c.series.in_(revised), late)).all():
            if (row.series, row.id) not in given:
                self._connection.execute(
                    delete(table).where(table.c.series == row.series, table.c.id == row.id)
                )
                self._note("incident", row.label, self._start, row.map)

    def _forget_checkpoints(self, number: int) -> None:
        """Drop the checkpoints that a revision made untrue."""
        if self._start is not None:
            stale = self._from_start(checkpoints.c.run, checkpoints.c.lumi)
            self._connection.execute(delete(checkpoints).where(checkpoints.c.series == number, stale))

    def _record_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint, and the last ones of its series."""
        number = self._id(checkpoint.label, checkpoint.map, checkpoint.bundle)
        table, place = checkpoints, (int(checkpoint.run), int(checkpoint.lumi))
        same = and_(table.c.run == place[0], table.c.lumi == place[1])
        self._connection.execute(delete(table).where(table.c.series == number, same))
        values = {"series": number, "run": place[0], "lumi": place[1], "blob": checkpoint.blob}
        self._connection.execute(insert(table).values(values))
        newest = select(table.c.run, table.c.lumi).where(table.c.series == number)
        newest = newest.order_by(table.c.run.desc(), table.c.lumi.desc()).offset(KEPT_CHECKPOINTS).limit(1)
        oldest = self._connection.execute(newest).one_or_none()
        if oldest is not None:
            old = tuple_(table.c.run, table.c.lumi) <= tuple_(oldest.run, oldest.lumi)
            self._connection.execute(delete(table).where(table.c.series == number, old))

    def _from_start(self, run: ColumnElement[Any], lumi: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether a place is at or after the revision's start."""
        first = self._start or LumiId(0, 0)
        return or_(run > first.run, and_(run == first.run, lumi >= first.lumi))

    def _note(self, kind: str, label: str, place: LumiId | None, map_name: str) -> None:
        run, lumi = place or (None, None)
        self._changes.append({"kind": kind, "label": label, "run": run, "lumi": lumi, "map": map_name})


def _place(result: MapResult) -> LumiId:
    return LumiId(int(result.key.run), int(result.key.lumi))
