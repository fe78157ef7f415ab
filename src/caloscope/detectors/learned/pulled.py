"""The answer of detectors that score by pulls."""

from collections.abc import Sequence

import numpy as np

from caloscope.detectors.base import Array, Score
from caloscope.records import Mask, Reason


def pulled(
    pulls: Array, threshold: float, alive: Mask, expected: Array, events: float, degraded: Sequence[Reason]
) -> Score:
    """The size of pulls and their sign, each lumisection by itself; arrays have the view's shape.

    `expected` are the counts that they are relative to, `events` those behind the map.
    """
    return Score(
        value=np.abs(pulls),
        threshold=threshold,
        testable=alive,
        accumulated=False,
        reconstruction=expected,
        direction=np.sign(pulls).astype(np.int8),
        image_events=round(events),
        degraded=tuple(degraded),
    )
