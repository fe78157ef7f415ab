"""From flags to codes and qualities: what stands in the answer for a cell, a map and a lumisection."""

from collections.abc import Iterable

import numpy as np

from caloscope.records import Code, Codes, Mask, Quality


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
