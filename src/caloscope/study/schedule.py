"""What a study measures: the cells of its matrix, each once, in portions that processes share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, TypeAlias

from caloscope.study.cells import SEEDED, Clean, Fit, Trials, Yardstick, code
from caloscope.study.kept import Kept
from caloscope.study.results import Setting
from caloscope.study.rows import Row
from caloscope.study.samples import possible, sample_of
from caloscope.study.simulated import Simulated
from caloscope.study.text import ORACLE, MatrixText, StudyText

Cell: TypeAlias = Fit | Clean | Trials | Yardstick

TOGETHER: Final = 10
"""Runs of a trial, or clean runs, in one cell."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One place of the matrix: how it is called, and the cells that it is made of; `fit` None: the oracle."""

    setting: Setting
    fit: Fit | None
    rows: tuple[Row, ...]
    trials: tuple[Trials, ...]
    clean: tuple[Clean, ...]
    yardsticks: tuple[Yardstick, ...] = ()

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All of them."""
        own: tuple[Cell, ...] = () if self.fit is None else (self.fit,)
        return (*own, *self.yardsticks, *self.clean, *self.trials)


@dataclass(frozen=True, slots=True)
class Work:
    """A portion of work: cells of one kind that have a detector, or an oracle, in common.

    `code` is the digest of the code that names them.
    """

    kept: Kept
    cells: tuple[Cell, ...]
    code: str


def judged(study: StudyText) -> list[Judged]:
    """All places of the matrix, the oracle on each sample that is judged among them."""
    return [each for matrix in study.matrix for each in _judged(study, matrix)]


def _judged(study: StudyText, matrix: MatrixText) -> Iterator[Judged]:
    rows = study.rows(matrix)
    tests = matrix.test or list(study.sample)
    for title in tests:
        sample = sample_of(study, title)
        if isinstance(sample, Simulated):
            yield _oracle(study, matrix, title, sample, possible(sample, rows))
    detectors = matrix.detectors or list(study.detector)
    axes = (matrix.train or list(study.sample), matrix.lumis, matrix.faulty, matrix.seeds, detectors, tests)
    for trained, lumis, faulty, seed, detector, tested in product(*axes):
        source, there = sample_of(study, trained), sample_of(study, tested)
        kind = study.detector[detector].kind
        again = seed != matrix.seeds[0] and kind not in SEEDED
        if source.map != there.map or (matrix.same and trained != tested) or again:
            continue
        setting = Setting(matrix.name, detector, trained, tested, lumis, faulty, seed)
        fit = Fit(
            study.detector[detector],
            source,
            lumis,
            study.rate,
            study.calibrated_on,
            faulty,
            possible(source, rows),
            seed,
        ).plain()
        yield _place(study, matrix, setting, fit, possible(there, rows))


def _place(study: StudyText, matrix: MatrixText, setting: Setting, fit: Fit, rows: tuple[Row, ...]) -> Judged:
    sample = sample_of(study, setting.tested)
    runs = sample.clean_runs(matrix.clean)
    clean = tuple(Clean(fit, sample, first, many, runs) for first, many in _portions(runs))
    trials = tuple(
        Trials(fit, sample, row, first, many, study.after)
        for first, many in _portions(matrix.trials)
        for row in rows
    )
    return Judged(setting, fit, rows, trials, clean)


def _oracle(
    study: StudyText, matrix: MatrixText, tested: str, sample: Simulated, rows: tuple[Row, ...]
) -> Judged:
    marks = {row: Yardstick(sample, row, study.yardstick, study.rate) for row in rows}
    trials = tuple(
        Trials(None, sample, row, first, many, study.after, marks[row])
        for first, many in _portions(matrix.trials)
        for row in rows
    )
    setting = Setting(matrix.name, ORACLE, tested, tested, 0, 0.0, 0)
    return Judged(setting, None, rows, trials, (), tuple(marks.values()))


def _portions(runs: int) -> Iterator[tuple[int, int]]:
    """First run and number of runs of each portion."""
    return ((first, min(TOGETHER, runs - first)) for first in range(0, runs, TOGETHER))


def missing(places: Iterable[Judged], kept: Kept) -> tuple[list[Work], list[Work]]:
    """What is to be done first, detectors and yardsticks, and what after that; what is there is left out."""
    first: dict[object, dict[str, Cell]] = {}
    then: dict[object, dict[str, Cell]] = {}
    done: dict[str, bool] = {}
    for place in places:
        for cell in place.cells:
            key = cell.key
            if key not in done:
                done[key] = is_done(cell, key, kept)
                if not done[key]:
                    group, what = _group(cell)
                    (first if group else then).setdefault(what, {})[key] = cell
    return tuple([Work(kept, tuple(one.values()), code()) for one in each.values()] for each in (first, then))  # type: ignore[return-value]


def is_done(cell: Cell, key: str, kept: Kept) -> bool:
    """Whether there is a result. A fit that failed is tried again: what it lacked may be there now."""
    if not isinstance(cell, Fit):
        return kept.has(key)
    result = kept.read(key)
    return result is not None and "failed" not in result and kept.bundle(key).is_dir()


def _group(cell: Cell) -> tuple[bool, object]:
    """Whether a cell comes first, and what it has in common with others of the same portion."""
    match cell:
        case Fit():
            return True, cell.key
        case Yardstick():
            return True, (cell.sample, cell.lumis, cell.rate)
        case Clean():
            return False, cell.key
        case Trials():
            return False, replace(cell, row=Row("cell", 0.0), yardstick=None)
