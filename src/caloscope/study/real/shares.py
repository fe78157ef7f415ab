"""Shares as people read them."""

from math import isnan

from caloscope.study.report.words import NOT_KNOWN
from caloscope.study.results import Interval


def share(of: Interval) -> str:
    """In per cent with its interval, `100 % (99.8 to 100)`: as many digits as tell it from none and all."""
    if isnan(of.value):
        return NOT_KNOWN
    value, low, high = map(_per_cent, of)
    return f"{value} % ({low} to {high})"


def _per_cent(value: float) -> str:
    near = min(value, 1.0 - value)
    digits = 0 if near < 1e-9 or near >= 0.01 else 1 if near >= 0.0005 else 2
    return f"{100.0 * value:.{digits}f}"
