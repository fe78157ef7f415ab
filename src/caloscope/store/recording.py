"""What one call of `record` does, inside its transaction."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, tuple_

from caloscope.errors import StoreError
from caloscope.records import LumiId, Quality, Reason
from caloscope.store.arrays import unpack
from caloscope.store.columns import Values, insert_row
from caloscope.store.entries import Entry, Packed
from caloscope.store.flagging import Flagged, flagged_in
from caloscope.store.following import Following
from caloscope.store.intervals import Intervals, cut
from caloscope.store.places import at_or_after, places_in
from caloscope.store.rows import Checkpoint
from caloscope.store.schema import arrays, bundles, changes, checkpoints, results, series

KEPT_CHECKPOINTS = 20


class Recording:
    """Entries that are written in one transaction: the connection, the time, the series that it has met."""

    def __init__(self, connection: Connection, now: float) -> None:
        self._connection = connection
        self._now = now
        self._series: dict[tuple[str, str, str], int] = {}
        self._changes: list[Values] = []

    def run(self, entry: Entry) -> None:
        """Write an entry."""
        by_series: dict[int, list[Packed]] = {}
        for result in entry.packed():
            by_series.setdefault(self._id(result.key.label, result.key.map, result.key.bundle), []).append(
                result
            )
        states: dict[int, list[Checkpoint]] = {}
        for state in entry.checkpoints:
            states.setdefault(self._id(state.label, state.map, state.bundle), []).append(state)
        touched = tuple({**by_series, **states})
        start = entry.revised_from
        for number, given in by_series.items():
            self._record_series(number, sorted(given, key=lambda each: each.id), start)
        incidents = [(self._id(each.label, each.map, each.bundle), each) for each in entry.incidents]
        self._changes += Following(self._connection, start).run(incidents, touched)
        for number in touched:
            self._record_checkpoints(number, states.get(number, []), start)

    def finish(self) -> None:
        """Note what changed; the caller commits."""
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

    def _record_series(self, number: int, given: list[Packed], start: LumiId | None) -> None:
        """Results of one map, in order, and their flags."""
        accepted = self._accepted(number, given, start)
        found = [result.flagged for result in accepted]
        if start is not None:
            cut(self._connection, number, start)
            kept = self._kept_flags(number, accepted, start)
            found = sorted([*found, *kept], key=lambda each: each.id)
        self._write_results(number, accepted)
        intervals = Intervals(self._connection, number)
        for each in found:
            intervals.add(each)
        intervals.write()

    def _accepted(self, number: int, given: Sequence[Packed], start: LumiId | None) -> list[Packed]:
        """The results that are to be written; those that they replace are deleted."""
        columns = (results.c.run, results.c.lumi, results.c.id, results.c.content, results.c.reason)
        found = places_in(self._connection, columns, number, [result.id for result in given])
        accepted, replaced = [], []
        for result in given:
            known = found.get(result.id)
            if known is not None:
                revised = start is not None and result.id >= start
                if not revised and known.content == result.content:
                    continue
                if not revised and known.reason != Reason.MAP_MISSING:
                    raise _conflict(result, known.content)
                replaced.append({"which": known.id})
            accepted.append(result)
        if replaced:
            for table, column in ((arrays, arrays.c.result), (results, results.c.id)):
                self._connection.execute(delete(table).where(column == bindparam("which")), replaced)
        return accepted

    def _write_results(self, number: int, given: Sequence[Packed]) -> None:
        rows = [{**each.values, "series": number, "scored_at": self._now} for each in given]
        if len(rows) == 1:
            identities = {given[0].id: insert_row(self._connection, results, rows[0])}
        elif rows:
            self._connection.execute(insert(results), rows)
            columns = (results.c.run, results.c.lumi, results.c.id)
            found = places_in(self._connection, columns, number, [each.id for each in given])
            identities = {place: row.id for place, row in found.items()}
        if rows:
            blobs = [{"result": identities[each.id], "blob": each.blob} for each in given]
            self._connection.execute(insert(arrays), blobs)
        for each in given:
            run, lumi = each.id
            values = {
                "kind": "result",
                "label": each.key.label,
                "run": run,
                "lumi": lumi,
                "map": each.key.map,
            }
            self._changes.append(values)

    def _kept_flags(self, number: int, replaced: Iterable[Packed], start: LumiId) -> list[Flagged]:
        """Flags of the scored results after the revision's start that it did not bring again."""
        given = {result.id for result in replaced}
        query = (
            select(results, arrays.c.blob)
            .join(arrays)
            .where(results.c.series == number, results.c.quality != str(Quality.UNKNOWN))
            .where(at_or_after(start, results.c.run, results.c.lumi))
        )
        return [
            flagged_in(place, Quality(row.quality), found["codes"], Reason(row.flag_reason), found)
            for row in self._connection.execute(query)
            if (place := LumiId(row.run, row.lumi)) not in given and (found := unpack(row.blob))
        ]

    def _record_checkpoints(self, number: int, given: Sequence[Checkpoint], start: LumiId | None) -> None:
        """Drop the checkpoints that a revision made untrue, keep these, and only the last of all."""
        table = checkpoints
        own, place = table.c.series == number, tuple_(table.c.run, table.c.lumi)
        if start is not None:
            stale = at_or_after(start, table.c.run, table.c.lumi)
            self._connection.execute(delete(table).where(own, stale))
        rows = {(int(each.run), int(each.lumi)): each.blob for each in given}
        if not rows:
            return
        self._connection.execute(delete(table).where(own, place.in_(list(rows))))
        values = [{"series": number, "run": at[0], "lumi": at[1], "blob": blob} for at, blob in rows.items()]
        self._connection.execute(insert(table), values)
        newest = (
            select(table.c.run, table.c.lumi).where(own).order_by(table.c.run.desc(), table.c.lumi.desc())
        )
        oldest = self._connection.execute(newest.offset(KEPT_CHECKPOINTS).limit(1)).one_or_none()
        if oldest is not None:
            old = place <= tuple_(oldest.run, oldest.lumi)
            self._connection.execute(delete(table).where(own, old))


def _conflict(result: Packed, known: str) -> StoreError:
    key = result.key
    return StoreError(
        f"{key.label} run {key.run} LS {key.lumi} {key.map}: found content {result.content!r}, "
        f"expected the recorded {known!r}"
    )
