"""When a fault is there: lumisections counted through the runs of a data set, and its strength in each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from caloscope.faults.fault import Fault
from caloscope.records import LumiId


@dataclass(frozen=True, slots=True)
class Clock:
    """Counts lumisections from 1 through runs, those that are missing inside a run too.

    In the first run it is the lumisection's own number; in a later one the lengths of the runs before are
    added. `before` holds for each run how many lumisections the runs before it had.
    """

    before: Mapping[int, int]

    @classmethod
    def of(cls, lumis: Iterable[LumiId]) -> "Clock":
        """The clock of the lumisections that there are, in any order."""
        lasts: dict[int, int] = {}
        for run, lumi in lumis:
            lasts[run] = max(lumi, lasts.get(run, 0))
        before, passed = {}, 0
        for run in sorted(lasts):
            before[run] = passed
            passed += lasts[run]
        return cls(before)

    def at(self, lumi_id: LumiId) -> int:
        """The lumisection's place; that of a run which is not known counts from its own start."""
        return self.before.get(lumi_id.run, 0) + lumi_id.lumi


def strength(fault: Fault, place: int) -> float:
    """How much of the fault there is in the lumisection at this place of the clock, 0 (none) to 1 (all)."""
    if place < fault.onset or (fault.end is not None and place >= fault.end) or not _on(fault, place):
        return 0.0
    passed = place - fault.onset + 1
    size = min(1.0, passed / fault.ramp) if fault.ramp > 0 else 1.0
    return size * (1.0 - fault.within) if place == fault.onset else size


def _on(fault: Fault, place: int) -> bool:
    """Whether a fault that comes and goes is there."""
    if fault.duty >= 1.0:
        return True
    if fault.period > 0:
        return (place - fault.onset) % fault.period < fault.duty * fault.period
    return bool(np.random.default_rng([fault.seed, place]).random() < fault.duty)
