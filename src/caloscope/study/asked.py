"""Whether thresholds keep what they promise: those for several rates, and how often each was passed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from caloscope import calibrate
from caloscope.bundle import Bundle
from caloscope.decide import upcrossings
from caloscope.incidents import CLOSE_AFTER

ASKED: Final = (1.0, 3.0, 10.0, 30.0, 100.0)
"""False incidents per 3,700 lumisections, all classes together."""


def promised(made: Bundle, sound: calibrate.Sound) -> list[dict[str, float]]:
    """Thresholds by class for each of the rates, from what was seen in good lumisections."""
    found = (calibrate.calibrate(made, sound.watched, rate, sound.left_out) for rate in ASKED)
    return [dict(each.thresholds) for each in found]


def passed(
    thresholds: Sequence[Mapping[str, float]], runs: Sequence[Sequence[Mapping[str, float]]]
) -> list[int]:
    """How many excursions passed the thresholds of each rate, in runs of largest evidence by class.

    Each class counts for itself; what several places do at a time is one excursion, and may be several
    incidents.
    """
    found = np.zeros(len(thresholds), np.int64)
    for name in thresholds[0] if thresholds else ():
        series = [np.array([row.get(name, np.nan) for row in run]) for run in runs]
        levels = np.array([each[name] for each in thresholds])
        order = np.argsort(levels)
        seen: Any = np.zeros_like(found)
        seen[order] = upcrossings(series, levels[order], CLOSE_AFTER)
        found += seen
    return [int(each) for each in found]
