"""The results of the runs that people look at, kept in memory and read again only where they changed.

A page asks for a whole run after every lumisection; reading all of it from the store each time would make the
server slower with every lumisection of a run.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import TypeVar

from caloscope.incidents.conditions import ConditionsIncident, conditions_incidents
from caloscope.store import ChangeRow, LumiRow, ResultRow, Store

MOST_LUMIS = 4000
"""Newest lumisections of a run that are looked at together: more than a fill has, and a bound on memory."""
RUNS = 4
CHANGES = 500
"""More changes than this since the last look: the run is read anew."""

Kept = TypeVar("Kept")


@dataclass(frozen=True)
class RunRows:
    """Results and conditions of one run, as they were at a change of the store; ascending in lumi."""

    at: int
    by_lumi: dict[int, list[ResultRow]]
    lumis: dict[int, LumiRow]

    @cached_property
    def incidents(self) -> list[ConditionsIncident]:
        """Incidents of conditions; derived when first asked for, as that looks at the whole run."""
        return conditions_incidents(list(self.lumis.values()))

    @property
    def rows(self) -> list[ResultRow]:
        """All results, ascending in lumi."""
        return [row for rows in self.by_lumi.values() for row in rows]

    def since(self, first: int) -> list[ResultRow]:
        """Results from a lumisection on, ascending in lumi."""
        return [row for lumi, rows in self.by_lumi.items() if lumi >= first for row in rows]


class Remembered:
    """Runs of one store; threads may share it."""

    def __init__(self) -> None:
        self._runs: OrderedDict[tuple[str, int], RunRows] = OrderedDict()
        self._lock = Lock()

    def run(self, store: Store, label: str, run: int) -> RunRows:
        """Results of a run as they are in the store now, by lumi, map and bundle; see `MOST_LUMIS`."""
        with self._lock:
            found = self._renewed(store, label, run, self._runs.get((label, run)))
            self._runs[label, run] = found
            self._runs.move_to_end((label, run))
            if len(self._runs) > RUNS:
                self._runs.popitem(last=False)
            return found

    def forget(self) -> None:
        """Forget all: another store has taken the place of the one that was read."""
        with self._lock:
            self._runs.clear()

    def _renewed(self, store: Store, label: str, run: int, known: RunRows | None) -> RunRows:
        # What is written between the two looks is read twice, never missed.
        last = store.last_change()
        if known is not None and known.at == last:
            return known
        changes = None if known is None or known.at > last else _since(store, known.at)
        if known is None or changes is None:
            since = _first(store, label, run)
            rows = grouped(store.results(label, run, first=since))
            return RunRows(last, _newest(rows), _newest(_conditions(store, label, run, since)))
        here = [each.lumi for each in changes if (each.label, each.run) == (label, run)]
        lumis = [lumi for lumi in here if lumi is not None]
        if not lumis:
            return RunRows(last, known.by_lumi, known.lumis)
        edges = min(lumis), max(lumis)
        fresh = grouped(store.results(label, run, first=edges[0], last=edges[1]))
        told = _conditions(store, label, run, *edges)
        return RunRows(last, _joined(known.by_lumi, fresh, edges), _joined(known.lumis, told, edges))


def grouped(rows: Sequence[ResultRow]) -> dict[int, list[ResultRow]]:
    """Results by lumisection, ascending."""
    found: dict[int, list[ResultRow]] = {}
    for row in sorted(rows, key=lambda row: row.key.lumi):
        found.setdefault(row.key.lumi, []).append(row)
    return found


def _conditions(
    store: Store, label: str, run: int, first: int, last: int | None = None
) -> dict[int, LumiRow]:
    """Conditions by lumisection, without what only the pipeline reads."""
    return {row.lumi: replace(row, book="") for row in store.lumis(label, run, first=first, last=last)}


def _joined(known: dict[int, Kept], fresh: dict[int, Kept], edges: tuple[int, int]) -> dict[int, Kept]:
    """What is known with what was read again between two edges."""
    others = {lumi: each for lumi, each in known.items() if not edges[0] <= lumi <= edges[1]}
    return _newest(others | fresh)


def _newest(found: dict[int, Kept]) -> dict[int, Kept]:
    return dict(sorted(found.items())[-MOST_LUMIS:])


def _since(store: Store, after: int) -> list[ChangeRow] | None:
    """The changes after one of them; None where there are too many, or some are no longer kept."""
    changes = store.all_changes_since(after, limit=CHANGES + 1)
    return None if changes is None or len(changes) > CHANGES else changes


def _first(store: Store, label: str, run: int) -> int:
    """The first lumisection that is kept of a run; long runs are read from there on."""
    newest = store.latest(label)
    return max(0, newest[2] - MOST_LUMIS + 1) if newest and newest[1] == run else 0
