"""What keeps a store from growing without end; verdicts, flags and incidents are never touched."""

import json
from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, bindparam, delete, func, or_, select, tuple_, update

from caloscope.errors import UsageError
from caloscope.records import LumiId
from caloscope.store.schema import ONLY_KEPT, ONLY_NEW, arrays, changes, incidents, results, series
from caloscope.store.transactions import Opened

AT_ONCE: Final = 200
"""Results that one transaction looks at, where nobody says otherwise."""

KEPT: Final = 0
"""Of a result, in the column `settled`: it is old and has its arrays for the time being, and"""

SETTLED: Final = 1
"""there is nothing left to decide on it."""

_CHANGES_AT_ONCE = 10_000

_own = results.c.series == bindparam("of")
_EDGE: Final = (
    select(results.c.run, results.c.lumi)
    .where(_own)
    .order_by(results.c.run.desc(), results.c.lumi.desc())
    .offset(bindparam("newest"))
    .limit(1)
)
_until = tuple_(results.c.run, results.c.lumi) <= tuple_(bindparam("to_run"), bindparam("to_lumi"))
_old = select(results.c.id, results.c.run, results.c.lumi).where(_own, _until)
_old = _old.order_by(results.c.run, results.c.lumi).limit(bindparam("most"))
_NEW: Final = _old.where(ONLY_NEW)
_STILL_KEPT: Final = _old.where(ONLY_KEPT)
_DROP: Final = delete(arrays).where(arrays.c.result.in_(bindparam("gone", expanding=True)))
_SETTLE: Final = (
    update(results).where(results.c.id == bindparam("which")).values(settled=bindparam("decision"))
)
_INCIDENTS: Final = select(
    *(incidents.c[name] for name in ("opened_run", "opened_lumi", "closed_run", "closed_lumi", "gaps"))
).where(
    incidents.c.series == bindparam("of"),
    incidents.c.opened_run <= bindparam("last"),
    or_(incidents.c.closed_run.is_(None), incidents.c.closed_run >= bindparam("first")),
)


class _Rule(NamedTuple):
    """What happens to the results of a series that are older than its newest ones.

    `old` finds them, `every` is 0 where none is kept for its number.
    """

    newest: int
    old: Select[Any]
    every: int


