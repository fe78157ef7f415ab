"""Runs in which something breaks, or nothing does, as one detector sees them: the pipeline's own steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from caloscope.bundle import Bundle
from caloscope.detectors.base import Array
from caloscope.pipeline.state import Given, State
from caloscope.pipeline.step import Scored, Scorer
from caloscope.records import Code, Mask, Quality
from caloscope.study.asked import passed
from caloscope.study.cells import Clean, Fit, Trials
from caloscope.study.fitting import ready
from caloscope.study.histogram import Histogram, added, counted
from caloscope.study.kept import Kept
from caloscope.study.measured import Measured
from caloscope.study.rows import Row, on_view
from caloscope.study.samples import Sample, cells_of
from caloscope.study.simulated import Simulated

COVERED: Final = 0.5
"""Share of the faulty cells that must be flagged for a fault to be found."""

MOST_SCORES: Final = 64
"""Scores of faulty cells that are kept of a trial."""

EVERY: Final = 10
"""Of clean lumisections, one in so many is looked at cell by cell."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A run of a trial up to the onset: the state of the detector, and its last answer."""

    state: State
    last: Scored | None


class Judge:
    """One detector on the runs of one sample."""

    def __init__(self, bundle: Bundle, sample: Sample) -> None:
        self.sample, self.scorer = sample, Scorer(bundle, "study")
        self.alive = np.asarray(bundle.detector.alive & sample.view.exists)
        self._nothing = np.zeros(bundle.view.shape, np.bool_)

    def step(self, given: Given, state: State) -> Scored:
        """What one lumisection brought, nothing masked."""
        return self.scorer.score(given, state, self._nothing)

    @lru_cache(maxsize=32)  # noqa: B019 - judges live as long as their work
    def start(self, number: int, window: int) -> Start:
        """A run up to the onset of a fault that is looked for in so many lumisections."""
        state, last = self.scorer.initial(), None
        for given in self.sample.before(number, window):
            last = self.step(given, state)
            state = last.state
        return Start(state, last)


def judge_of(fit: Fit, sample: Simulated | Measured, kept: Kept) -> Judge | None:
    """The judge of a fit; None where that failed, until it is made."""
    return _judge(fit, sample, kept) if kept.bundle(fit.key).is_dir() else None


@lru_cache(maxsize=2)
def _judge(fit: Fit, sample: Simulated | Measured, kept: Kept) -> Judge:
    return Judge(ready(fit, kept), sample)


def trials(cell: Trials, kept: Kept) -> dict[str, Any]:
    """What a detector made of one kind of fault, trial by trial; `failed` where it could not be trained."""
    assert cell.fit is not None
    judge = judge_of(cell.fit, cell.sample, kept)
    if judge is None:
        return {"failed": "not trained"}
    if not cell.sample.places(cell.row):
        return {"trials": []}
    numbers = range(cell.first, cell.first + cell.many)
    return {"trials": [_trial(judge, cell.row, number, cell.after) for number in numbers]}


def _trial(judge: Judge, row: Row, number: int, after: int) -> dict[str, Any]:
    """One fault, until it was found and scores were taken, or the window is over."""
    sample = judge.sample
    cells = on_view(cells_of(sample, row, number), sample.view)
    own = cells & judge.alive
    if not own.any():
        return {"trial": number, "never_alive": True}  # it cannot say anything of them
    start = judge.start(number, row.window)
    before = start.last is not None and _flagged(start.last, own)
    hunting, state, delay = not before, start.state, None
    told: dict[str, Any] = {}
    for since, given in sample.faulty(number, row, cells):
        scored = judge.step(given, state)
        state = scored.state
        if hunting and delay is None and _flagged(scored, own):
            delay = since
        if since >= after and not told:
            told = _seen(judge, scored, cells)
        if since >= after and (delay is not None or not hunting):
            break
    return {"trial": number, "delay": delay, **told}


