"""A first threshold for a detector that scores: where healthy lumisections hardly ever come."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from caloscope.detectors.base import Detector, Observation, Score

LUMIS_PER_DAY = 3_700
TAIL = 0.99
LEAST_SPREAD = 1.0
"""Pulls that scatter less than a standard normal are taken to scatter like one."""


CALIBRATING = 60
"""So many good lumisections, evenly taken, are scored."""


def cutoff(detector: Detector, good: Sequence[Observation]) -> float:
    """The score that all healthy cells together exceed about once in 3,700 lumisections, from good ones.

    The scores in the cells that can be tested are taken for the size of a normal number as wide as their 99 %
    quantile says: an extrapolation, to be replaced by a calibration on held-out runs. The detector is one
    that remembers nothing.
    """
    answers = (detector.look(each, {})[0] for each in good[:: max(1, len(good) // CALIBRATING)])
    sizes = [np.abs(each.value[each.testable]) for each in answers if isinstance(each, Score)]
    cells = max((found.size for found in sizes), default=0)
    if cells == 0:
        return float(-ndtri(0.5 / LUMIS_PER_DAY))
    width = float(np.quantile(np.concatenate(sizes), TAIL)) / float(-ndtri((1.0 - TAIL) / 2.0))
    return max(LEAST_SPREAD, width) * float(-ndtri(0.5 / (cells * LUMIS_PER_DAY)))
