"""Flags as intervals: a cell that stays flagged costs one row, however long it stays so."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from caloscope.records import LumiId
from caloscope.store.columns import Values, number
from caloscope.store.flagging import Flagged, Keys, Peaks, columns_of, key_of
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


class Intervals:
    """The intervals of one series in a transaction: lumisections are added in order of time, then written."""

    def __init__(self, connection: Connection, series: int) -> None:
        self._connection = connection
        self._series = series
        self._shape: tuple[int, ...] = ()
        self._end = LumiId(-1, -1)
        self._known = 0
        self._since = 0
        self._open = _begun(np.empty(0, np.int64), np.empty(0), 0)
        self._new: list[Values] = []

    def add(self, found: Flagged) -> None:
        """Let the intervals that end in the lumisection before go on into this one, and begin new ones."""
        run, lumi = found.id
        if self._end != (run, lumi - 1):
            self._end_all()
            self._load(run, lumi - 1, found.shape)
        if not np.array_equal(self._open.keys, found.keys):
            goes_on = np.isin(self._open.keys, found.keys, assume_unique=True)
            self._end_some(self._open.chosen(~goes_on))
            begins = ~np.isin(found.keys, self._open.keys, assume_unique=True)
            new = _begun(found.keys[begins], found.peaks[begins], lumi)
            self._open = self._open.chosen(goes_on).with_(new)
        self._open.peak = np.fmax(self._open.peak, found.peaks)
        self._end = found.id

    def write(self) -> None:
        """Write what was added."""
        self._end_all()
        if self._new:
            self._connection.execute(insert(flags), self._new)
            self._new = []

    def _load(self, run: int, last: int, shape: tuple[int, ...]) -> None:
        """The intervals of the table that end in a lumisection."""
        rows = self._connection.execute(select(flags).where(self._ending(run, last))).all()
        keys = [key_of(shape, _cell(row), row.code, row.direction, row.reason) for row in rows]
        peak = np.array([row.peak for row in rows], np.float64)  # None becomes NaN
        row, first = (np.array([getattr(each, name) for each in rows], np.int64) for name in ("id", "first"))
        found = _Open(np.array(keys, np.int64), row, first, peak, peak)
        self._open = found.chosen(np.argsort(found.keys))
        self._shape, self._known, self._since, self._end = shape, len(rows), last, LumiId(run, last)

    def _end_all(self) -> None:
        """Close this stretch of lumisections; where all that was loaded goes on, one statement says so."""
        known = self._open.row > 0
        if self._known and np.count_nonzero(known) == self._known and self._end.lumi > self._since:
            whole = self._ending(self._end.run, self._since)
            self._connection.execute(update(flags).where(whole).values(last=self._end.lumi))
            self._since = self._end.lumi
        self._end_some(self._open)
        self._open, self._known = self._open.chosen(np.zeros(known.size, np.bool_)), 0

    def _end_some(self, ended: _Open) -> None:
        """Note that intervals reach to the lumisection added last and no further."""
        known = ended.row > 0
        if self._end.lumi > self._since and known.any():
            one = update(flags).where(flags.c.id == bindparam("which")).values(last=self._end.lumi)
            self._connection.execute(one, [{"which": row} for row in ended.row[known].tolist()])
        higher = known & (np.isnan(ended.told) & ~np.isnan(ended.peak) | (ended.peak > ended.told))
        if higher.any():
            one = update(flags).where(flags.c.id == bindparam("which")).values(peak=bindparam("value"))
            pairs = zip(ended.row[higher].tolist(), ended.peak[higher].tolist(), strict=True)
            self._connection.execute(one, [{"which": row, "value": peak} for row, peak in pairs])
        new = ended.chosen(~known)
        for key, first, peak in zip(new.keys.tolist(), new.first.tolist(), new.peak.tolist(), strict=True):
            place = {"series": self._series, "run": self._end.run, "first": first, "last": self._end.lumi}
            self._new.append({**place, **columns_of(self._shape, key), "peak": number(peak)})

    def _ending(self, run: int, last: int) -> Any:
        return and_(flags.c.series == self._series, flags.c.run == run, flags.c.last == last)


def cut(connection: Connection, series: int, start: LumiId) -> None:
    """Forget all flags from a lumisection on, in its run and in later ones."""
    run, lumi = start
    beyond = or_(flags.c.run > run, and_(flags.c.run == run, flags.c.first >= lumi))
    connection.execute(delete(flags).where(flags.c.series == series, beyond))
    across = and_(flags.c.series == series, flags.c.run == run, flags.c.last >= lumi)
    connection.execute(update(flags).where(across).values(last=lumi - 1))


def _begun(keys: Keys, peaks: Peaks, lumi: int) -> _Open:
    """Intervals that begin in a lumisection."""
    row = np.zeros(keys.size, np.int64)
    return _Open(keys, row, np.full(keys.size, lumi, np.int64), peaks, np.full(keys.size, np.nan))


def _cell(row: Any) -> tuple[int, ...]:
    return (row.y, row.x) if row.depth is None else (row.depth, row.y, row.x)