def scores_of(scored: Scored) -> Array | None:
    """Evidence or score of each cell in the view's shape, high = worse; None where nothing was judged."""
    found = scored.result.badness
    return None if found is None else found.astype(np.float64)


def _seen(judge: Judge, scored: Scored, cells: Mask) -> dict[str, Any]:
    """Scores of faulty cells, the map's highest, whether that is one of them; flags right and wrong."""
    values = scores_of(scored)
    if values is None:
        return {}
    known = np.where(judge.alive, np.nan_to_num(values, nan=0.0), -1.0)
    own = known[cells & judge.alive]
    bad = scored.result.codes == Code.BAD
    return {
        "scores": [float(f"{each:.4g}") for each in _few(own)],
        "map": float(f"{known.max():.4g}"),
        "cells": int(own.size),
        "alive": int(judge.alive.sum()),
        "inside": bool(own.size and own.max() >= known.max() and known.max() > 0.0),
        "hits": int((bad & cells).sum()),
        "false": int((bad & ~cells).sum()),
    }


def _few(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """All, or as many as are kept, evenly over their order."""
    if values.size <= MOST_SCORES:
        return values
    return np.sort(values)[np.linspace(0, values.size - 1, MOST_SCORES).astype(np.int64)]


def _flagged(scored: Scored, cells: Mask) -> bool:
    """Whether so many of the cells have an unmasked flag."""
    return bool((scored.result.codes[cells] == Code.BAD).mean() >= COVERED)


def clean(cell: Clean, kept: Kept) -> dict[str, Any]:
    """What a detector made of runs in which nothing is wrong, seen one after the other as in a fill."""
    judge = judge_of(cell.fit, cell.sample, kept)
    if judge is None:
        return {"failed": "not trained"}
    state, seen = judge.scorer.initial(), _Calm(judge.alive)
    for run in range(cell.first, cell.first + cell.many):
        seen.begin()
        for number, given in enumerate(cell.sample.clean(run, cell.runs)):
            scored = judge.step(given, state)
            state = scored.state
            seen.add(scored, in_full=number % EVERY == EVERY - 1)
    promised = (kept.read(cell.fit.key) or {}).get("promised", [])
    return {**seen.told(), "passed": passed(promised, seen.peaks)}


class _Calm:
    """What was said of runs in which nothing is wrong, so far; incidents by run."""

    def __init__(self, alive: Mask) -> None:
        self._alive, self._known = alive, set[str]()
        self._lumis, self._judged, self._flags = 0, 0, 0
        self._seconds, self._incidents, self._maps = list[float](), list[int](), list[float]()
        self._cells = Histogram()
        self.peaks: list[list[Mapping[str, float]]] = []

    def begin(self) -> None:
        """A new run."""
        self.peaks.append([])
        self._incidents.append(0)

    def add(self, scored: Scored, *, in_full: bool) -> None:
        """One lumisection, cell by cell or not."""
        new = {incident.id for incident in scored.incidents if not incident.standing} - self._known
        self._known |= new
        self._incidents[-1] += len(new)
        self._lumis += 1
        self._judged += scored.result.quality is not Quality.UNKNOWN
        self._flags += scored.result.bad_cells
        self._seconds.append(scored.result.seconds)
        self.peaks[-1].append(scored.peaks)
        values = scores_of(scored) if in_full else None
        if values is not None:
            own = np.nan_to_num(values[self._alive], nan=0.0)
            self._cells = added(self._cells, counted(own))
            self._maps.append(float(own.max(initial=0.0)))

    def told(self) -> dict[str, Any]:
        """Numbers and histograms."""
        return {
            "lumis": self._lumis,
            "judged": self._judged,
            "flags": self._flags,
            "incidents": sum(self._incidents),
            "by_run": self._incidents,
            "ms": 1e3 * float(np.median(self._seconds)) if self._seconds else None,
            "cells": self._cells,
            "maps": counted(np.array(self._maps)),
        }
