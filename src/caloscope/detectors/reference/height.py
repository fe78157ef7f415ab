"""Whether a map as a whole is too low or too high to be one of the conditions that were learned."""

from typing import Final, NamedTuple

import numpy as np

from caloscope.detectors.base import Array
from caloscope.detectors.learned.height import BEST, HIGHEST, WORST, verdict
from caloscope.records import Reason

HIGHEST_ALONE: Final = 1.5
"""`HIGHEST` for hazards where no pileup is known: heavy ions make them 1.8 times as large."""


class Shown(NamedTuple):
    """A map: levels of its areas, `(kinds, rings, sectors)`, against what is expected without the `shift`.

    `highest` is the factor on what is expected beyond which it is no map of these conditions.
    """

    levels: Array
    events: float
    pileup: float | None
    shift: float = 0.0
    highest: float = HIGHEST


def of_level(shown: Shown) -> tuple[Reason | None, str]:
    """Why a map is too low or too high for these conditions, in words; None where it is not."""
    levels = shown.levels[0]
    known = np.sort(levels[np.isfinite(levels)])
    if not known.size:
        return None, ""
    best = float(np.exp(known[int(np.ceil(BEST * (known.size - 1)))] - shown.shift))
    worst = float(np.exp(known[int(WORST * (known.size - 1))]))
    return verdict(best, worst, shown.pileup, shown.highest)
