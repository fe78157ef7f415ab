"""Measuring what a study asks for: here, on several cores or a cluster; what is there is not done again."""

import os
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from caloscope import cluster
from caloscope.errors import UsageError
from caloscope.study.cells import Clean, Fit, Trials, Yardstick, code
from caloscope.study.fitting import fit
from caloscope.study.kept import Kept
from caloscope.study.measuring import clean, trials
from caloscope.study.schedule import Judged, Work, missing
from caloscope.study.watching import oracle_trials, yardsticks

Tell: TypeAlias = Callable[[int, int, str], None]
"""Told of portions that are done, of all there are, and what they are."""

_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def measure(
    places: Sequence[Judged],
    kept: Kept,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    tell: Tell | None = None,
) -> None:
    """Measure all cells that are missing. Raises `UsageError` where the scheduler is not there."""
    first, then = missing(places, kept)
    every, done = len(first) + len(then), 0
    if workers > 1:  # one thread each: two that wait for one another's core cost more than they bring
        for name in _THREADS:
            os.environ.setdefault(name, "1")
    for stage, works in (("detectors", first), ("trials", then)):
        for _ in cluster.each(work, works, workers=workers, scheduler=scheduler):
            done += 1
            if tell is not None:
                tell(done, every, stage)


def work(portion: Work) -> float:
    """Measure and keep the cells of a portion; the seconds that it took.

    Raises `UsageError` where this process has other code than the one that asked: results would get the names
    of others.
    """
    if portion.code != code():
        other = f"a worker has other code ({code()}) than the study ({portion.code})"
        raise UsageError(f"{other}, expected the same: install it there, or ask again if it was changed")
    started, kept = time.perf_counter(), portion.kept
    marks = [cell for cell in portion.cells if isinstance(cell, Yardstick)]
    if marks:
        one = marks[0]
        found = yardsticks(one.sample, [mark.row for mark in marks], one.lumis, one.rate)
        share = (time.perf_counter() - started) / len(marks)
        for mark in marks:
            kept.write(mark.key, {"threshold": found.get(mark.row.key), "took": share})
    for cell in portion.cells:
        before = time.perf_counter()
        result = _measured(cell, kept) if not isinstance(cell, Yardstick) else None
        if result is not None and (isinstance(cell, Fit) or "failed" not in result):
            kept.write(cell.key, {**result, "took": time.perf_counter() - before})
    return time.perf_counter() - started


def _measured(cell: Fit | Clean | Trials, kept: Kept) -> dict[str, object]:
    match cell:
        case Fit():
            return fit(cell, kept)
        case Clean():
            return clean(cell, kept)
        case Trials(fit=None):
            return _of_oracle(cell, kept)
        case Trials():
            return trials(cell, kept)


def _of_oracle(cell: Trials, kept: Kept) -> dict[str, object]:
    mark = None if cell.yardstick is None else kept.read(cell.yardstick.key)
    if mark is None:
        raise UsageError(f"{cell.row.title}: found no threshold of the oracle, expected one")
    return {"trials": []} if mark["threshold"] is None else oracle_trials(cell, mark["threshold"])
