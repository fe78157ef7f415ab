"""Whether a map as a whole is too low or too high to be one of the conditions that were learned."""

from typing import Final, NamedTuple

import numpy as np

from caloscope.detectors.base import Array
from caloscope.records import Reason

LOWEST, HIGHEST = 0.4, 2.5
"""Level of a map, as a factor, beyond which it is no map of these conditions."""

HIGHEST_ALONE: Final = 1.5
"""The same for hazards where no pileup is known: heavy ions make them 1.8 times as large."""

DARK: Final = 0.1
"""A level that says that there was no beam."""

BEST, WORST = 0.8, 0.2
"""Quantiles of areas that must be beyond those for it."""


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
    if best < LOWEST:
        words = f"the map counts {best:.3g} times what is expected everywhere"
        if best < DARK and not shown.pileup:
            return Reason.NO_BEAM, f"{words}: no beam?"
        return Reason.OUT_OF_RANGE, f"{words}: another trigger, or no beam?"
    if worst > shown.highest:
        words = f"the map counts {worst:.3g} times what is expected everywhere: another trigger or beam?"
        return Reason.OUT_OF_RANGE, words
    return None, ""
