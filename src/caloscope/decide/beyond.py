"""Whether the tail below a level leads to what is beyond it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy import special  # `scipy.stats` takes half a second to load

from caloscope.decide.excursions import Array, excursions, level_of, scored
from caloscope.decide.tail import EVERY, MOST

SURELY: Final = 1e-3
"""Probability of what is beyond below which it is not chance."""

_LOW: Final = 0.025


def beyond_chance(series: Sequence[Array], limit: float) -> bool:
    """Whether excursions above `limit` are more, or go further, than an exponential tail below it explains.

    The slope is fitted to all excursions above a level that is passed once in some fifteen lumisections,
    those above `limit` counted as going there and no one knows how much further (censored); the low end of
    its 95 % interval is taken. `series` is that of `fit_tail`. False where the level is not below `limit`:
    then nothing is known of the tail.
    """
    peaks = excursions(series, limit)
    if not peaks.size:
        return False
    lumis = sum(len(one) for one in scored(series))
    level = max(level_of(series, min(float(MOST), max(lumis / EVERY, 1.0))), 0.0)
    every = excursions(series, level)
    inside = int(np.count_nonzero(every <= limit))
    if level >= limit or not inside:
        return False
    total = float((np.minimum(every, limit) - level).sum())
    slope = float(special.gammaincinv(inside, _LOW)) / total
    ranked = np.sort(peaks)[::-1]
    expected = len(every) * np.exp(-slope * (ranked - level))
    chance = special.pdtrc(np.arange(len(ranked)), expected)
    return bool(np.any(chance < SURELY))
