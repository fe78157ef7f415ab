"""Putting faults into a data set, row by row."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from caloscope.dataset import DataSet, Row, Stored, open_data_set, write
from caloscope.errors import UsageError
from caloscope.faults.active import Active, Schedule
from caloscope.faults.clock import Clock
from caloscope.faults.effect import act, outcome, truth
from caloscope.faults.fault import Fault
from caloscope.faults.lines import truth_lines
from caloscope.geometry import View
from caloscope.inject.expected import average
from caloscope.inject.joined import MOST_FAULTS, highest_number, joined, renumbered
from caloscope.inject.origin import origin
from caloscope.inject.targets import targets, touched
from caloscope.records import LumiId, MapRecord, MapTruth


@dataclass(frozen=True, slots=True)
class Injected:
    """What was done.

    `faulty` counts for each map the lumisections that have a fault now, `cells` the cells of it that have one
    in any; `by_fault` has for each fault, in the order given, in how many lumisections of any map it is at
    work. The first fault has the number `first` in the truth.
    """

    lumis: int
    faulty: Mapping[str, int]
    faulty_lumis: int
    cells: Mapping[str, int]
    by_fault: tuple[int, ...]
    first: int
    lines: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    """What was done so far."""

    faulty: Counter[str] = field(default_factory=Counter)
    lumis: int = 0
    cells: dict[str, np.ndarray[Any, np.dtype[np.bool_]]] = field(default_factory=dict)
    by_fault: Counter[int] = field(default_factory=Counter)


def inject(
    source: Path,
    faults: Sequence[Fault],
    output: Path,
    *,
    seed: int,
    maps: Sequence[str] | None = None,
    calorimeter: str | None = None,
    provenance: Mapping[str, Any] | None = None,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Injected:
    """Write the data set `output`: `source` with faults in it, and the truth about them.

    Faults count lumisections through the runs of the source. They act on counts as they are; where a fault
    needs to know what a cell counts on average, that is taken from the source (`Average`). A row of several
    lumisections has the faults of its last. Lumisections without faults, and maps that `maps` (patterns for
    names; all, if None) does not name, are copied as they are. The same source, faults and seed give the same
    counts, and all that is random in one map of one lumisection comes from a stream of its own. Faults that
    the source has already stay known, and the numbers of the new ones follow theirs.

    Memory does not grow with the number of lumisections. `provenance` adds to what the output says of its
    origin; `tell` hears how much of the work is done, and of all. Raises `UsageError` for faults and maps
    that do not fit each other or the source, `SourceError` for a source that is damaged.
    """
    _require_other(source, output)
    with open_data_set(source) as data:
        views = touched(targets(data, maps, calorimeter), faults, source)
        work = _Work(data, views, faults, seed, _Told(len(data) * (len(views) + 1), tell))
        count = len(data)
        lines = (*data.faults, *work.lines())
        write(
            output,
            work.rows(),
            count,
            list(data.maps.values()),
            label=data.label,
            era=data.era,
            provenance=origin(data, source, seed) | dict(provenance or {}),
            faults=lines,
            simulated=data.simulated,
        )
        return work.report(lines)


class _Told:
    """Tells how far the work is, now and then."""

    def __init__(self, every: int, tell: Callable[[int, int], None]) -> None:
        self._done, self._all, self._tell = 0, every, tell

    def one(self) -> None:
        """One row of one map, or one row, is done."""
        self._done += 1
        if self._done % 50 == 0 or self._done == self._all:
            self._tell(self._done, self._all)


class _Work:
    """Faults on their way into the rows of a data set."""

    def __init__(
        self, data: DataSet, views: Mapping[str, View], faults: Sequence[Fault], seed: int, told: _Told
    ) -> None:
        self._data, self._views, self._faults, self._seed, self._told = data, views, faults, seed, told
        self._ids = [LumiId(*pair) for pair in zip(data.runs.tolist(), data.lumis.tolist(), strict=True)]
        self._clock = Clock.of(self._ids)
        self._schedules = {name: Schedule(faults, name, on, self._clock) for name, on in views.items()}
        self._averages = {name: average(data, name, on, told.one) for name, on in views.items()}
        known = [each.numbers for each in self._averages.values()]
        self._before = max([highest_number(data.faults), *known])
        if self._before + len(faults) > MOST_FAULTS:
            raise UsageError(
                f"found {len(faults)} faults after {self._before}, expected {MOST_FAULTS} in all"
            )
        self._tally = _Tally(cells={name: np.zeros(on.shape, np.bool_) for name, on in views.items()})

    def lines(self) -> list[str]:
        """The new faults in words."""
        return renumbered(truth_lines(self._faults, self._views, self._clock, self._ids), self._before)

    def rows(self) -> Iterator[Row]:
        """The rows with the faults in them."""
        for row, at in enumerate(self._ids):
            maps: dict[str, Stored | MapRecord] = {}
            truths: dict[str, MapTruth] = {}
            for name in self._data.maps:
                found = self._data.stored(name, row)
                wrong = None if found is None else self._data.map_truth(name, row)
                active = self._schedules[name].at(at) if name in self._views and found is not None else []
                if active:
                    found, wrong = self._faulty(name, row, at, active, wrong)
                if found is not None:
                    maps[name] = found
                    truths |= {} if wrong is None else {name: wrong}
            began = float(self._data.began_at[row])
            self._tally.lumis += bool(truths)
            yield Row(*at, None if np.isnan(began) else began, maps, truths)
            self._told.one()

    def _faulty(
        self, name: str, row: int, at: LumiId, active: list[Active], before: MapTruth | None
    ) -> tuple[MapRecord, MapTruth | None]:
        """One map of one row with its faults, and the truth about it."""
        record = self._data.record(name, row)
        if record is None:
            raise UsageError(f"{self._data.path}: no {name} in row {row}, expected counts")
        healthy = record.counts.astype(np.uint32, copy=False)
        there = [replace(each, number=each.number + self._before) for each in active]
        on, known = self._views[name], self._averages[name]
        mean = known.expected(healthy, before)
        most = known.most(record, at, [each.fault for each in there])
        stream = [self._seed, *at, *on.name.encode()]
        counts = act(healthy, mean, there, on, most, stream)
        now = truth(mean, outcome(mean, there, on, most), there, on)
        if now is None or not now.fault.any():
            return replace(record, counts=counts), before  # nothing that there was to change
        self._note(name, there, now)
        return replace(record, counts=counts), joined(before, now)

    def _note(self, name: str, there: Sequence[Active], now: MapTruth) -> None:
        self._tally.faulty[name] += 1
        self._tally.by_fault.update(each.number - self._before for each in there)
        self._tally.cells[name] |= now.fault > 0

    def report(self, lines: Sequence[str]) -> Injected:
        """What was done."""
        tally = self._tally
        return Injected(
            lumis=len(self._ids),
            faulty=dict(sorted(tally.faulty.items())),
            faulty_lumis=tally.lumis,
            cells={name: int(np.count_nonzero(cells)) for name, cells in tally.cells.items()},
            by_fault=tuple(tally.by_fault[number] for number in range(1, len(self._faults) + 1)),
            first=self._before + 1,
            lines=tuple(lines),
        )


def _require_other(source: Path, output: Path) -> None:
    with suppress(OSError):
        if output.samefile(source):
            raise UsageError(f"{output}: is the source itself, expected another name")
