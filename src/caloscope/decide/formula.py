"""Thresholds before any calibration: what theory says of the chance crossings of a sum."""

import numpy as np

from caloscope.errors import UsageError

LUMIS_PER_DAY = 3_700

CROSSINGS = 0.2
"""Largest number of crossings that a sum makes in exp(h) healthy lumisections (Siegmund 1985)."""


def threshold_for(cells: int, alternatives: int, per_day: float = 1.0) -> float:
    """Evidence in nats that `cells` healthy cells exceed together about `per_day` times in 3,700 LS.

    A cumulative sum crosses h by chance once in exp(h) / c lumisections on average. Lorden's bound (1971)
    is c <= 1; Siegmund's approximation (1985), c = K exp(-1.166 sqrt(2 K)) for a divergence K per
    lumisection, is at most 0.2 whatever K is. So h = ln(0.2 x cells x alternatives x 3,700 / per_day). It
    holds as far as the count distribution does, and is no calibration.
    """
    if cells < 1 or not 0 < per_day < np.inf:
        raise UsageError(f"{cells} cells at {per_day} false alarms a day, expected both above zero")
    return max(1.0, float(np.log(CROSSINGS * cells * alternatives * LUMIS_PER_DAY / per_day)))
