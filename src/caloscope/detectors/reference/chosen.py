"""The lumisections that are learned from, each made when it is looked at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from caloscope.detectors.base import Array, Observation
from caloscope.detectors.reference.cells import Whole
from caloscope.records import Mask

Repairs: TypeAlias = Mapping[int, tuple[Whole, Array]]


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Some of the lumisections of a source, in order.

    The source may make its observations anew each time, so they are never held together: float64 counts of
    thousands of large maps do not fit into memory. `places` `(lumi,)` are those in the source; `repairs` are
    flat places in the map and the counts that stand there instead, by place in the source.
    """

    source: Sequence[Observation]
    places: Whole
    repairs: Repairs = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of lumisections."""
        return len(self.places)

    def __getitem__(self, number: int) -> Observation:
        """One of them."""
        place = int(self.places[number])
        observation = self.source[place]
        if place not in self.repairs:
            return observation
        where, values = self.repairs[place]
        counts = observation.counts.copy()
        counts.ravel()[where] = values
        return replace(observation, counts=counts)

    def __iter__(self) -> Iterator[Observation]:
        """All of them, one after the other."""
        return (self[number] for number in range(len(self)))

    def only(self, kept: Mask) -> "Chosen":
        """Those of a mask `(lumi,)`."""
        return Chosen(self.source, self.places[kept], self.repairs)

    def repaired(self, repairs: Repairs) -> "Chosen":
        """With other counts in some cells; `repairs` is by place among these."""
        found = {int(self.places[number]): each for number, each in repairs.items()}
        return Chosen(self.source, self.places, {**self.repairs, **found})


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """What is known of lumisections without their maps, all `(lumi,)`.

    `events` is zero and `pileup` NaN where unknown; `total` is the sum of all counts.
    """

    run: Whole
    lumi: Whole
    events: Array
    pileup: Array
    total: Array

    @classmethod
    def of(cls, observations: Sequence[Observation]) -> "Heads":
        """Of all of them, in one pass."""
        rows = [
            (
                float(o.events or 0),
                np.nan if o.pileup is None or o.pileup <= 0 else o.pileup,
                float(o.counts.sum()),
            )
            for o in observations
        ]
        ids = np.array([(o.id.run, o.id.lumi) for o in observations], np.int64).reshape(-1, 2)
        events, pileup, total = np.array(rows, np.float64).reshape(-1, 3).T
        return cls(ids[:, 0], ids[:, 1], events, pileup, total)

    def only(self, kept: Mask | Whole) -> "Heads":
        """Those of a mask or at places `(lumi,)`."""
        return Heads(self.run[kept], self.lumi[kept], self.events[kept], self.pileup[kept], self.total[kept])
