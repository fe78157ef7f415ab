"""Which good runs are learned from, and which are held out for the thresholds."""

from collections import Counter
from collections.abc import Sequence
from math import ceil
from typing import Final

from caloscope.pipeline.state import Given

HELD_OUT: Final = 0.3
"""Share of the runs, the last ones, that thresholds are calibrated on."""

FEWEST: Final = 60
"""Lumisections without which neither is worth while."""


def split_by_run(given: Sequence[Given]) -> tuple[list[Given], list[Given]] | None:
    """What to learn from and what to calibrate with, whole runs each: the last ones are held out.

    Lumisections of one run are alike, so a run on both sides would let a detector know what it is to be
    surprised by. None where there is one run only, or either side would have fewer than 60 lumisections.
    """
    lumis = Counter(each.id.run for each in given)
    runs = sorted(lumis)
    held: list[int] = []
    while runs and (len(held) < ceil(HELD_OUT * len(lumis)) or sum(lumis[run] for run in held) < FEWEST):
        held.append(runs.pop())
    if sum(lumis[run] for run in runs) < FEWEST:
        return None
    kept = set(runs)
    return [each for each in given if each.id.run in kept], [
        each for each in given if each.id.run not in kept
    ]


def halves_by_run(given: Sequence[Given]) -> tuple[list[Given], list[Given]]:
    """Every second run, from the first and from the second on; twice the same where there is one run."""
    runs = sorted({each.id.run for each in given})
    if len(runs) < 2:
        return list(given), list(given)
    first = set(runs[::2])
    return [each for each in given if each.id.run in first], [
        each for each in given if each.id.run not in first
    ]
