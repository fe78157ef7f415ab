"""What somebody said of the images that are judged, as it is kept."""

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

from caloscope.study.ml4dqm.images import labels
from caloscope.study.ml4dqm.protocols import Data

Told: TypeAlias = Callable[[str], None]
"""Told what is being done."""


class Verdicts(TypedDict):
    """By image: `truth` and `said` (classes, 0 good), `score` (high = bad), and its lumisection, `lumi`.

    `inside` says whether the worst cell is a faulty one, None for good images, and is empty where nobody says
    which is worst. Of the faulty images `void` change no channel that there is. Of all images `unjudged` got
    no verdict, which is wrong whatever they are. `learned` are images or lumisections that were learned from.
    """

    truth: list[int]
    said: list[int]
    score: list[float]
    lumi: list[int]
    inside: list[bool | None]
    void: int
    unjudged: int
    parameters: int
    learned: int
    epochs: int


def verdicts(
    data: Data,
    score: NDArray[np.float64],
    said: NDArray[np.int64],
    parameters: int,
    *,
    epochs: int = 0,
    inside: Sequence[bool | None] = (),
    learned: int = 0,
    unjudged: int = 0,
) -> Verdicts:
    """Put together; `learned` 0 stands for all images that are learned from."""
    lumis, spoiler = data.lumis, data.spoiler
    void = sum(
        spoiler.void(lumis.first[each.place], int(lumis.events[each.place]), each) for each in data.judged
    )
    return Verdicts(
        truth=labels(data.judged, spoiler.task).tolist(),
        said=said.tolist(),
        # all digits: of networks that are sure, scores differ in the last ones
        score=[float(each) for each in score],
        lumi=[each.place for each in data.judged],
        inside=list(inside),
        void=void,
        unjudged=unjudged,
        parameters=parameters,
        learned=learned or len(data.learn),
        epochs=epochs,
    )
