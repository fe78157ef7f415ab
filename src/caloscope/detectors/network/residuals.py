"""Residuals of a map around what a detector expects, in standard deviations of its noise."""

import numpy as np

from caloscope.detectors.base import Array, Expectation

CLIPPED = 6.0
"""Standard deviations at which residuals are cut before a network sees them."""

LEAST_VARIANCE = 1e-9


def variance(mean: Array, dispersion: Array, events: float) -> Array:
    """Variance of counts; `events` is the number of trials where noise is binomial, else 0. Any shape."""
    if events <= 0:
        return np.maximum(dispersion * mean, LEAST_VARIANCE)
    rest = np.maximum(1.0 - mean / events, 0.0)
    return np.maximum(mean * rest * (1.0 + max(0.0, events - 1.0) * dispersion), LEAST_VARIANCE)


def deviation(expected: Expectation) -> Array:
    """Standard deviation of the counts of each cell, in the view's shape."""
    return np.sqrt(variance(expected.mean, expected.dispersion, expected.trials))
