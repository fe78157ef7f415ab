"""How often lumisections were above given thresholds."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.special import gammaincinv

from caloscope.calibrate.watch import Watched
from caloscope.decide import LUMIS_PER_DAY, upcrossings
from caloscope.incidents.giving import CLOSE_AFTER

TOGETHER = "together"


class Rate(NamedTuple):
    """Excursions that were seen; their rate per 3,700 lumisections, with its 95 % interval (Garwood 1936)."""

    seen: int
    per_day: float
    low: float
    high: float

    @classmethod
    def of(cls, seen: int, lumis: int) -> "Rate":
        """From a number of them in so many lumisections."""
        days = max(lumis, 1) / LUMIS_PER_DAY
        return cls(seen, seen / days, *garwood(seen, days))


def garwood(count: float, exposure: float) -> tuple[float, float]:
    """The exact 95 % interval of the rate of a Poisson process that gave `count` in `exposure`, above 0.

    Garwood, Biometrika 28 (1936) 437: quantiles of gamma distributions of `count` and `count` + 1.
    """
    low = float(gammaincinv(count, 0.025)) if count else 0.0
    return low / exposure, float(gammaincinv(count + 1.0, 0.975)) / exposure


def rates_above(watched: Watched, thresholds: Mapping[str, float]) -> dict[str, Rate]:
    """The rate of each class, and of all `TOGETHER`.

    That is the sum of them, an upper bound: what chance does may show in several classes.
    """
    seen = {
        name: int(upcrossings(watched.series(name), np.array([thresholds[name]]), CLOSE_AFTER)[0])
        for name in watched.peaks
        if name in thresholds
    }
    rates = {name: Rate.of(number, watched.lumis) for name, number in seen.items()}
    return {**rates, TOGETHER: Rate.of(sum(seen.values()), watched.lumis)}
