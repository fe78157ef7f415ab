"""How large a map should be as a whole: events, pileup, and what the map itself says of both.

Pileup is measured to a few per cent and the trigger changes, so all cells go up and down together by more
than a cell's own error. The part of this common mode that conditions explain is taken out; what goes
beyond is left for the evidence to see.
"""

import numpy as np

from caloscope.detectors.base import Array, Noise
from caloscope.records import Mask

ALWAYS = 0.99
"""A channel with a higher probability counts (nearly) always and measures no common mode."""

KNOWN_LIMIT = 1.1
"""Common mode that is taken for conditions where pileup and events are known, as a factor."""

UNKNOWN_LIMITS: dict[Noise, float] = {"binomial": 1.25, "overdispersed": 2.0}
"""The same where pileup is not known: what pileup does to HCAL and to ECAL over a fill."""

SURELY_COUNTS = 5.0
"""A cell that expects more than this times its Fano factor does not count nothing by chance."""

OUTLIER = 4.0
"""Standard deviations beyond which a cell has no say in the common mode."""


def scale_of(counts: Array, rate: Array, dispersion: Array, noise: Noise) -> float:
    """Number of events that would make the map what it is, from the map alone; 0 where nothing counted.

    HCAL's forward channels count in every event, so it is the count that most of the living ones share.
    Elsewhere it is what the cells have in common.
    """
    always = counts[(rate > 0.999) & (counts > 0)]
    if noise == "binomial" and always.size >= 10:
        values, votes = np.unique(always, return_counts=True)
        return float(values[np.argmax(votes)])
    return common_ratio(counts, rate, dispersion, noise)


def common_ratio(counts: Array, mean: Array, dispersion: Array, noise: Noise) -> float:
    """Observed over expected counts of the cells that agree with each other; 0 where nothing counted.

    Cells that counted nothing though they should have are left out first (a dead half of the map must not
    pass for a lack of events), then those that are far from the median of the busier half. `mean` is zero
    in cells that have no say.
    """
    fano = dispersion if noise == "overdispersed" else np.ones_like(mean)
    voting = mean > 0
    total = float(counts[voting].sum())
    if total <= 0:
        return 0.0
    guess = total / float(mean[voting].sum())
    voting &= (counts > 0) | (guess * mean < SURELY_COUNTS * fano)
    busy = voting & (mean >= np.median(mean[voting]))
    middle = float(np.median(counts[busy] / mean[busy]))
    for _ in range(2):
        near = voting & (np.abs(counts - middle * mean) < OUTLIER * np.sqrt(middle * mean * fano) + 1.0)
        if not near.any():
            break
        middle = float(counts[near].sum() / mean[near].sum())
    return middle


def bounded(ratio: float, low: float, high: float) -> float:
    """The common mode as far as conditions explain it; 1 where nothing counted."""
    return float(np.clip(ratio, low, high)) if ratio > 0 else 1.0


def with_a_say(mean: Array, rate: Array, alive: Mask, noise: Noise) -> Array:
    """Expected counts of the cells that may measure the common mode, zero in the others."""
    varies = rate < ALWAYS if noise == "binomial" else np.ones_like(alive)
    return np.where(alive & varies, mean, 0.0)
