"""Whether thresholds keep what they promise: rates asked for against rates observed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caloscope.calibrate.calibration import tail_of
from caloscope.calibrate.watch import Watched
from caloscope.decide import LUMIS_PER_DAY, budget, upcrossings
from caloscope.detectors.base import Array
from caloscope.incidents.giving import CLOSE_AFTER

ASKED = np.geomspace(0.1, 100.0, 16)
"""False incidents per 3,700 lumisections, all classes together."""


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """Excursions in `lumis` lumisections above the thresholds that stand for the rates `asked`, `(rate,)`.

    `shares` and `seen` are by class: the rates asked of it, and the excursions, both `(rate,)`; rates are per
    3,700 lumisections. `independent`: counted in other runs than those that gave the thresholds.
    """

    asked: Array
    shares: Mapping[str, Array]
    seen: Mapping[str, NDArray[np.int64]]
    lumis: int
    independent: bool

    @property
    def together(self) -> NDArray[np.int64]:
        """Excursions of all classes, `(rate,)`."""
        return np.asarray(np.sum(list(self.seen.values()), axis=0), np.int64)


def check(watched: Watched, asked: Array = ASKED) -> tuple[Check, ...]:
    """The same lumisections, and, of two runs or more, each half of the runs with thresholds of the other."""
    runs = watched.runs
    same = _check(watched, asked, [(runs, runs)], independent=False)
    if len(runs) < 2:
        return (same,)
    halves = runs[::2], runs[1::2]
    return same, _check(watched, asked, [halves, halves[::-1]], independent=True)


def _check(
    watched: Watched,
    asked: Array,
    folds: Sequence[tuple[Sequence[int], Sequence[int]]],
    *,
    independent: bool,
) -> Check:
    """Thresholds from the first runs of each fold, excursions from the second."""
    each = [budget(watched.peaks, float(rate)) for rate in asked]
    shares = {name: np.array([share[name] for share in each]) for name in watched.peaks}
    seen = {name: np.zeros(len(asked), np.int64) for name in watched.peaks}
    for name in watched.peaks:
        for learned, counted in folds:
            tail = tail_of(watched, name, learned)
            cuts = [tail.threshold_at(share / LUMIS_PER_DAY).careful for share in shares[name]]
            seen[name] += upcrossings(watched.series(name, counted), np.array(cuts), CLOSE_AFTER)
    return Check(asked, shares, seen, watched.lumis, independent)
