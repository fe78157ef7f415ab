"""How the rate of chance excursions falls with the threshold: an exponential tail with its uncertainty.

The largest of many weakly dependent sums goes above h at a rate of a exp(-b h), with b = 1 nat^-1 where the
likelihoods are right (Siegmund 1985). Above a level u of a few hundred excursions the excesses are then
exponential (peaks over threshold, Davison and Smith 1990), and two numbers say it all, each with a gamma
posterior: the rate at u and the slope b. Few excursions say little of b; theory then speaks for them, as if
it were `PRIOR` excursions more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from caloscope.decide.cut import Cut, Interval, upper_bound
from caloscope.decide.excursions import Array, bends, clumping, excursions, level_of, scored

PRIOR: Final = 20.0
"""Excursions that theory's slope counts for."""

EVERY: Final = 15.0
"""The level is one that is exceeded once in so many lumisections, so that excursions hardly overlap ..."""

MOST: Final = 300
LEAST: Final = 40
"""... but no more than `MOST` times, and higher where the tail bends, down to `LEAST` excursions."""

REACHED: Final = 3.0
"""Excursions to be expected in a sample at a threshold that it reaches."""

FAR, FAR_OF_POWERS = 1.0, 0.7
"""How far beyond the largest score a threshold may go, in units of what that is above the level."""

_DRAWS: Final = 4_000
_MIDDLE: Final = (0.025, 0.975)


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """The tail of one class above `level`: `peaks`, descending, are those of the excursions in `lumis` LS.

    The slope is gamma distributed with `shape` and `total` (shape over mean). `logarithmic`: it is the
    logarithm of the score whose tail is exponential (the score's is a power law). `series` is what it was
    fitted to: below the level nothing is fitted, and excursions are counted. `clumping` is by how much their
    number varies more from run to run than independent ones would; intervals are as wide as that. No
    threshold is above `most`.
    """

    level: float
    lumis: int
    peaks: Array
    shape: float
    total: float
    logarithmic: bool = False
    series: tuple[Array, ...] = ()
    clumping: float = 1.0
    most: float = np.inf

    @property
    def slope(self) -> float:
        """Mean of b, per nat (per unit of the score, or of its logarithm)."""
        return self.shape / self.total if self.total > 0 else 0.0

    @property
    def excursions(self) -> int:
        """Number of excursions above the level."""
        return len(self.peaks)

    def rate_at(self, threshold: float) -> Interval:
        """Excursions above a threshold per lumisection."""
        away = self._scale(threshold) - self._scale(self.level)
        rates, slopes = self._draws()
        low, high = np.quantile(np.minimum(rates * np.exp(-slopes * away), 1.0), _MIDDLE)
        return Interval(self._mean_rate(away), float(low), float(high))

    def threshold_at(self, rate: float) -> Cut:
        """The threshold whose expected rate, its uncertainty included, is `rate` per lumisection.

        Rates are averaged over what the slope may be, so a short sample gives a
        higher threshold than a long one.
        """
        start = self._scale(self.level)
        ratio = self._level_rate() / rate
        if ratio < 1.0:
            return self._counted(rate)
        away = self.total * (ratio ** (1.0 / self.shape) - 1.0) if ratio > 1.0 and self.shape > 0 else 0.0
        rates, slopes = self._draws()
        low, high = np.quantile(np.maximum(np.log(rates / rate), 0.0) / slopes, _MIDDLE)
        cut, low, high = (min(self._unscale(start + float(x)), self.most) for x in (away, low, high))
        bound = upper_bound(int(np.count_nonzero(self.peaks > cut)), self.lumis)
        far = rate * self.lumis < REACHED
        return Cut(cut, low, high, far, bound, self.logarithmic, self.most)

    def _counted(self, rate: float) -> Cut:
        """The threshold for a rate so high that the level is above it."""
        number = rate * self.lumis
        low, middle, high = (
            min(self.level, level_of(self.series, wanted))
            for wanted in (number + 2.0 * number**0.5, number, max(1.0, number - 2.0 * number**0.5))
        )
        seen = len(excursions(self.series, middle))
        return Cut(middle, low, high, number < REACHED, upper_bound(seen, self.lumis))

    def _level_rate(self) -> float:
        return (self.excursions + 0.5) / max(self.lumis, 1)

    def _mean_rate(self, away: float) -> float:
        """Rate so far above the level, averaged over the slope."""
        if away <= 0 or self.shape <= 0:
            return min(1.0, self._level_rate() * float(np.exp(-self.slope * min(away, 0.0))))
        return self._level_rate() * float((self.total / (self.total + away)) ** self.shape)

    def _draws(self) -> tuple[Array, Array]:
        """Rates at the level and slopes from their posteriors, always the same."""
        random = np.random.default_rng(1)
        wide = self.clumping
        rates = random.gamma((self.excursions + 0.5) / wide, wide / max(self.lumis, 1), _DRAWS)
        slopes = random.gamma(max(self.shape / wide, 1e-3), wide / max(self.total, 1e-300), _DRAWS)
        return np.maximum(rates, 1e-300), np.maximum(slopes, 1e-12)

    def _scale(self, value: float) -> float:
        return float(np.log(max(value, 1e-300))) if self.logarithmic else value

    def _unscale(self, value: float) -> float:
        return float(np.exp(min(value, 690.0))) if self.logarithmic else value


def fit_tail(
    series: Sequence[Array],
    *,
    slope: float | None = 1.0,
    prior: float = PRIOR,
    wanted: float | None = None,
    logarithmic: bool = False,
) -> Tail:
    """The tail of a series of largest evidence, one array `(lumi,)` a run, NaN where nothing was scored.

    `slope` is what theory says of b, None where there is no theory (a score that is no log-likelihood).
    `wanted` excursions lie above the level; if it is not given they are as many as describe an exponential.
    """
    lumis = sum(len(one) for one in scored(series))
    most = wanted or min(float(MOST), max(lumis / EVERY, 1.0))
    while True:
        level = max(level_of(series, most), 0.0)
        peaks = np.sort(excursions(series, level))[::-1]
        values = np.log(peaks) - np.log(max(level, 1e-300)) if logarithmic else peaks - level
        if wanted or most / 2 < LEAST or not bends(values):
            break
        most /= 2
    if slope is None:
        slope, prior = 1.0, 0.0
    shape, total = len(peaks) + prior, float(values.sum()) + prior / slope
    return Tail(level, lumis, peaks, shape, total, logarithmic, tuple(series), clumping(series, level))


def fit_score_tail(series: Sequence[Array]) -> Tail:
    """The tail of a score of any kind, on the scale on which it is the more nearly exponential.

    Products have tails like powers, their logarithms exponential ones; pulls fall faster than either. No
    theory speaks for a score, so that a short sample may say anything: thresholds go as far again, on
    that scale, as the sample reaches above its level (less for powers), and not farther.
    """
    plain = fit_tail(series, slope=None)
    if plain.level <= 0 or not plain.excursions or plain.total <= 0:
        return plain
    powers = fit_tail(series, slope=None, logarithmic=True)
    same = fit_tail(series, slope=None, wanted=float(plain.excursions), logarithmic=True)
    number = plain.excursions
    # Log-likelihoods of the same excesses: an exponential's, and a power law's.
    linear = number * np.log(plain.slope) - number
    power = number * np.log(same.slope) - number - float(np.log(plain.peaks).sum())
    largest = float(plain.peaks[0])
    if power > linear and same.excursions == number:
        return replace(powers, most=largest * float(np.power(largest / powers.level, FAR_OF_POWERS)))
    return replace(plain, most=largest + FAR * (largest - plain.level))
