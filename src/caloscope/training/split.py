"""Which good runs are learned from, and which are held out for the thresholds."""

from collections import Counter
from collections.abc import Sequence
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.pipeline.state import Given
from caloscope.records import Mask
from caloscope.training.streamed import ids_of, taken

HELD_OUT: Final = 0.3
"""Share of the runs, the last ones, that thresholds are calibrated on."""

STOPPING: Final = 5
"""One run in so many tells when a network has learned enough."""

FEWEST: Final = 60
"""Lumisections without which neither is worth while."""


def split_by_run(given: Sequence[Given]) -> tuple[Sequence[Given], Sequence[Given]] | None:
    """What to learn from and what to calibrate with, whole runs each: the last ones are held out.

    Lumisections of one run are alike, so a run on both sides would let a detector know what it is to be
    surprised by. None where there is one run only, or either side would have fewer than 60 lumisections.
    """
    run = _runs(given)
    lumis = Counter(run.tolist())
    runs = sorted(lumis)
    held: list[int] = []
    while runs and (len(held) < ceil(HELD_OUT * len(lumis)) or sum(lumis[run] for run in held) < FEWEST):
        held.append(runs.pop())
    if sum(lumis[run] for run in runs) < FEWEST:
        return None
    kept = np.isin(run, runs)
    return taken(given, np.flatnonzero(kept)), taken(given, np.flatnonzero(~kept))


def halves_by_run(given: Sequence[Given]) -> tuple[Sequence[Given], Sequence[Given]]:
    """Every second run, from the first and from the second on; twice the same where there is one run."""
    run = _runs(given)
    runs = np.unique(run)
    if len(runs) < 2:
        return given, given
    first = np.isin(run, runs[::2])
    return taken(given, np.flatnonzero(first)), taken(given, np.flatnonzero(~first))


def stopping(run: NDArray[np.int64]) -> Mask:
    """Rows of the runs that tell when to stop training a network: every fifth run, the last of them always.

    `run` is that of each row. All false where there is one run only.
    """
    runs = np.unique(run)
    return np.isin(run, runs[::-1][::STOPPING]) if len(runs) > 1 else np.zeros(run.shape, np.bool_)


def _runs(given: Sequence[Given]) -> NDArray[np.int64]:
    return np.array([each.run for each in ids_of(given)], np.int64)
