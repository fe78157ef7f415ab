"""What was measured at one place of the matrix, and its lines in the tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from caloscope.decide import LUMIS_PER_DAY
from caloscope.study.asked import ASKED
from caloscope.study.histogram import Histogram, added
from caloscope.study.kept import Kept
from caloscope.study.metrics.areas import Ranked, auc, average_precision, curves, false_discoveries
from caloscope.study.metrics.delays import Delays, delays_of, mean, median
from caloscope.study.metrics.intervals import between, clumped, draws, garwood, wilson
from caloscope.study.results import (
    NOTHING,
    CleanLine,
    CostLine,
    Failure,
    FaultLine,
    Interval,
    Points,
)
from caloscope.study.rows import Row
from caloscope.study.schedule import Judged

HALF: Final = 0.5
"""Share of faulty maps where curves of maps are drawn: as many as good ones."""

Trial = Mapping[str, Any]


class Place:
    """What was measured at one place of the matrix."""

    def __init__(self, place: Judged, kept: Kept, after: int) -> None:
        self.place, self.after, self._kept = place, after, kept
        clean = [each for each in map(self._read, place.clean) if "failed" not in each]
        self.clean = clean
        self.healthy, self.maps = Histogram(), Histogram()
        for each in clean:
            self.healthy, self.maps = added(self.healthy, each["cells"]), added(self.maps, each["maps"])
        self.trials: dict[Row, list[Trial]] = {}
        for cell in place.trials:
            found = self._read(cell).get("trials", ())
            # Of cells that it never saw alive a detector cannot say anything.
            told = [trial for trial in found if not trial.get("never_alive")]
            self.trials.setdefault(cell.row, []).extend(told)

    def _read(self, cell: Any) -> Any:
        return self._kept.read(cell.key) or {"failed": "not measured"}

    @property
    def delays(self) -> dict[Row, Delays]:
        """Of each kind of fault that was tried."""
        return {row: delays_of(each) for row, each in self.trials.items() if each}

    def numbers(self, row: Row) -> list[int]:
        """Which trials there are of a fault."""
        return [int(trial["trial"]) for trial in self.trials.get(row, ())]

    def line(self, row: Row) -> FaultLine:
        """One kind of fault."""
        trials, delays = self.trials[row], delays_of(self.trials[row])
        return FaultLine(
            self.place.setting,
            row.title,
            row.place,
            row.factor,
            row.window,
            len(trials),
            self.after,
            wilson(int(np.isfinite(delays).sum()), len(delays)),
            median(delays),
            mean(delays, row.window),
            *(self._areas(trials) if self.place.fit is not None else ()),
        )

    def _areas(self, trials: Sequence[Trial]) -> Iterable[Interval]:
        if any("scores" in each for each in trials):
            yield from self._curves(trials)
        else:
            yield from (NOTHING,) * 5
        yield _precision(trials)
        yield wilson(sum(bool(each.get("inside")) for each in trials), len(trials))
        yield wilson(sum("scores" in each for each in trials), len(trials))

    def _curves(self, trials: Sequence[Trial]) -> Iterable[Interval]:
        cells, maps, faulty, alive = self._ranked(trials)
        yield auc(cells)
        yield average_precision(cells, faulty / alive if alive else 0.0)
        yield auc(maps)
        yield average_precision(maps, HALF)
        yield false_discoveries(cells, faulty, alive)

    def _ranked(self, trials: Sequence[Trial]) -> tuple[Ranked | None, Ranked | None, float, float]:
        """Cells and maps in the order of their scores; how many cells are faulty, and alive, in a map."""
        cells = Ranked.of([each.get("scores", ()) for each in trials], self.healthy)
        maps = Ranked.of([[each.get("map", 0.0)] for each in trials], self.maps)
        faulty = float(np.mean([each["cells"] for each in trials if "cells" in each] or [0]))
        alive = float(max(each.get("alive", 0) for each in trials))
        return cells, maps, faulty, alive

    def points(self, row: Row) -> Iterable[Points]:
        """ROC and precision-recall curves of cells."""
        cells, _, faulty, alive = self._ranked(self.trials[row])
        if cells is None or not alive:
            return
        for kind, (x, y) in zip(("roc", "pr"), curves(cells, faulty / alive), strict=True):
            rounded = (tuple(float(f"{value:.5g}") for value in each) for each in (x, y))
            yield Points(self.place.setting, row.title, kind, *rounded)

    def clean_line(self, asked: float) -> CleanLine:
        """What was said of healthy lumisections."""
        lumis, judged, incidents = (
            sum(each[name] for each in self.clean) for name in ("lumis", "judged", "incidents")
        )
        runs = [number for each in self.clean for number in each["by_run"]]
        rate = clumped(runs, judged / LUMIS_PER_DAY)
        return CleanLine(self.place.setting, asked, lumis, judged, incidents, rate)

    def calibration(self) -> Iterable[CleanLine]:
        """Excursions in healthy lumisections above the thresholds for several rates."""
        lumis, judged = (sum(each[name] for each in self.clean) for name in ("lumis", "judged"))
        every = [each["passed"] for each in self.clean if each["passed"]]
        for asked, *seen in zip(ASKED, *every, strict=True) if every else ():
            rate = garwood(sum(seen), judged / LUMIS_PER_DAY)
            yield CleanLine(self.place.setting, asked, lumis, judged, sum(seen), rate)

    def failure(self) -> Failure | None:
        """Why it could not be trained; None where it was."""
        told = None if self.place.fit is None else self._read(self.place.fit)
        return None if told is None or "failed" not in told else Failure(self.place.setting, told["failed"])

    def cost(self) -> CostLine | None:
        """What it cost; None where it could not be trained."""
        told = None if self.place.fit is None else self._read(self.place.fit)
        if told is None or "failed" in told:
            return None
        ms = [each["ms"] for each in self.clean if each["ms"] is not None]
        inference = float(np.median(ms)) if ms else float("nan")
        return CostLine(
            self.place.setting, float(told["seconds"]), inference, int(told["parameters"]), int(told["size"])
        )


def _precision(trials: Sequence[Trial]) -> Interval:
    """Of flagged cells the share that is faulty; NaN where nothing was flagged."""
    hits, false = (np.array([each.get(name, 0) for each in trials]) for name in ("hits", "false"))
    if not (hits + false).sum():
        return NOTHING
    chosen = draws(len(trials))
    right, every = hits[chosen].sum(axis=1), (hits + false)[chosen].sum(axis=1)
    drawn = np.where(every > 0, right / np.maximum(every, 1), np.nan)
    return between(float(hits.sum() / (hits + false).sum()), drawn)
