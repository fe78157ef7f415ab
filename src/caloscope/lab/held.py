"""One map of a data set, or of several, as a notebook works with it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.config.ranges import Ranges
from caloscope.dataset import DataSet
from caloscope.errors import UsageError
from caloscope.faults import TrueFault, read_truth
from caloscope.geometry import View
from caloscope.lab.tables import facts
from caloscope.pipeline.state import Given
from caloscope.records import LumiId, Lumisection, MapTruth
from caloscope.training.streamed import taken

Numbers: TypeAlias = str | int | Iterable[int] | None
"""Runs or lumisections: `"1-3,7"`, one number, several, or None for all."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Files that are open, and the one of a lumisection, with its row there."""

    files: tuple[DataSet, ...]
    rows: dict[LumiId, tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Data:
    """Lumisections of one map, read from their files when they are needed, in (run, lumi) order.

    Iterating gives a `Lumisection` at a time; `given` is the same as the pipeline takes it. `spec` is the
    map, `view` its geometry. `truth` says whether it is known what is wrong with them, `simulated` that the
    counts are no experiment's.
    """

    spec: MapSpec
    view: View
    label: str
    simulated: bool
    paths: tuple[Path, ...]
    given: Sequence[Given] = field(repr=False)
    ids: tuple[LumiId, ...] = field(repr=False)
    origin: Origin = field(repr=False)
    calorimeter: str | None = field(default=None, repr=False)

    @property
    def map(self) -> str:
        """Name of the map, such as `EE+/digi`."""
        return self.spec.name

    @property
    def era(self) -> str:
        """Era of the geometry."""
        return self.view.era

    @property
    def runs(self) -> tuple[int, ...]:
        """Runs, ascending."""
        return tuple(sorted({each.run for each in self.ids}))

    @cached_property
    def faults(self) -> tuple[TrueFault, ...]:
        """The faults that are known to be in this map, in the order of their numbers."""
        lines = [line for file in self.origin.files for line in file.faults]
        return tuple(each for each in read_truth("\n".join(lines), "truth") if each.map == self.map)

    @cached_property
    def faults_at_work(self) -> tuple[TrueFault, ...]:
        """Those of the known faults that are at work in any of these lumisections."""
        return tuple(each for each in self.faults if any(is_at_work(each, here) for here in self.ids))

    @property
    def truth(self) -> bool:
        """Whether it is known what is wrong with the map in these files."""
        return bool(self.faults)

    def __len__(self) -> int:
        """Number of lumisections."""
        return len(self.ids)

    def __iter__(self) -> Iterator[Lumisection]:
        return (self._lumisection(each) for each in self.given)

    def at(self, run: int, lumi: int) -> Lumisection:
        """One lumisection. Raises `UsageError` where it is none of these."""
        return self._lumisection(self.given[self.place(run, lumi)])

    def place(self, run: int, lumi: int) -> int:
        """The place of a lumisection among these. Raises `UsageError` where it is none of them."""
        if (run, lumi) not in self._places:
            raise UsageError(f"{self.map}: no lumisection {run}:{lumi}, expected one of {self._which()}")
        return self._places[LumiId(run, lumi)]

    def truth_at(self, run: int, lumi: int) -> MapTruth | None:
        """What is wrong with the map in one lumisection, None where nothing is known to be."""
        file, row = self.origin.rows[self.ids[self.place(run, lumi)]]
        return self.origin.files[file].map_truth(self.map, row)

    def only(self, runs: Numbers = None, lumis: Numbers = None) -> "Data":
        """Some of these lumisections. Raises `UsageError` where none is left."""
        in_runs, in_lumis = _numbers(runs), _numbers(lumis)
        kept = [
            place
            for place, each in enumerate(self.ids)
            if (in_runs is None or each.run in in_runs) and (in_lumis is None or each.lumi in in_lumis)
        ]
        if not kept:
            raise UsageError(f"{self.map}: no such lumisections, expected some of {self._which()}")
        return self._taken(kept)

    def of(self, ids: Collection[LumiId]) -> "Data":
        """Those of these lumisections that are there."""
        wanted = set(ids)
        return self._taken([place for place, each in enumerate(self.ids) if each in wanted])

    def _taken(self, places: list[int]) -> "Data":
        given = taken(self.given, np.array(places, np.int64))
        return replace(self, given=given, ids=tuple(self.ids[place] for place in places))

    def with_companions(self, names: Collection[str]) -> Iterator[Given]:
        """What the pipeline takes, with the maps beside it that some detectors look at."""
        for each in self.given:
            file, row = self.origin.rows[each.id]
            opened = self.origin.files[file]
            beside = {name: opened.record(name, row) for name in names if name in opened.maps}
            there = {name: record for name, record in beside.items() if record is not None}
            yield replace(each, companions=there)

    @cached_property
    def _places(self) -> dict[LumiId, int]:
        return {each: place for place, each in enumerate(self.ids)}

    def _lumisection(self, given: Given) -> Lumisection:
        assert given.record is not None  # rows without the map are left out
        source = self.paths[self.origin.rows[given.id][0]]
        return Lumisection(
            self.label,
            *given.id,
            maps={self.map: given.record},
            source=str(source),
            began_at=given.began_at,
            simulated=self.simulated,
        )

    def _which(self) -> str:
        runs = self.runs
        return f"run {runs[0]}" if len(runs) == 1 else f"{len(runs)} runs, {runs[0]} to {runs[-1]}"

    def _told(self) -> dict[str, str]:
        known, at_work = len(self.faults), len(self.faults_at_work)
        some = "" if at_work == known else f", {at_work} of them at work in these lumisections"
        truth = f"{known} {'fault' if known == 1 else 'faults'} known{some}" if self.truth else "not known"
        kind = "simulated" if self.simulated else "measured"
        return {
            "map": f"{self.map}, {' x '.join(map(str, self.view.shape))} cells, era {self.era}",
            "label": f"{self.label} ({kind})",
            "lumisections": f"{len(self):,} of {self._which()}",
            "truth": truth,
            "files": ", ".join(path.name for path in self.paths),
        }

    def __repr__(self) -> str:
        return f"<Data {'; '.join(f'{name}: {text}' for name, text in self._told().items())}>"

    def _repr_html_(self) -> str:
        return facts(self._told())


def is_at_work(fault: TrueFault, here: LumiId) -> bool:
    """Whether a fault changes anything in a lumisection."""
    return any(run == here.run and first <= here.lumi <= last for run, first, last, _ in fault.strengths)


def _numbers(given: Numbers) -> Ranges | None:
    """The numbers that are meant, None for all."""
    if given is None:
        return None
    if isinstance(given, str):
        return Ranges.parse(given)
    return Ranges.of([given] if isinstance(given, int) else given)
