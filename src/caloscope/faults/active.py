"""The faults that are there in one lumisection of one map."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caloscope.faults.check import check
from caloscope.faults.clock import Clock, strength
from caloscope.faults.fault import Fault
from caloscope.geometry import View
from caloscope.records import LUMISECTION_SECONDS, LumiId, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Active:
    """A fault at work: its `number` among all faults, from 1, its cells, and how much of it there is.

    `strength` is above 0, 1 for all of it. `place` is the lumisection's on the clock, `days` the days of
    uninterrupted data taking since the onset.
    """

    fault: Fault
    number: int
    cells: Mask
    strength: float
    place: int
    days: float


LUMIS_A_DAY = 86_400.0 / LUMISECTION_SECONDS


class Schedule:
    """Tells which faults are there when. Raises `UsageError` for faults that make no sense on the view."""

    def __init__(self, faults: Sequence[Fault], map_name: str, view: View, clock: Clock) -> None:
        self._clock = clock
        self._shape = view.shape
        self._faults: list[tuple[int, Fault, NDArray[np.uint8]]] = []
        for number, fault in enumerate(faults, start=1):
            if fault.touches(map_name):
                check(fault, view)
                # thousands of faults fit only as bits
                self._faults.append((number, fault, np.packbits(fault.cells(view))))

    def at(self, lumi_id: LumiId) -> list[Active]:
        """The faults of one lumisection, in the order they were given."""
        return list(self._at(self._clock.at(lumi_id)))

    def _at(self, place: int) -> Iterator[Active]:
        for number, fault, bits in self._faults:
            there = strength(fault, place)
            if there > 0.0:
                cells = (
                    np.unpackbits(bits, count=math.prod(self._shape)).astype(np.bool_).reshape(self._shape)
                )
                days = (place - fault.onset + 1) / LUMIS_A_DAY
                yield Active(fault, number, cells, there, place, days)
