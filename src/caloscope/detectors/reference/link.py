"""What changes together in all conditions: the rate of an ECAL tower, the hazard of an HCAL channel.

A tower's mean count is N exp(u). A channel that counts once in an event at most has the mean N p with
p = 1 - exp(-h) and a hazard h = exp(u): hazards add and scale where probabilities saturate.
"""

from typing import Final

import numpy as np

from caloscope.detectors.base import Array, Noise

HIGHEST_PROBABILITY: Final = 0.99995
"""A channel that always counted may still lose a digi: no evidence becomes infinite."""

LEAST, MOST = -30.0, 2.3
"""Limits of u: exp(2.3) is the hazard of the highest probability."""


def mean_of(u: Array, events: Array | float, noise: Noise) -> Array:
    """Mean counts."""
    if noise == "binomial":
        return np.asarray(-np.expm1(-np.exp(np.minimum(u, MOST))) * events)
    return np.asarray(np.exp(u) * events)


def level_of(rate: Array, noise: Noise) -> Array:
    """The u that makes a count per event; that must be positive, and below 1 where noise is binomial."""
    if noise == "binomial":
        return np.asarray(np.log(-np.log1p(-np.minimum(rate, HIGHEST_PROBABILITY))))
    return np.asarray(np.log(rate))


def variance_of(mean: Array, events: Array | float, noise: Noise) -> Array:
    """Variance of independent counts, never zero."""
    variance = mean * (1.0 - mean / events) if noise == "binomial" else mean
    return np.maximum(variance, 1e-9)


def slope_of(mean: Array, events: Array | float, noise: Noise) -> Array:
    """Change of the mean with u."""
    if noise != "binomial":
        return mean
    p = np.minimum(mean / events, HIGHEST_PROBABILITY)
    return np.asarray(-(1.0 - p) * np.log1p(-p) * events)
