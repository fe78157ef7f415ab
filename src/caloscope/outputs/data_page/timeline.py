"""Lumisections of several runs on one axis, and lines along it that are not too long to draw."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caloscope.dataset import DataSet

MAX_STEPS = 2000
"""Steps of a line; more rows than that are drawn as means of neighbours."""


class Stretch(NamedTuple):
    """A run on an axis: from where to where, and the first lumisection that its rows cover."""

    run: int
    start: float
    end: float
    first: int

    def at(self, lumi: int) -> float:
        """Where the middle of a lumisection stands."""
        return self.start + lumi - self.first + 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Where the rows of a data set stand when its runs are laid side by side: row i from `x0` to `x1`.

    Of a data set of one run the axis is that of lumisections.
    """

    x0: NDArray[np.float64]
    x1: NDArray[np.float64]
    runs: tuple[Stretch, ...]

    @property
    def low(self) -> float:
        """Where the axis begins."""
        return self.runs[0].start

    @property
    def high(self) -> float:
        """Where the axis ends."""
        return self.runs[-1].end


def timeline(data: DataSet, spans: NDArray[np.int64]) -> Timeline:
    """Rows on one axis; `spans` are the lumisections that each covers."""
    runs, lumis = np.asarray(data.runs), np.asarray(data.lumis, np.float64)
    x0, x1 = lumis - spans + 0.5, lumis + 0.5
    starts = np.flatnonzero(np.r_[True, runs[1:] != runs[:-1]])
    ends = np.r_[starts[1:], len(runs)]
    room = 0.01 * float(sum(x1[end - 1] - x0[start] for start, end in zip(starts, ends, strict=True)))
    at = x0[0] if len(starts) == 1 else 0.0
    places = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        low = float(x0[start:end].min())
        shift = at - low
        x0[start:end] += shift
        x1[start:end] += shift
        places.append(Stretch(int(runs[start]), float(at), float(x1[end - 1]), round(low + 0.5)))
        at = x1[end - 1] + max(1.0, room)
    return Timeline(x0, x1, tuple(places))


def thinning(rows: int) -> int:
    """How many rows are drawn as one step."""
    return max(1, -(-rows // MAX_STEPS))


def thinned(line: Timeline, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Start, end and level of steps: the rows that know a value, or means of so many neighbours in a run."""
    known = np.isfinite(values)
    x0, x1, y = line.x0[known], line.x1[known], values[known]
    many = thinning(len(line.x0))
    if many == 1:
        return x0, x1, y
    run = np.searchsorted([run.start for run in line.runs], x0, side="right")
    within = np.arange(len(x0)) - np.searchsorted(run, run)
    first = np.flatnonzero(np.r_[True, (run[1:] != run[:-1]) | (within[1:] % many == 0)])
    last = np.r_[first[1:], len(x0)] - 1
    return x0[first], x1[last], np.add.reduceat(y, first) / (last - first + 1)
