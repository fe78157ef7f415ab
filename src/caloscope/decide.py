"""From evidence to codes: thresholds that stand for a rate of false alarms, then masks.

The rate is one incident opening by chance per map in 3,700 lumisections (24 hours).
"""

from collections.abc import Iterable

import numpy as np

from caloscope.errors import UsageError
from caloscope.records import Code, Codes, Mask, Quality

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


def codes_of(flagged: Mask, testable: Mask, exists: Mask, masked: Mask, never_alive: Mask) -> Codes:
    """CMS quality codes on the view's shape.

    A cell that was never alive is MASKED_BAD whatever it counts; a cell that nobody could test is UNKNOWN.
    """
    codes = np.full(exists.shape, Code.ABSENT, np.int8)
    codes[exists] = Code.UNKNOWN
    codes[exists & testable] = Code.GOOD
    codes[exists & flagged] = Code.BAD
    known_bad = exists & masked
    codes[known_bad] += Code.MASKED_BAD - Code.BAD
    codes[exists & never_alive] = Code.MASKED_BAD
    return codes


def unknown_codes(exists: Mask, masked: Mask, never_alive: Mask) -> Codes:
    """Codes of a map that was not scored: nothing is good that nobody looked at."""
    nothing = np.zeros(exists.shape, np.bool_)
    return codes_of(nothing, nothing, exists, masked, never_alive)


def quality_of(qualities: Iterable[Quality]) -> Quality:
    """Quality of a lumisection from its required maps: any BAD, else any UNKNOWN, else GOOD.

    No map at all is UNKNOWN.
    """
    seen = set(qualities)
    if Quality.BAD in seen:
        return Quality.BAD
    if not seen or Quality.UNKNOWN in seen:
        return Quality.UNKNOWN
    return Quality.GOOD
