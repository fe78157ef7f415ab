"""95 % intervals: of shares, of rates, and of anything else by drawing the trials again."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from caloscope import calibrate
from caloscope.decide import dispersion
from caloscope.study.results import NOTHING, Interval

CONFIDENCE: Final = 0.95
TAIL: Final = (1.0 - CONFIDENCE) / 2.0

DRAWS: Final = 1_000
"""Times that trials are drawn again (Efron 1979)."""

SEED: Final = 1979


def draws(trials: int) -> NDArray[np.int64]:
    """Which trials are drawn, `(draws, trials)`; the same for the same number of trials."""
    return np.random.default_rng([SEED, trials]).integers(trials, size=(DRAWS, trials))


def between(value: float, drawn: NDArray[np.float64]) -> Interval:
    """A value with the percentiles of what other draws gave; infinite ones stay so, NaN ones are left out."""
    known = np.sort(drawn[~np.isnan(drawn)])
    if not known.size:
        return NOTHING
    low, high = (known[round(share * (known.size - 1))] for share in (TAIL, 1.0 - TAIL))
    return Interval(float(value), float(low), float(high))


def wilson(successes: int, trials: int) -> Interval:
    """The share of successes among independent trials (Wilson 1927)."""
    if not trials:
        return NOTHING
    z2 = float(ndtri(1.0 - TAIL)) ** 2
    share = successes / trials
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = float(np.sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2)))) / (1 + z2 / trials)
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def garwood(count: int, exposure: float) -> Interval:
    """The rate of a Poisson process that gave `count` in `exposure`, exact (Garwood 1936)."""
    if exposure <= 0:
        return NOTHING
    return Interval(count / exposure, *calibrate.garwood(count, exposure))


def clumped(counts: Sequence[int], exposure: float) -> Interval:
    """The rate of what came in clumps: wider by how much more counts of runs vary than independent ones'.

    The number and the exposure are divided by the `dispersion` of `counts`, those of runs of the same length.
    """
    if exposure <= 0:
        return NOTHING
    number, wide = sum(counts), dispersion(np.asarray(counts, np.float64), np.ones(len(counts)))
    return Interval(number / exposure, *calibrate.garwood(number / wide, exposure / wide))
