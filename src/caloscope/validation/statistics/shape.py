"""The fixed pattern of a detector: its profile by ring, and how cells differ from their ring."""

import numpy as np

from caloscope.detectors.base import Array
from caloscope.records import Mask
from caloscope.validation.rings import Rings
from caloscope.validation.statistics.space import shifted

_SANE = (0.5, 2.0)
"""Cells outside this share of their ring are sick, not part of the pattern."""

QUANTILES = (0.01, 0.05, 0.25, 0.75, 0.95, 0.99)


def medians(values: Array, use: Mask, rings: Rings) -> Array:
    """Median of each ring; NaN where it has no cell."""
    found = np.full(len(rings.positions), np.nan)
    for place in range(len(found)):
        inside = use & (rings.labels == place)
        if inside.any():
            found[place] = np.median(values[inside])
    return found


def deviations(values: Array, use: Mask, rings: Rings) -> Array:
    """Standard deviation within each ring; NaN where it has no cell."""
    weight = use.astype(float)
    mean = np.nan_to_num(rings.spread_out(rings.mean(values, weight)))
    return np.sqrt(rings.mean((values - mean) ** 2, weight))


def profile(values: Array, use: Mask, rings: Rings) -> Array:
    """Median of each ring over the mean of all rings' medians."""
    found = medians(values, use, rings)
    good = np.isfinite(found)
    return found / found[good].mean() if good.any() else found


def relative(values: Array, use: Mask, rings: Rings) -> tuple[Array, Mask]:
    """Logarithm of each cell over its ring's median, and where it means something: not in sick cells."""
    ring = rings.spread_out(medians(values, use, rings))
    over = np.divide(values, ring, out=np.zeros_like(values), where=use & (np.nan_to_num(ring) > 0))
    good = use & (over > _SANE[0]) & (over < _SANE[1])
    logs = np.log(over, where=good, out=np.zeros_like(over))
    if good.any():
        logs = np.where(good, logs - logs[good].mean(), 0.0)
    return logs, good


def quantiles(logs: Array, good: Mask) -> Array:
    """Quantiles of a cell over its ring's median; NaN without cells."""
    if not good.any():
        return np.full(len(QUANTILES), np.nan)
    return np.asarray(np.exp(np.quantile(logs[good], QUANTILES)))


def beside_dead(values: Array, use: Mask, dead: Mask, rings: Rings, circular: tuple[bool, bool]) -> float:
    """Mean of the four neighbours of dead cells, over their ring's median; NaN without any."""
    near = np.zeros(use.shape)
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        near += shifted(dead.astype(float), dy, dx, circular)
    inside = use & ~dead & (near > 0)
    ring = rings.spread_out(medians(values, use, rings))
    if not inside.any():
        return np.nan
    return float(np.mean(values[inside] / ring[inside]))
