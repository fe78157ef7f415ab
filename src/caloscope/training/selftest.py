"""The lumisections that a bundle keeps to test itself with."""

from collections.abc import Sequence

import numpy as np

from caloscope.bundle import Bundle
from caloscope.detectors.base import Array, Detector, Memory, NotKnown, Observation
from caloscope.detectors.cmssw_setup import Parameters
from caloscope.pipeline.ask import observed
from caloscope.pipeline.state import Given
from caloscope.records import LumiId

FEW = 12
MANY = 48
"""Lumisections that a self-test is cut from: the last few, or more for a detector that takes so long."""

TYPICAL_PILEUP = 50.0
"""Of a lumisection at the start of a fill in Run 3, rounded."""


def last_of(bundle: Bundle, given: Sequence[Given]) -> list[Observation]:
    """Of the last lumisections as many as the detector needs to answer from an empty memory, and one more."""
    seen: list[Observation] = []
    for many in (FEW, MANY):
        tail = [(each, each.record) for each in given[-many:]]  # the others may not even be in memory
        seen = [observed(bundle, each, record) for each, record in tail if record is not None]
        needed = _needed(bundle.detector, seen)
        if needed is not None:
            last = seen[-needed:]
            return last if _needed(bundle.detector, last) else seen[:needed]
    return seen[:FEW]


def of_average(average: Array, parameters: Parameters) -> list[Observation]:
    """Lumisections for a network that came without data: what its average makes of them, rounded.

    `average` is `(y, x)` in the view's layout, in units of its mean over all bins, 0 where nothing counts.
    There are as many as fill both queues of CMSSW's chain, and one more; companions look like the map itself.
    """
    pileup = _usable_pileup(parameters.slope, parameters.intercept)
    events = max(parameters.events_per_image, parameters.min_events) // parameters.n_ls + 1
    line = (parameters.slope * pileup + parameters.intercept) * events / parameters.events_per_image
    counts = np.rint(np.maximum(average * line / average.size, 0.0))
    beside = {parameters.companion: counts} if parameters.padding_fault else {}
    wanted = parameters.n_ls + parameters.n_loss
    return [Observation(LumiId(1, 1 + at), counts, events, pileup, beside) for at in range(wanted)]


def _needed(detector: Detector, seen: Sequence[Observation]) -> int | None:
    """How many lumisections bring a detector to its second answer; None where these do not."""
    memory: Memory = {}
    answered = False
    for place, each in enumerate(seen):
        answer, memory = detector.look(each, memory)
        if answered:
            return place + 1
        answered = not isinstance(answer, NotKnown)
    return len(seen) if answered else None


def _usable_pileup(slope: float, intercept: float) -> float:
    """A typical pileup at which the line is positive, if there is one."""
    return next((at for at in (TYPICAL_PILEUP, 20.0, 0.0) if slope * at + intercept > 0), TYPICAL_PILEUP)
