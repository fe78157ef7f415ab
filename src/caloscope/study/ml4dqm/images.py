"""Images as the networks of the notebooks got them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from caloscope.study.ml4dqm.faults import Example, Spoiler
from caloscope.study.ml4dqm.lumis import Lumis
from caloscope.study.ml4dqm.tasks import Task

Images = NDArray[np.float32]
"""`(image, 1, iphi, ieta)`, highest count 1."""

_FRAME = 0.5


def mean_of(lumis: Lumis, places: Sequence[int], task: Task) -> float:
    """The mean count of the bins that images show, which zeros are filled with."""
    left, right = task.columns
    return float(lumis.first[np.unique(places), :, left:right].mean())


def images(lumis: Lumis, chosen: Sequence[Example], spoiler: Spoiler, fill: float) -> Images:
    """Images of some examples: the fault, then each over its highest count, as the task says."""
    task = spoiler.task
    left, right = task.columns
    found = np.full((len(chosen), 1, *task.shape), _FRAME, np.float32)
    inside = found[:, 0, 1:-1, 1:-1] if task.padded else found[:, 0]
    for number, each in enumerate(chosen):
        good = lumis.first[each.place]
        if task.filled:
            good = np.where(good == 0.0, np.float32(fill), good)
        image = spoiler.spoiled(good, int(lumis.events[each.place]), each)[:, left:right]
        image = image / max(1.0, float(image.max()))
        inside[number] = image * (1.75 - 0.746 * image) if task.scaled else image
    return found


def labels(chosen: Sequence[Example], task: Task) -> NDArray[np.int64]:
    """The class of each, 0 good."""
    if task.named:
        return np.array([task.classes.index(each.kind) for each in chosen], np.int64)
    return np.array([each.kind != "good" for each in chosen], np.int64)
