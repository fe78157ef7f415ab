"""How counts scatter around their expectation: what is left when everything that was learned is taken out."""

from collections.abc import Iterable

import numpy as np

from caloscope.detectors.base import Array, Noise
from caloscope.detectors.learned import scale
from caloscope.records import Mask

COMMON_MODE = 0.0035
"""Relative rms shared by HCAL channels from one lumisection to the next, measured on run 306138."""

HIGHEST_FLOOR = 1e-3
"""Largest intraclass correlation that the common mode alone may claim."""

LOWEST_FANO = 1.05
LOWEST_RHO, HIGHEST_RHO = 1e-9, 0.5

PRIOR_LUMIS = 30.0
"""Lumisections that the map's typical scatter weighs against the cell's own."""

FEW_LUMIS = 2.0
"""Standard errors that are added to a scatter that is known from few lumisections only."""

WINSOR = 6.0
"""Squared residuals stop here, in units of typical rms: a fault in the training data is no scatter."""


def residual_dispersion(
    pairs: Iterable[tuple[Array, Array, float]], rate: Array, alive: Mask, noise: Noise, *, lost: int
) -> Array:
    """Fano factor or intraclass correlation per cell from `(counts, mean, events)` of lumisections.

    `lost` is the number of parameters per cell that were fitted to the same lumisections. All arrays have the
    view's shape; the answer is positive everywhere, and never below a safe floor.
    """
    chi2, lumis, events = np.zeros(int(alive.sum())), 0, 0.0
    typical = 1.0 if noise == "binomial" else 0.0
    for counts, mean, trials in pairs:
        expected = np.maximum(mean[alive], 1e-9)
        rest = np.maximum(1.0 - expected / trials, 1e-9) if noise == "binomial" else 1.0
        square = (counts[alive] - expected) ** 2 / (expected * rest)
        typical = typical or max(1.0, float(np.median(square)) / 0.455)  # median of chi2 with one degree
        chi2 += np.minimum(square, WINSOR**2 * typical)
        lumis, events = lumis + 1, events + trials
    own = chi2 / max(1, lumis - lost)
    if noise == "binomial":
        return _correlation(own, rate, alive, events / max(1, lumis))
    return _fano(own, alive, lumis)


def _fano(own: Array, alive: Mask, lumis: int) -> Array:
    """The cell's own Fano factor, pulled to the map's while the history is short, with room for its error."""
    typical = max(LOWEST_FANO, float(np.mean(own)))
    known = lumis + PRIOR_LUMIS
    pulled = (own * lumis + typical * PRIOR_LUMIS) / known
    found = np.full(alive.shape, typical)
    # The error of the map's scatter falls with all cells, that of the cell's own with its lumisections.
    found[alive] = pulled * (1.0 + FEW_LUMIS * np.sqrt(2.0 / known) * PRIOR_LUMIS / known)
    return np.asarray(np.maximum(found, LOWEST_FANO))


def _correlation(own: Array, rate: Array, alive: Mask, events: float) -> Array:
    """Intraclass correlation: what the map shows beyond binomial, never below the known common mode.

    A relative rms c of p stands for rho = c^2 p / (1 - p).
    """
    p = rate[alive]
    varies = p < scale.SATURATED
    excess = float(np.mean(own[varies])) - 1.0 if varies.any() else 0.0
    beyond = max(0.0, excess) / max(1.0, events - 1.0)
    floor = np.minimum(COMMON_MODE**2 * rate / np.maximum(1.0 - rate, 1e-9), HIGHEST_FLOOR)
    return np.clip(np.maximum(beyond, floor), LOWEST_RHO, HIGHEST_RHO)
