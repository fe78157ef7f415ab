"""Flags as intervals: a cell that stays flagged costs one row, however long it stays so."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, delete, or_, select, update

from caloscope.records import LumiId
from caloscope.store.columns import AnyRow, number
from caloscope.store.flagging import Flagged, Keys, Peaks, columns_of, keys_of
from caloscope.store.interval_rows import EXTEND, LOADED, NEW, RAISE, REACH, Writes, before
from caloscope.store.schema import flags


@dataclass(slots=True, eq=False)
class _Open:
    """Intervals that reach to one lumisection, by ascending key: arrays `(n,)`.

    `row` is the number of the interval in the table, 0 where it is not there yet; `told` its peak there.
    """

    keys: Keys
    row: NDArray[np.int64]
    first: NDArray[np.int64]
    peak: Peaks
    told: Peaks

    def chosen(self, which: NDArray[Any]) -> "_Open":
        """Some of them."""
        return _Open(*(getattr(self, name)[which] for name in self.__slots__))

    def with_(self, others: "_Open") -> "_Open":
        """These and others."""
        joined = [np.concatenate([getattr(self, name), getattr(others, name)]) for name in self.__slots__]
        return _Open(*joined).chosen(np.argsort(joined[0], kind="stable"))


def write_flags(connection: Connection, found: Mapping[int, Sequence[Flagged]]) -> None:
    """Write what is flagged, by the number of the series, in lumisections that ascend.

    An interval that is loaded ends right before a lumisection that is added, and none that is changed here
    does: so reading never waits for writing.
    """
    writes = Writes()
    # Where nothing is flagged nothing goes on and nothing begins.
    found = {own: given for own, given in found.items() if any(each.keys.size for each in given)}
    there = before(connection, {own: given[0].id for own, given in found.items()})
    for own, given in found.items():
        intervals = Intervals(connection, own, writes, there.get(own, ()))
        for each in given:
            intervals.add(each)
        intervals.end()
    writes.run(connection)


class Intervals:
    """The intervals of one series in a transaction: lumisections are added in order of time.

    `there` are the rows that end before the first of them.
    """

    def __init__(self, connection: Connection, series: int, writes: Writes, there: Sequence[AnyRow]) -> None:
        self._connection = connection
        self._series = series
        self._writes = writes
        self._there: Sequence[AnyRow] | None = there
        self._shape: tuple[int, ...] = ()
        self._end = LumiId(-1, -1)
        self._known = 0
        self._since = 0
        self._open = _begun(np.empty(0, np.int64), np.empty(0), 0)

    def add(self, found: Flagged) -> None:
        """Let the intervals that end in the lumisection before go on into this one, and begin new ones."""
        run, lumi = found.id
        if self._end != (run, lumi - 1):
            self.end()
            self._load(run, lumi - 1, found.shape)
        if not np.array_equal(self._open.keys, found.keys):
            goes_on = np.isin(self._open.keys, found.keys, assume_unique=True)
            self._end_some(self._open.chosen(~goes_on))
            begins = ~np.isin(found.keys, self._open.keys, assume_unique=True)
            new = _begun(found.keys[begins], found.peaks[begins], lumi)
            self._open = self._open.chosen(goes_on).with_(new)
        self._open.peak = np.fmax(self._open.peak, found.peaks)
        self._end = found.id

    def end(self) -> None:
        """Close this stretch of lumisections; where all that was loaded goes on, one row says so."""
        known = self._open.row > 0
        if self._known and np.count_nonzero(known) == self._known and self._end.lumi > self._since:
            whole = {"at_series": self._series, "at_run": self._end.run, "at_last": self._since}
            self._writes.add(EXTEND, [{**whole, "now_last": self._end.lumi}])
            self._since = self._end.lumi
        self._end_some(self._open)
        self._open, self._known = self._open.chosen(np.zeros(known.size, np.bool_)), 0

    def _load(self, run: int, last: int, shape: tuple[int, ...]) -> None:
        """The intervals of the table that end in a lumisection."""
        rows, self._there = self._there, None
        if rows is None:
            rows = before(self._connection, {self._series: LumiId(run, last + 1)}).get(self._series, ())
        found = _loaded(rows, shape)
        self._open = found.chosen(np.argsort(found.keys))
        self._shape, self._known, self._since, self._end = shape, len(rows), last, LumiId(run, last)

    def _end_some(self, ended: _Open) -> None:
        """Note that intervals reach to the lumisection added last and no further."""
        known = ended.row > 0
        if self._end.lumi > self._since and known.any():
            rows = ended.row[known].tolist()
            self._writes.add(REACH, [{"which": row, "now_last": self._end.lumi} for row in rows])
        higher = known & (np.isnan(ended.told) & ~np.isnan(ended.peak) | (ended.peak > ended.told))
        if higher.any():
            pairs = zip(ended.row[higher].tolist(), ended.peak[higher].tolist(), strict=True)
            self._writes.add(RAISE, [{"which": row, "value": peak} for row, peak in pairs])
        new = ended.chosen(~known)
        place = {"series": self._series, "run": self._end.run, "last": self._end.lumi}
        self._writes.add(
            NEW,
            [
                {**place, "first": first, **columns_of(self._shape, key), "peak": number(peak)}
                for key, first, peak in zip(
                    new.keys.tolist(), new.first.tolist(), new.peak.tolist(), strict=True
                )
            ],
        )


def cut(connection: Connection, series: int, start: LumiId) -> None:
    """Forget all flags from a lumisection on, in its run and in later ones."""
    run, lumi = start
    beyond = or_(flags.c.run > run, and_(flags.c.run == run, flags.c.first >= lumi))
    connection.execute(delete(flags).where(flags.c.series == series, beyond))
    across = and_(flags.c.series == series, flags.c.run == run, flags.c.last >= lumi)
    connection.execute(update(flags).where(across).values(last=lumi - 1))


def flagged_at(
    connection: Connection, series: int, places: Collection[LumiId], shape: tuple[int, ...]
) -> list[Flagged]:
    """What was flagged in some lumisections, as the intervals tell it: where the arrays are kept no more.

    Each cell has the peak of its interval for evidence.
    """
    found = []
    for run, lumi in places:
        here = and_(flags.c.series == series, flags.c.run == run, flags.c.first <= lumi, flags.c.last >= lumi)
        loaded = _loaded(connection.execute(select(flags.c.series, *LOADED).where(here)).all(), shape)
        order = np.argsort(loaded.keys)
        found.append(Flagged(LumiId(run, lumi), shape, loaded.keys[order], loaded.peak[order]))
    return found


def _begun(keys: Keys, peaks: Peaks, lumi: int) -> _Open:
    """Intervals that begin in a lumisection."""
    row = np.zeros(keys.size, np.int64)
    return _Open(keys, row, np.full(keys.size, lumi, np.int64), peaks, np.full(keys.size, np.nan))


def _loaded(rows: Sequence[AnyRow], shape: tuple[int, ...]) -> _Open:
    """Intervals as they are in the table."""
    if not rows:
        return _begun(np.empty(0, np.int64), np.empty(0), 0)
    _, *numbers, peaks, reasons = zip(*rows, strict=True)
    row, first, code, direction, *cells = np.array(numbers[: 4 + len(shape)], np.int64)
    peak = np.array(peaks, np.float64)  # None becomes NaN
    keys = keys_of(shape, np.array(cells[::-1]), code, direction, reasons)
    return _Open(keys, row, first, peak, peak)
