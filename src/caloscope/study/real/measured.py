"""A sample of a measured file: its counts, what it is known to hold, and how it is given to detectors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec
from caloscope.geometry import View
from caloscope.pipeline.state import Given
from caloscope.records import LumiId, MapRecord, Mask

Whole = NDArray[np.int64]

RUN: Final = 1
"""Lumisections that are learned from are those of this run, which is that of the judged ones too."""


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """Hardware that is faulty in a lumisection, its cells, and the sign of what it does to counts."""

    name: str
    sign: int
    cells: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Places of the lumisections that are learned from, and of those that are judged, in order."""

    learned: tuple[int, ...]
    judged: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One sample. Arrays of counts are `(lumi, [depth,] y, x)`.

    `events` `(lumi,)` are those of the file, or stand for the level of each lumisection where the file says
    none (`told` false): then they are given with what is learned from, never with what is judged. `counts` of
    a difference are those of `digis` less `hits`, zero where that is `negative`. `faults` are those of each
    lumisection, `known` the cells that come and go.
    """

    title: str
    spec: MapSpec
    on: View
    file: str
    together: int
    counts: Whole
    events: Whole
    told: bool
    faults: tuple[tuple[Fault, ...], ...]
    known: Mask
    minus: str = ""
    digis: Whole | None = None
    hits: Whole | None = None
    negative: int = 0
    notes: tuple[str, ...] = ()

    @property
    def lumis(self) -> int:
        """Number of lumisections."""
        return len(self.counts)

    def folds(self) -> tuple[Fold, ...]:
        """Every block of lumisections held out in turn, all others learned from."""
        every = range(self.lumis)
        blocks = [tuple(every[first : first + self.together]) for first in every[:: self.together]]
        return tuple(Fold(tuple(k for k in every if k not in block), block) for block in blocks)

    def given(
        self, place: int, *, judged: bool, counts: Whole | None = None, digis: Whole | None = None
    ) -> Given:
        """One lumisection for a detector, with other counts and other digis where these are given."""
        known = int(self.events[place]) if self.told or not judged else None
        beside: Mapping[str, MapRecord] = {}
        if self.digis is not None:
            beside = {self.spec.name: _record(self.digis[place] if digis is None else digis, known)}
        own = _record(self.counts[place] if counts is None else counts, known)
        return Given(LumiId(RUN, place + 1), own, "", companions=beside)

    def listed(self, place: int) -> Mask:
        """Cells of the faults that are known to be in a lumisection."""
        found = np.zeros(self.on.shape, np.bool_)
        for fault in self.faults[place]:
            found |= fault.cells
        return found

    def aside(self, place: int) -> Mask:
        """Cells of a lumisection that are neither sound for certain nor made faulty."""
        return np.asarray(self.listed(place) | self.known)


def _record(counts: Whole, events: int | None) -> MapRecord:
    return MapRecord(counts.astype(np.uint32), events)
