"""Several data sets as one, still read when they are asked for."""

from collections.abc import Sequence
from itertools import pairwise
from typing import overload

import numpy as np
from numpy.typing import NDArray

from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.records import LumiId
from caloscope.training.streamed import Streamed


class Joined(Streamed):
    """Lumisections of several data sets in (run, lumi) order.

    `chosen` holds numbers of lumisections, counted through the parts as they stand; all in order where it is
    None. Raises `UsageError` where two parts have the same lumisection.
    """

    def __init__(self, parts: Sequence[Streamed], chosen: NDArray[np.int64] | None = None) -> None:
        self._parts = tuple(parts)
        self._all = [each for part in parts for each in part.ids]
        self._ends = np.cumsum([len(part) for part in parts])
        self._chosen = self._ordered() if chosen is None else chosen

    def _ordered(self) -> NDArray[np.int64]:
        order = sorted(range(len(self._all)), key=self._all.__getitem__)
        for before, after in pairwise(order):
            if self._all[before] == self._all[after]:
                run, lumi = self._all[after]
                raise UsageError(f"found {run}:{lumi} in two data sets, expected each lumisection once")
        return np.array(order, np.int64)

    @property
    def ids(self) -> list[LumiId]:
        """Run and lumi of each, without reading any counts."""
        return [self._all[number] for number in self._chosen.tolist()]

    @property
    def conditions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Events (0: unknown) and pileup (NaN: unknown) of each, without reading any counts."""
        events, pileup = zip(*(part.conditions for part in self._parts), strict=True)
        return np.concatenate(events)[self._chosen], np.concatenate(pileup)[self._chosen]

    def part(self, place: int) -> tuple[int, int]:
        """Of which part the lumisection at a place is, and its place in that."""
        number = int(self._chosen[place])
        part = int(np.searchsorted(self._ends, number, side="right"))
        return part, number - (int(self._ends[part - 1]) if part else 0)

    def taken(self, places: NDArray[np.int64]) -> "Joined":
        """Some of them, by their places in this sequence."""
        return Joined(self._parts, self._chosen[places])

    def __len__(self) -> int:
        """Number of lumisections."""
        return len(self._chosen)

    @overload
    def __getitem__(self, place: int) -> Given: ...
    @overload
    def __getitem__(self, place: slice) -> "Joined": ...
    def __getitem__(self, place: int | slice) -> "Given | Joined":
        """One, read now; or some of them, not read yet."""
        if isinstance(place, slice):
            return Joined(self._parts, self._chosen[place])
        part, inside = self.part(place)
        return self._parts[part][inside]
