"""Whether a map as a whole is too low or too high to be one of the conditions that were learned."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array, Noise
from caloscope.detectors.learned import scale
from caloscope.records import Mask, Reason

LOWEST, HIGHEST = 0.4, 2.5
"""Level of a map, as a factor, beyond which it is no map of these conditions."""

DARK: Final = 0.1
"""A level that says that there was no beam."""

BEST, WORST = 0.8, 0.2
"""Quantiles of areas that must be beyond those for it."""

AREAS: Final = 16
KNOWN: Final = 25.0
"""Counts over their Fano factor that an area has to expect, for a level known to a fifth."""


def verdict(
    best: float, worst: float, pileup: float | None, highest: float = HIGHEST
) -> tuple[Reason | None, str]:
    """Why a map is too low or too high, in words, from the levels of its best and worst areas.

    None where it is not. `highest` is the factor beyond which it is no map of these conditions.
    """
    if best < LOWEST:
        words = f"the map counts {best:.3g} times what is expected everywhere"
        if best < DARK and not pileup:
            return Reason.NO_BEAM, f"{words}: no beam?"
        return Reason.OUT_OF_RANGE, f"{words}: another trigger, or no beam?"
    if worst > highest:
        words = f"the map counts {worst:.3g} times what is expected everywhere: another trigger or beam?"
        return Reason.OUT_OF_RANGE, words
    return None, ""


def judged(
    counts: Array, rate: Array, sure: Mask, events: float, pileup: float | None, noise: Noise
) -> tuple[Reason | None, str]:
    """`verdict` on a map of counts in so many events that a healthy one makes at `rate`, all `(cell,)`."""
    areas = _areas(rate, sure, events, noise)
    levels: list[float] = []
    few = len(areas) - math.ceil(BEST * (len(areas) - 1))
    usual = 0
    for area in areas:
        levels.append(scale.common_factor(counts[area], rate[area], sure[area], events, noise))
        usual += LOWEST <= levels[-1] <= HIGHEST
        if usual == few:  # neither quantile can be beyond any more, and most maps are healthy
            return None, ""
    if not levels:
        return None, ""
    best = float(np.quantile(levels, BEST, method="higher"))
    return verdict(best, float(np.quantile(levels, WORST, method="lower")), pileup)


def _areas(rate: Array, sure: Mask, events: float, noise: Noise) -> list[NDArray[np.int64]]:
    """As many areas as the counts allow, by cell; cells side by side in memory are so in the detector."""
    fano = scale.TYPICAL_FANO if noise == "overdispersed" else 1.0
    number = min(AREAS, int(float(rate[~sure].sum()) * events / (fano * KNOWN)))
    found = np.array_split(np.flatnonzero(~sure), number) if number else []
    return [area for area in found if rate[area].sum() * events >= fano * KNOWN / 2.0]
