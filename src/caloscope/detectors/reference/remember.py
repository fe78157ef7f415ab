"""What the reference remembers of a run: how many events its lumisections had, and the shape of its maps."""

import math
from statistics import median
from typing import Final, NamedTuple

import numpy as np

from caloscope.detectors.base import Array, Memory, Observation

LUMIS: Final = 5
"""Lumisections that events are compared with."""

STEP: Final = 0.06
"""Relative change of the events in a lumisection that means that the trigger was changed."""

LARGEST_STEP: Final = 0.5
"""Relative change beyond which few events are for other reasons: a lumisection that began or ended early."""

SIGMAS: Final = 2.0
"""Of Poisson noise, beyond that."""


def of_run(memory: Memory, run: int) -> Memory:
    """What is remembered of this run."""
    return memory if "run" in memory and int(memory["run"][0]) == run else {}


class Step(NamedTuple):
    """Whether the number of events changed, and whether as another prescale would have it."""

    changed: bool
    prescale: bool


def stepped(memory: Memory, events: float) -> Step:
    """Whether the number of events in a lumisection is another than in the last ones of the run."""
    before = memory["events"].tolist() if "events" in memory else []
    if not before:
        return Step(changed=False, prescale=False)
    usual = float(median(before))
    noise = math.sqrt(max(usual, 1.0) * (1.0 + 1.0 / len(before)))
    changed = abs(events - usual) > STEP * usual + SIGMAS * noise
    return Step(changed, changed and abs(events - usual) < LARGEST_STEP * usual)


def remembered(
    memory: Memory, observation: Observation, events: float, *, step: bool, profile: Array
) -> Memory:
    """What to remember after a lumisection; after a step, nothing of the events before."""
    before = np.asarray(memory["events"], np.float64) if "events" in memory and not step else np.zeros(0)
    return {
        "run": np.array([observation.id.run], np.int64),
        "events": np.append(before, events)[-LUMIS:],
        "profile": profile,
    }
