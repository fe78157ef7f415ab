"""How well a rate is known from what was counted."""

from scipy.special import gammaincinv

CONFIDENCE = 0.95


def garwood(count: int, exposure: float) -> tuple[float, float]:
    """The exact 95 % interval of the rate of a Poisson process that gave `count` in `exposure`, above 0.

    Garwood, Biometrika 28 (1936) 437: quantiles of gamma distributions of `count` and `count` + 1.
    """
    tail = (1.0 - CONFIDENCE) / 2.0
    low = float(gammaincinv(count, tail)) if count else 0.0
    return low / exposure, float(gammaincinv(count + 1, 1.0 - tail)) / exposure
