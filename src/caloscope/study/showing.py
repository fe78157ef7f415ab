"""Lumisections of a study to look at: for each kind of fault one that was found, and one that was missed."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from caloscope.pipeline.step import Scored
from caloscope.records import Code, Counts, Floats, Mask
from caloscope.study.cells import Trials
from caloscope.study.examples import Example
from caloscope.study.kept import Kept
from caloscope.study.measuring import Judge, judge_of, scores_of
from caloscope.study.rows import on_view
from caloscope.study.samples import cells_of
from caloscope.study.schedule import Judged

MOST: Final = 8
"""Examples of a report."""


def examples(place: Judged, kept: Kept) -> list[Example]:
    """Those of one detector, none of the oracle: kinds of faults in turn, finds and misses."""
    if place.fit is None:
        return []
    picked = list(_picked(place, kept))[:MOST]
    shown = (_shown(cell, number, delay, place, kept) for cell, number, delay in picked)
    return [each for each in shown if each is not None]


def _picked(place: Judged, kept: Kept) -> Iterator[tuple[Trials, int, int | None]]:
    """Cell, trial and delay: of each kind of fault the first find and the first miss, misses before."""
    hits: list[tuple[Trials, int, int | None]] = []
    misses: list[tuple[Trials, int, int | None]] = []
    seen: set[tuple[str, bool]] = set()
    for cell in place.trials:
        for number, trial in enumerate((kept.read(cell.key) or {}).get("trials", ())):
            if trial.get("never_alive"):
                continue
            found = trial["delay"] is not None
            if (cell.row.key, found) not in seen:
                seen.add((cell.row.key, found))
                (hits if found else misses).append((cell, cell.first + number, trial["delay"]))
    half = MOST // 2
    yield from misses[: max(half, MOST - len(hits))]
    step = max(1, len(hits) // max(1, MOST - min(half, len(misses))))
    yield from hits[::step]


def _shown(cell: Trials, number: int, delay: int | None, place: Judged, kept: Kept) -> Example | None:
    """The lumisection in which a fault was found; the last one of the window where it was missed."""
    assert cell.fit is not None
    judge = judge_of(cell.fit, cell.sample, kept)
    if judge is None:
        return None
    state = judge.start(number, cell.row.window).state
    where = on_view(cells_of(cell.sample, cell.row, number), cell.sample.view)
    last = delay or cell.row.window
    for since, given in cell.sample.faulty(number, cell.row, where):
        scored = judge.step(given, state)
        state = scored.state
        if since == last:
            assert given.record is not None
            return _example(
                judge, scored, given.record.counts.astype(np.uint32, copy=False), where, cell, delay, place
            )
    return None


def _example(
    judge: Judge, scored: Scored, counts: Counts, where: Mask, cell: Trials, delay: int | None, place: Judged
) -> Example:
    values, result = scores_of(scored), scored.result
    nothing: Floats = np.full(judge.sample.view.shape, np.nan, np.float32)
    return Example(
        detector=place.setting.detector,
        fault=cell.row.title,
        run=result.key.run,
        lumi=delay or cell.row.window,
        delay=delay,
        counts=counts,
        expected=nothing if result.expected is None else result.expected,
        evidence=nothing if values is None else values.astype(np.float32),
        flagged=np.asarray(result.codes == Code.BAD),
        faulty=where,
    )
