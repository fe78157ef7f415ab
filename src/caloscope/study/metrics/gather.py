"""The lines of a study's tables, from the results of its cells."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from caloscope.decide import LUMIS_PER_DAY
from caloscope.study.described import StudyText
from caloscope.study.histogram import Histogram, added
from caloscope.study.kept import Kept
from caloscope.study.metrics.areas import Ranked, auc, average_precision, curves, false_discoveries
from caloscope.study.metrics.delays import Delays, delays_of, mean, median, slower
from caloscope.study.metrics.intervals import between, draws, garwood, wilson
from caloscope.study.results import (
    NOTHING,
    CleanLine,
    CostLine,
    Failure,
    FaultLine,
    Interval,
    Points,
    RankLine,
    Results,
)
from caloscope.study.rows import Row
from caloscope.study.schedule import ORACLE, Judged

HALF: Final = 0.5
"""Share of faulty maps where curves of maps are drawn: as many as good ones."""

Trial = Mapping[str, Any]


class _Place:
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
            self.trials.setdefault(cell.row, []).extend(found)

    def _read(self, cell: Any) -> Any:
        return self._kept.read(cell.key) or {"failed": "not measured"}

    @property
    def delays(self) -> dict[Row, Delays]:
        """Of each kind of fault that was tried."""
        return {row: delays_of(each) for row, each in self.trials.items() if each}

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
        cells, maps, faulty, alive = self._ranked(trials)
        yield auc(cells)
        yield average_precision(cells, faulty / alive if alive else 0.0)
        yield auc(maps)
        yield average_precision(maps, HALF)
        yield false_discoveries(cells, faulty, alive)
        yield _precision(trials)
        yield wilson(sum(bool(each.get("inside")) for each in trials), len(trials))
        yield wilson(sum("scores" in each for each in trials), len(trials))

    def _ranked(self, trials: Sequence[Trial]) -> tuple[Ranked | None, Ranked | None, float, float]:
        """Cells and maps in the order of their scores; how many cells are faulty, and alive, in a map."""
        cells = Ranked.of([each.get("scores", ()) for each in trials], self.healthy)
        maps = Ranked.of([[each.get("map", 0.0)] for each in trials], self.maps)
        faulty = float(np.mean([each.get("cells", 0) for each in trials]))
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
        rate = garwood(incidents, judged / LUMIS_PER_DAY)
        return CleanLine(self.place.setting, asked, lumis, judged, incidents, rate)

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


def results(study: StudyText, places: Sequence[Judged], kept: Kept) -> Results:
    """All that was measured; what is missing is left out."""
    measured = [_Place(each, kept, study.after) for each in places]
    own = [each for each in measured if each.place.fit is not None]
    first = study.matrix[0].name
    return Results(
        title=study.title,
        about=study.about,
        map=study.map,
        rate=study.rate,
        faults=tuple(each.line(row) for each in measured for row in each.trials if each.trials[row]),
        clean=tuple(each.clean_line(study.rate) for each in own if each.clean),
        costs=tuple(cost for each in own if (cost := each.cost()) is not None),
        failed=tuple(failure for each in own if (failure := each.failure()) is not None),
        ranking=tuple(_ranking(own, _oracles(measured), study.rate)),
        curves=tuple(
            point
            for each in own
            if each.place.setting.matrix == first
            for row in each.trials
            if each.trials[row]
            for point in each.points(row)
        ),
    )


def _oracles(measured: Iterable[_Place]) -> dict[tuple[str, str], _Place]:
    """The oracle by matrix and sample."""
    settings = ((each.place.setting, each) for each in measured)
    return {(one.matrix, one.tested): each for one, each in settings if one.detector == ORACLE}


def _ranking(
    own: Sequence[_Place], oracles: Mapping[tuple[str, str], _Place], asked: float
) -> Iterable[RankLine]:
    """The best first, within each matrix."""
    lines = []
    for each in own:
        setting = each.place.setting
        delays, oracle = each.delays, oracles.get((setting.matrix, setting.tested))
        known = {} if oracle is None else oracle.delays
        rows = [row for row in delays if row in known]
        if not delays:
            continue
        ratio = slower(
            [delays[row] for row in rows], [known[row] for row in rows], [row.window for row in rows]
        )
        every = np.concatenate(list(delays.values()))
        found = wilson(int(np.isfinite(every).sum()), every.size)
        rate = each.clean_line(asked).rate if each.clean else NOTHING
        lines.append(RankLine(setting, ratio, found, len(delays), rate))
    names = list(dict.fromkeys(line.setting.matrix for line in lines))
    return sorted(lines, key=lambda line: (names.index(line.setting.matrix), *_order(line)))


def _order(line: RankLine) -> tuple[float, float]:
    """By the delay; where there is no oracle to compare with, by what was found."""
    return (np.nan_to_num(line.slower.value, nan=0.0), -line.found.value)
