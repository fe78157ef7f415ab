"""From verdicts on images to numbers with intervals."""

import numpy as np
from numpy.typing import NDArray

from caloscope.study.metrics.intervals import between, draws, wilson
from caloscope.study.ml4dqm.comparison import Line
from caloscope.study.ml4dqm.protocols import Protocol
from caloscope.study.ml4dqm.tasks import Task
from caloscope.study.ml4dqm.verdicts import Verdicts
from caloscope.study.results import NOTHING, Interval


def line_of(task: Task, protocol: Protocol, detector: str, kept: Verdicts, seconds: float) -> Line:
    """The numbers of one detector on one task."""
    truth, said = np.array(kept["truth"]), np.array(kept["said"])
    known = [each for each in kept["inside"] if each is not None]
    return Line(
        task,
        protocol,
        detector,
        len(truth),
        wilson(int((truth == said).sum()), len(truth)),
        auc(np.array(kept["score"]), truth > 0, np.array(kept["lumi"])),
        confusion(truth, said, len(task.classes)),
        wilson(sum(known), len(known)) if known else NOTHING,
        kept["void"],
        kept["unjudged"],
        kept["parameters"],
        kept["learned"],
        kept["epochs"],
        seconds,
    )


def confusion(truth: NDArray[np.int64], said: NDArray[np.int64], classes: int) -> tuple[tuple[int, ...], ...]:
    """Images by what they are (rows) and what was said (columns)."""
    found = np.zeros((classes, classes), np.int64)
    np.add.at(found, (truth, said), 1)
    return tuple(tuple(int(each) for each in row) for row in found)


def auc(score: NDArray[np.float64], bad: NDArray[np.bool_], lumi: NDArray[np.int64]) -> Interval:
    """The chance that a bad image has a higher score than a good one, ties count half.

    Images of the same lumisection are drawn again together: they are alike.
    """
    if bad.all() or not bad.any():
        return NOTHING
    _, rank = np.unique(score, return_inverse=True)
    _, owner = np.unique(lumi, return_inverse=True)
    many, owners = int(rank.max()) + 1, int(owner.max()) + 1

    def area(weight: NDArray[np.float64]) -> float:
        good, wrong = (np.bincount(rank[own], weight[own], many) for own in (~bad, bad))
        every = good.sum() * wrong.sum()
        below = np.cumsum(good) - good / 2.0
        return float(wrong @ below / every) if every else float("nan")

    drawn = [area(np.bincount(chosen, minlength=owners)[owner].astype(float)) for chosen in draws(owners)]
    return between(area(np.ones(len(bad))), np.array(drawn))
