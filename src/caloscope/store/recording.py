"""What one call of `record` does, inside its transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from sqlalchemy import Connection, LargeBinary, and_, bindparam, delete, insert, select

from caloscope.errors import StoreError
from caloscope.records import LumiId, Quality, Reason
from caloscope.store.arrays import unpack
from caloscope.store.columns import Values, insert_row
from caloscope.store.entries import Entry, Packed
from caloscope.store.flagging import Flagged, flagged_in
from caloscope.store.following import Following
from caloscope.store.intervals import cut, flagged_at, write_flags
from caloscope.store.lumis import write_lumis
from caloscope.store.places import at_or_after, results_in
from caloscope.store.rows import Checkpoint, LumiRow
from caloscope.store.schema import arrays, bundles, changes, results, series
from caloscope.store.states import drop_stale, write_checkpoints

Numbers: TypeAlias = dict[tuple[str, str, str], int]
"""The number of a series by its label, map and bundle."""

_NEW: Final = insert(results)
_DROP: Final = delete(results).where(results.c.id == bindparam("which"))
_DROP_ARRAYS: Final = delete(arrays).where(arrays.c.result == bindparam("which"))
_TELL: Final = insert(changes)

# The number that a result was given is looked up where its arrays are written: nobody has to ask for it.
_NUMBERED: Final = select(results.c.id, bindparam("content", type_=LargeBinary)).where(
    results.c.series == bindparam("of"),
    results.c.run == bindparam("at_run"),
    results.c.lumi == bindparam("at_lumi"),
)
_NEW_ARRAYS: Final = insert(arrays).from_select(["result", "blob"], _NUMBERED)


class Recording:
    """Entries that are written in one transaction.

    `numbers` are the series that are known already; those that are met are added to a copy of them.
    """

    def __init__(self, connection: Connection, now: float, numbers: Numbers) -> None:
        self._connection = connection
        self._now = now
        self.numbers = dict(numbers)
        self._changes: list[Values] = []
        self._lumis: list[LumiRow] = []

    def run(self, entry: Entry) -> None:
        """Write an entry."""
        given: dict[int, list[Packed]] = {}
        for result in entry.packed():
            given.setdefault(self._id(result.key.label, result.key.map, result.key.bundle), []).append(result)
        states: dict[int, list[Checkpoint]] = {}
        for state in entry.checkpoints:
            states.setdefault(self._id(state.label, state.map, state.bundle), []).append(state)
        self._lumis += entry.lumis
        touched = tuple({**given, **states})
        start = entry.revised_from
        accepted = self._accepted(given, start)
        write_flags(self._connection, self._flagged(accepted, start, given))
        self._write_results(accepted)
        incidents = [(self._id(each.label, each.map, each.bundle), each) for each in entry.incidents]
        self._changes += Following(self._connection, start).run(incidents, touched)
        if start is not None:
            drop_stale(self._connection, touched, start)
        write_checkpoints(self._connection, states)

    def finish(self) -> None:
        """Write the conditions, and note what changed; the caller commits."""
        self._changes += write_lumis(self._connection, self._lumis)
        if self._changes:
            self._connection.execute(_TELL, self._changes)

    def _id(self, label: str, map_name: str, bundle: str) -> int:
        """The number of a series, new where it is met for the first time."""
        key = (label, map_name, bundle)
        if key not in self.numbers:
            same = and_(series.c.label == label, series.c.map == map_name, series.c.bundle == bundle)
            known = self._connection.scalar(select(series.c.id).where(same))
            self.numbers[key] = self._new_series(*key) if known is None else known
        return self.numbers[key]

    def _new_series(self, label: str, map_name: str, bundle: str) -> int:
        if self._connection.scalar(select(bundles.c.hash).where(bundles.c.hash == bundle)) is None:
            raise StoreError(f"{map_name}: found a result of bundle {bundle!r}, expected a registered bundle")
        return insert_row(self._connection, series, {"label": label, "map": map_name, "bundle": bundle})

    def _accepted(self, given: Mapping[int, list[Packed]], start: LumiId | None) -> dict[int, list[Packed]]:
        """The results that are to be written, in order; those that they replace are deleted."""
        wanted = {number: [result.id for result in found] for number, found in given.items()}
        there = results_in(self._connection, wanted)
        accepted, replaced = {number: list[Packed]() for number in given}, []
        for number, found in given.items():
            for result in sorted(found, key=lambda each: each.id):
                known = there.get((number, result.id))
                if known is not None:
                    revised = start is not None and result.id >= start
                    if not revised and known.content == result.content:
                        continue
                    if not revised and known.reason != Reason.MAP_MISSING:
                        raise _conflict(result, known.content)
                    replaced.append({"which": known.id})
                accepted[number].append(result)
        if replaced:
            for statement in (_DROP_ARRAYS, _DROP):
                self._connection.execute(statement, replaced)
        return accepted

    def _flagged(
        self,
        accepted: Mapping[int, Sequence[Packed]],
        start: LumiId | None,
        given: Mapping[int, Sequence[Packed]],
    ) -> dict[int, list[Flagged]]:
        """What is flagged, by series; a revision forgets what was, and brings again what it must keep."""
        found = {number: [result.flagged for result in new] for number, new in accepted.items()}
        if start is not None:
            for number, new in accepted.items():
                found[number] += self._kept_flags(number, new, start, given[number][0].flagged.shape)
                found[number].sort(key=lambda each: each.id)
                cut(self._connection, number, start)
        return found

    def _write_results(self, accepted: Mapping[int, Sequence[Packed]]) -> None:
        """The results of all maps with their arrays, and the rows that tell of them."""
        every = [(number, each) for number, found in accepted.items() for each in found]
        if not every:
            return
        rows = [{**each.values, "series": number, "scored_at": self._now} for number, each in every]
        self._connection.execute(_NEW, rows)
        blobs = [
            {"of": number, "at_run": each.id.run, "at_lumi": each.id.lumi, "content": each.blob}
            for number, each in every
        ]
        self._connection.execute(_NEW_ARRAYS, blobs)
        for _, each in every:
            place = {"label": each.key.label, "run": each.id.run, "lumi": each.id.lumi}
            self._changes.append({"kind": "result", **place, "map": each.key.map})

    def _kept_flags(
        self, number: int, replaced: Iterable[Packed], start: LumiId, shape: tuple[int, ...]
    ) -> list[Flagged]:
        """Flags of the scored results after the revision's start that it did not bring again."""
        given = {result.id for result in replaced}
        query = (
            select(results, arrays.c.blob)
            .outerjoin(arrays)
            .where(results.c.series == number, results.c.quality != str(Quality.UNKNOWN))
            .where(at_or_after(start, results.c.run, results.c.lumi))
        )
        kept, thinned = list[Flagged](), set[LumiId]()
        for row in self._connection.execute(query):
            place = LumiId(row.run, row.lumi)
            if place in given:
                continue
            if row.blob is None:
                thinned.add(place)
            else:
                found = unpack(row.blob)
                reason = Reason(row.flag_reason)
                kept.append(flagged_in(place, Quality(row.quality), found["codes"], reason, found))
        return kept + flagged_at(self._connection, number, thinned, shape)


def _conflict(result: Packed, known: str) -> StoreError:
    key = result.key
    return StoreError(
        f"{key.label} run {key.run} LS {key.lumi} {key.map}: found content {result.content!r}, "
        f"expected the recorded {known!r}"
    )