class Retention(Opened):
    """The part of a writer that deletes; every method works in small transactions and can be called again.

    Nothing here looks at a clock. Raises `StoreError` when the store cannot be written.
    """

    def thin(
        self,
        keep_lumis: int,
        every: int,
        at_once: int = AT_ONCE,
        *,
        forget: int | None = None,
        most: int | None = None,
    ) -> int:
        """Delete the arrays of old results; answers with how many were deleted.

        Old are results of a series (label, map, bundle) before its newest `keep_lumis`. Of them every
        `every`-th lumisection is kept (those whose number it divides), until it is before the newest `forget`
        (None: for ever). Those in which an incident of the series opened or closed are kept for good. What
        was decided is not looked at again. One transaction looks at `at_once` results; with `most` the call
        ends soon after so many were deleted, and the next goes on. Raises `UsageError` for numbers that make
        no sense.
        """
        deleted = 0
        for gone in self.thinning(keep_lumis, every, at_once, forget=forget):
            deleted += gone
            if most is not None and deleted >= most:
                break
        return deleted

    def thinning(
        self, keep_lumis: int, every: int, at_once: int = AT_ONCE, *, forget: int | None = None
    ) -> Iterator[int]:
        """The same in small steps; of each, how many arrays it deleted.

        What becomes old after a series was begun with has to wait for another round.
        """
        _require(keep_lumis, every, at_once, forget)
        rules = [_Rule(keep_lumis, _NEW, every)]
        rules += [] if forget is None else [_Rule(forget, _STILL_KEPT, 0)]
        return self._steps(rules, at_once)

    def _steps(self, rules: list[_Rule], at_once: int) -> Iterator[int]:
        with self._read() as connection:
            numbers = list(connection.scalars(select(series.c.id).order_by(series.c.id)))
        for number in numbers:
            for rule in rules:
                looked, edge = at_once, self._edge(number, rule)
                if edge is None:
                    yield 0  # to look for it is a piece of work too
                while edge is not None and looked == at_once:
                    looked, gone = self._thin_some(number, edge, rule, at_once)
                    yield gone

    def _edge(self, number: int, rule: _Rule) -> LumiId | None:
        """The newest result that is old, None where there is nothing to decide.

        It stays old whatever comes: results are replaced, but none is ever lost.
        """
        with self._read() as connection:
            row = connection.execute(_EDGE, {"of": number, "newest": rule.newest}).one_or_none()
            if row is None or not _found(connection, number, rule, edge := LumiId(row.run, row.lumi), 1):
                return None
            return edge

    def _thin_some(self, number: int, edge: LumiId, rule: _Rule, at_once: int) -> tuple[int, int]:
        """The oldest results of one series: how many were looked at, and how many lost their arrays."""
        with self._write() as connection:
            rows = _found(connection, number, rule, edge, at_once)
            if not rows:
                return 0, 0
            marked = _marked(connection, number, rows[0][1], rows[-1][1])
            stay = {
                row[0]
                for row in rows
                if (rule.every and row[2] % rule.every == 0) or (row[1], row[2]) in marked
            }
            gone = [row[0] for row in rows if row[0] not in stay]
            deleted = connection.execute(_DROP, {"gone": gone}).rowcount if gone else 0
            kept = KEPT if rule.every else SETTLED
            decisions = [(row[0], kept if row[0] in stay else SETTLED) for row in rows]
            connection.execute(_SETTLE, [{"which": which, "decision": each} for which, each in decisions])
            return len(rows), deleted

    def trim_changes(self, keep: int) -> int:
        """Forget all changes but the newest `keep`, one at least; answers with how many were forgotten.

        Ids go on ascending. A reader that has not seen the change before `oldest_change` has missed some.
        Raises `UsageError` for a number that makes no sense.
        """
        if keep < 1:
            raise UsageError(f"keep: found {keep} changes, expected at least 1")
        with self._read() as connection:
            edges = select(func.min(changes.c.id), func.max(changes.c.id))
            first, last = connection.execute(edges).one()
        forgotten = 0
        for start in range(first or 0, (last or 0) - keep + 1, _CHANGES_AT_ONCE):
            end = min(start + _CHANGES_AT_ONCE - 1, last - keep)
            with self._write() as connection:
                forgotten += connection.execute(delete(changes).where(changes.c.id <= end)).rowcount
        return forgotten


def _require(keep_lumis: int, every: int, at_once: int, forget: int | None) -> None:
    wanted = [("keep_lumis", keep_lumis, 0), ("every", every, 1), ("at_once", at_once, 1)]
    wanted += [] if forget is None else [("forget", forget, keep_lumis)]
    for name, value, least in wanted:
        if value < least:
            raise UsageError(f"{name}: found {value}, expected at least {least}")


def _found(
    connection: Connection, number: int, rule: _Rule, edge: LumiId, most: int
) -> list[tuple[int, int, int]]:
    """Number, run and lumi of the oldest results that a rule has not decided on."""
    here = {"of": number, "to_run": edge.run, "to_lumi": edge.lumi, "most": most}
    return [(row[0], row[1], row[2]) for row in connection.execute(rule.old, here)]


def _marked(connection: Connection, number: int, first: int, last: int) -> Collection[tuple[int, int]]:
    """Lumisections in which an incident of a series opened or closed, in a range of runs and some others."""
    found: set[tuple[int, int]] = set()
    for row in connection.execute(_INCIDENTS, {"of": number, "first": first, "last": last}):
        found |= {(row.opened_run, row.opened_lumi), (row.closed_run, row.closed_lumi)}
        for gap in json.loads(row.gaps):
            found |= {(gap[0], gap[1]), (gap[2], gap[3])}
    return found
