"""How large a map is as a whole: the number of events, or what all its cells have in common.

HCAL channels saturate: what scales is the hazard h = -ln(1 - p), the mean number of deposits in an event.
Counts of ECAL towers scale themselves.
"""

import numpy as np

from caloscope.detectors.base import Array, Noise
from caloscope.records import Mask

SURE = 0.9995
"""A channel with a higher probability counts in every event, whatever the conditions."""

HIGHEST_PROBABILITY = 0.99995
"""A channel that always counted may still lose a digi: nothing becomes impossible."""

SATURATED = 0.9
"""A channel with a higher probability says little of the hazard that all share."""

TYPICAL_FANO = 12.0
"""Fano factor of ECAL towers, measured on run 276582; here it only says what an outlier is."""

SURELY_COUNTS = 5.0
"""Squared significance above which a cell does not count nothing by chance."""

OUTLIER = 4.0
"""Standard deviations beyond which a cell has no say."""

SURE_CHANNELS = 10
"""So many channels that count in every event tell how many events there were."""


def mean_counts(rate: Array, sure: Mask, events: float, factor: float, noise: Noise) -> Array:
    """Mean counts when the map is `factor` times as active as usual; any shape.

    `rate` is the count per event, below 1 for binomial noise. Channels that are `sure` do not change.
    """
    if factor == 1.0:
        return rate * events
    if noise == "overdispersed":
        return rate * (events * factor)
    scaled = -np.expm1(np.log1p(-np.minimum(rate, HIGHEST_PROBABILITY)) * factor)
    return np.asarray(np.where(sure, rate, scaled) * events)


def common_factor(counts: Array, rate: Array, sure: Mask, events: float, noise: Noise) -> float:
    """How active the map is against what is usual for so many events; 0 where nothing counted.

    Cells that disagree with most, dead and hot ones, have no say.
    """
    if noise == "overdispersed":
        mean = rate * events
        return _agreed(counts, mean, TYPICAL_FANO * mean, 1.0)
    if not counts.any():
        return 0.0
    voting = ~sure & (rate < SATURATED) & (rate > 0)
    hazard = -np.log1p(-rate[voting])
    variance = np.expm1(hazard) / events
    share = np.minimum(counts[voting] / events, 1.0 - 0.5 / events)
    # The logarithm of a count is on average a little more than that of its mean.
    seen = np.where(share > 0, -np.log1p(-share) - variance / 2.0, 0.0)
    return _agreed(seen, hazard, variance, 1.0 / events) if hazard.size else 1.0


def sure_events(counts: Array, sure: Mask) -> float:
    """Number of events as channels tell it that count in every one of them; 0 where too few of them live.

    It is the count that most of the living ones share.
    """
    always = counts[sure & (counts > 0)]
    if always.size < SURE_CHANNELS:
        return 0.0
    values, votes = np.unique(always, return_counts=True)
    return float(values[np.argmax(votes)])


def events_of(counts: Array, per_event: Array, noise: Noise) -> float:
    """Number of events that would make the map what it is; 0 where nothing counted."""
    fano = TYPICAL_FANO if noise == "overdispersed" else 1.0
    return _agreed(counts, per_event, fano * per_event, 1.0)


def _agreed(seen: Array, expected: Array, variance: Array, grain: float) -> float:
    """The ratio of seen to expected on which most cells agree, weighted by what each knows.

    `variance` is that of `seen` at a ratio of one; it scales with the ratio. `grain` is the size of a count.
    """
    voting = expected > 0
    seen, expected, variance = seen[voting], expected[voting], variance[voting]
    if not seen.any():
        return 0.0
    weight = expected / variance
    knows = weight * expected
    ratio = max(float((weight * seen).sum() / knows.sum()), 1e-12)
    present = (seen > 0) | (ratio * knows < SURELY_COUNTS)
    busy = present & (knows >= np.median(knows[present]))
    if ratio * float(np.median(knows[busy])) > SURELY_COUNTS:
        ratio = float(np.median(seen[busy] / expected[busy]))
    for _ in range(2):
        near = present & (np.abs(seen - ratio * expected) < OUTLIER * np.sqrt(ratio * variance) + grain)
        total = float((weight * seen)[near].sum())
        if total <= 0:
            break
        ratio = total / float(knows[near].sum())
    return ratio
