"""What a detector says of good lumisections: the largest evidence of each class in each of them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from caloscope.bundle import Bundle
from caloscope.calibrate.apply import SCORE
from caloscope.decide import CLASSES
from caloscope.detectors.base import Array
from caloscope.pipeline.state import Given
from caloscope.pipeline.step import Scored, Scorer
from caloscope.records import Code, Incident, LumiId, MapResult, Mask, Reason

Tell = Callable[[int, int], None]
"""Told how many of how many lumisections are done."""

LIKELY = (0.0, 5.0)
"""Nats above a threshold at which the lumisections of a cell are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """Lumisections in order, and what was seen in those that could be judged.

    `peaks` holds for each class the largest evidence (or score) in each, `(lumi,)`, NaN where the map was
    UNKNOWN or the lumisection is left out; `unknown` how many were, by reason. `above` says for each of
    `LIKELY` which cells were above the threshold by that, `(crossing, 2)`: a place in `ids` and a cell's in
    the view in C order; `judged` in how many lumisections each was tested, `([depth,] y, x)`. `incidents`
    opened although the thresholds were out of reach.
    """

    ids: tuple[LumiId, ...]
    peaks: Mapping[str, Array]
    unknown: Mapping[Reason, int]
    above: tuple[NDArray[np.int32], ...]
    judged: NDArray[np.int64]
    incidents: tuple[Incident, ...] = ()

    @property
    def lumis(self) -> int:
        """Lumisections that were judged, and are not left out."""
        return int(np.count_nonzero(self._counted()))

    def times(self, likely: int) -> NDArray[np.int64]:
        """In how many lumisections each cell was above the threshold by the one of `LIKELY`, as `judged`."""
        lumi, cell = self.above[likely].T
        found = np.bincount(cell[self._counted()[lumi]], minlength=self.judged.size)
        return found.reshape(self.judged.shape)

    @property
    def kept(self) -> float:
        """Share of the lumisections that were judged and are not left out."""
        return self.lumis / max(len(self.ids) - sum(self.unknown.values()), 1)

    def without(self, left_out: Mask) -> "Watched":
        """The same without some lumisections, `(lumi,)`."""
        peaks = {name: np.where(left_out, np.nan, series) for name, series in self.peaks.items()}
        return replace(self, peaks=peaks)

    def _counted(self) -> Mask:
        """Lumisections that were judged, and are not left out, `(lumi,)`."""
        there = [~np.isnan(series) for series in self.peaks.values()]
        return np.any(there, axis=0) if there else np.zeros(len(self.ids), np.bool_)

    @property
    def runs(self) -> tuple[int, ...]:
        """Runs, ascending."""
        return tuple(sorted({lumi_id.run for lumi_id in self.ids}))

    def why_unknown(self) -> list[str]:
        """How many were not judged for each reason, the most frequent first, as `3 WARM_UP`."""
        told = sorted(self.unknown.items(), key=lambda each: (-each[1], each[0]))
        return [f"{number} {reason}" for reason, number in told]

    def series(self, name: str, runs: Sequence[int] | None = None) -> list[Array]:
        """The peaks of a class run by run, of all runs or of some."""
        run = np.array([lumi_id.run for lumi_id in self.ids])
        return [self.peaks[name][run == each] for each in (self.runs if runs is None else runs)]


def watch(
    bundle: Bundle, given: Sequence[Given], masked: Mask, threshold: float, tell: Tell | None = None
) -> Watched:
    """Score lumisections in order through the pipeline's own steps, nothing recorded.

    `masked` cells, in the view's shape, do not count. `threshold` is the one above which a cell's evidence
    (or score) is counted.
    """
    scorer = Scorer(bundle, "calibration")
    state = scorer.initial()
    found = _Growing(bundle, masked, threshold)
    for number, each in enumerate(given):
        scored = scorer.score(each, state, masked)
        state = scored.state
        found.add(scored)
        if tell is not None:
            tell(number + 1, len(given))
    return found.watched(tuple(each.id for each in given))


class _Growing:
    """What has been seen so far."""

    def __init__(self, bundle: Bundle, masked: Mask, threshold: float) -> None:
        self._bundle, self._masked, self._threshold = bundle, masked, threshold
        self._rows: list[Mapping[str, float]] = []
        self._unknown: Counter[Reason] = Counter()
        self._above: list[list[NDArray[np.int32]]] = [[] for _ in LIKELY]
        self._judged = np.zeros(bundle.view.shape, np.int64)
        self._opened: dict[str, Incident] = {}

    def add(self, scored: Scored) -> None:
        """One lumisection."""
        self._opened |= {incident.id: incident for incident in scored.incidents}
        self._rows.append(_peaks(self._bundle, scored, self._masked))
        if not self._rows[-1]:
            self._unknown[scored.result.reason or Reason.NOT_SCORED] += 1
            return
        testable, value = _cells(scored.result)
        self._judged += testable
        for found, more in zip(self._above, LIKELY, strict=True):
            cells = np.flatnonzero(testable & (value > self._threshold + more)).astype(np.int32)
            found.append(np.stack([np.full_like(cells, len(self._rows) - 1), cells], axis=1))

    def watched(self, ids: tuple[LumiId, ...]) -> Watched:
        """All of it."""
        there = {name for row in self._rows for name in row}
        classes = [name for name in (*CLASSES, SCORE) if name in there]
        peaks = {name: np.array([row.get(name, np.nan) for row in self._rows]) for name in classes}
        nothing = np.zeros((0, 2), np.int32)
        above = tuple(np.concatenate([nothing, *found]) for found in self._above)
        incidents = tuple(each for each in self._opened.values() if not (each.standing or each.masked))
        return Watched(ids, peaks, self._unknown, above, self._judged, incidents)


def _cells(result: MapResult) -> tuple[Mask, Array]:
    """Which cells were tested and not masked, and what was found in them."""
    testable = (result.codes == Code.GOOD) | (result.codes == Code.BAD)
    value = result.badness
    return testable, np.zeros(testable.shape) if value is None else value.astype(np.float64)


def _peaks(bundle: Bundle, scored: Scored, masked: Mask) -> Mapping[str, float]:
    """The largest evidence of each class, or the largest score; nothing where the map is UNKNOWN.

    Masked cells have evidence too, and do not count.
    """
    if not scored.peaks:
        return {}
    testable, value = _cells(scored.result)
    if SCORE in scored.peaks:
        return {SCORE: float(value[testable].max())} if testable.any() else {}
    direction = scored.result.direction
    if direction is None or not masked.any():
        return scored.peaks
    # With thresholds out of reach no region is flagged, so that what is shown is the evidence of cells alone.
    low, high = (float(value[testable & (direction == sign)].max(initial=0.0)) for sign in (-1, 1))
    limits = bundle.card.thresholds
    return {**scored.peaks, "cell_low": low, "cell_high": high + limits["cell_high"] - limits["cell_low"]}
