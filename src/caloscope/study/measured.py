"""Measured lumisections of data sets: the first ones are learned from, faults are put into the others."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from caloscope.config.catalogue import MapSpec, load
from caloscope.dataset import is_data_set, open_data_set
from caloscope.detectors.base import Array
from caloscope.errors import UsageError
from caloscope.faults import Active, Clock, Schedule, act, capacity
from caloscope.geometry import View, view
from caloscope.pipeline.state import Given
from caloscope.records import LumiId, MapRecord, Mask
from caloscope.study.rows import Indices, Row, places
from caloscope.study.text import SampleText
from caloscope.training.opened import era_of_files, streamed

MOST: Final = 20_000
"""Lumisections that are held in memory."""

WARM_UP: Final = 20
"""Lumisections before a fault that a detector sees, where there are so many."""

GOLDEN: Final = 0.618034
"""Steps of this size fill a range evenly, however many there are."""

FEWEST: Final = 400
"""Lumisections held out that thresholds are calibrated on; of fewer they come from the formula."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Lumisections of a map in data sets, in time order; `seed` is that of the study.

    The first half is for learning, at most; where there are several runs it ends with one. What is not
    learned from is judged, or, where there is enough of it, calibrated on in its first part. What was broken
    when it was measured stays so.
    """

    text: SampleText
    map: str
    seed: int

    @property
    def spec(self) -> MapSpec:
        """The map."""
        return load()[self.map]

    @property
    def view(self) -> View:
        """Its geometry in the era of the files."""
        return _opened(self.text.files, self.map)[0]

    @property
    def content(self) -> object:
        """Map, seed, and the content of the files."""
        return ["measured", self.map, self.seed, [_digest(Path(name)) for name in self.text.files]]

    @property
    def _all(self) -> tuple[Given, ...]:
        return _opened(self.text.files, self.map)[1]

    @property
    def first_half(self) -> tuple[Given, ...]:
        """What may be learned from."""
        return self._all[: middle(self._all)]

    @property
    def _second_half(self) -> tuple[Given, ...]:
        return self._all[middle(self._all) :]

    @property
    def _judged(self) -> tuple[Given, ...]:
        """The last part."""
        rest = self._second_half
        return rest[middle(rest) :] if middle(rest) >= FEWEST else rest

    def learned(self, lumis: int, faulty: float = 0.0, rows: Sequence[Row] = ()) -> list[Given]:
        """The last so many of the first half.

        Raises `UsageError` where there are fewer, or some were to be faulty.
        """
        if faulty or rows:
            raise UsageError("found measured lumisections to be made faulty, expected simulated ones")
        half = self.first_half
        if lumis > len(half):
            raise UsageError(f"found {len(half)} lumisections to learn from, expected {lumis:,}")
        return list(half[-lumis:])

    def held_out(self, lumis: int, faulty: float = 0.0, rows: Sequence[Row] = ()) -> list[Given]:  # noqa: ARG002
        """The first so many after that, none where there are few."""
        rest = self._second_half
        return list(rest[: middle(rest)][:lumis]) if middle(rest) >= FEWEST else []

    def clean_runs(self, lumis: int) -> int:
        """One: all that is judged."""
        return 1 if lumis else 0

    def clean(self, run: int, runs: int) -> Iterator[Given]:  # noqa: ARG002 - there is one
        """All that is judged, as it was measured."""
        return iter(self._judged)

    def places(self, row: Row) -> tuple[Indices, ...]:
        """Where a fault can be: among cells that counted in what is learned from."""
        return _places(self, row)

    def before(self, number: int, window: int) -> Iterator[Given]:
        """The lumisections of a trial before the onset, `WARM_UP` of them where there are so many."""
        onset = self._onset(number, window)
        return iter(self._judged[max(0, onset - WARM_UP) : onset])

    def faulty(self, number: int, row: Row, cells: Mask) -> Iterator[tuple[int, Given]]:
        """Those with the fault in them, counted from 1."""
        onset = self._onset(number, row.window)
        rest = self._judged[onset : onset + row.window]
        clock = Clock.of(each.id for each in self._judged)
        fault = row.fault(self.map, cells, clock.at(rest[0].id))
        schedule = Schedule([fault], self.map, self.view, clock)
        for since, each in enumerate(rest, start=1):
            active = schedule.at(each.id)
            assert each.record is not None
            yield since, self._broken(each, each.record, active) if active else each

    def _broken(self, given: Given, record: MapRecord, active: Sequence[Active]) -> Given:
        """A lumisection with faults in it."""
        mean = _mean(self) * float(record.counts.sum(dtype=np.float64))
        most = capacity(self.view, _events(record), self.spec.noise)
        healthy = record.counts.astype(np.uint32, copy=False)
        counts = act(healthy, mean, active, self.view, most, self._stream(given.id))
        return replace(given, record=replace(record, counts=counts))

    def _onset(self, number: int, window: int) -> int:
        """The place of a trial's onset: spread over all that is judged, with room before and after it."""
        last = max(0, len(self._judged) - window)
        first = min(WARM_UP, last)
        return first + int((number * GOLDEN) % 1.0 * (last - first + 1))

    def _stream(self, at: LumiId) -> list[int]:
        return [self.seed, *at, *self.map.encode()]


def middle(given: Sequence[Given]) -> int:
    """Where the second half begins: between two runs, if there are two, so that no half has a run in part."""
    half = len(given) // 2
    starts = [place for place in range(1, len(given)) if given[place].id.run != given[place - 1].id.run]
    return min(starts, key=lambda place: abs(place - half)) if starts else half


def _events(record: MapRecord) -> int:
    """The number of events; where it is not known what a cell counted most."""
    return int(record.counts.max()) if record.events is None else record.events


@lru_cache(maxsize=4)
def _opened(files: tuple[str, ...], name: str) -> tuple[View, tuple[Given, ...]]:
    """Geometry and lumisections of data sets. Raises `UsageError` where they will not do."""
    known = load()
    if name not in known:
        raise UsageError(f"map {name!r} is not known, expected one of {', '.join(known)}")
    for path in map(Path, files):
        if not path.is_file() or not is_data_set(path):
            raise UsageError(f"{path}: found no data set, expected one: `caloscope convert` makes it")
    opened = [open_data_set(Path(each)) for each in files]
    on = view(known[name].view, era_of_files(opened))
    there = streamed(opened, known[name], on)
    if not 4 <= len(there) <= MOST:
        raise UsageError(f"{files[0]}: found {len(there)} lumisections with {name}, expected 4 to {MOST:,}")
    return on, tuple(there)


@lru_cache(maxsize=4)
def _mean(sample: Measured) -> Array:
    """Which share of all counts each cell has, in the view's shape."""
    total = np.zeros(sample.view.shape)
    for each in sample.first_half:
        assert each.record is not None
        total += np.where(sample.view.exists, each.record.counts, 0)
    return np.asarray(total / total.sum())


@lru_cache(maxsize=64)
def _places(sample: Measured, row: Row) -> tuple[Indices, ...]:
    return places(sample.view, row, _mean(sample) > 0)


@lru_cache(maxsize=16)
def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
