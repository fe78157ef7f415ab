"""What healthy lumisections score, and what of it may add up and is remembered."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Detector, Memory, Observation, Score

LEAST: Final = 1e-6


class Scores(NamedTuple):
    """The largest score of each lumisection that was judged, and its run, both `(lumi,)`."""

    largest: NDArray[np.float64]
    run: NDArray[np.int64]


class Limits(NamedTuple):
    """Scores beyond the `allowance` add up to `remembered` at most; both above zero."""

    allowance: float
    remembered: float


def scores_of(detector: Detector, held: Sequence[Observation]) -> Scores:
    """What a detector that scores says of lumisections, in order, from an empty memory."""
    memory: Memory = {}
    largest, run = [], []
    for each in held:
        answer, memory = detector.look(each, memory)
        if isinstance(answer, Score):
            largest.append(float(answer.value[answer.testable].max(initial=0.0)))
            run.append(each.id.run)
    return Scores(np.array(largest, np.float64), np.array(run, np.int64))


def limits_of(scores: NDArray[np.float64], run: NDArray[np.int64]) -> Limits:
    """From scores of good lumisections that were held out and their runs, `(lumi,)`.

    A classifier takes some healthy runs for a little less healthy than others, in all their lumisections, and
    that must not add up: what is allowed is halfway between the highest mean of a run and the highest score.
    What is remembered is the distance between these two, so that two usual lumisections forget it.
    """
    if not len(scores):
        return Limits(LEAST, LEAST)
    most = float(scores.max())
    mean = max(float(scores[run == each].mean()) for each in np.unique(run))
    return Limits(max((mean + most) / 2.0, LEAST), max(most - mean, LEAST))
