"""How much of a cell's noise is left once its neighbours are known, as the good lumisections show it.

Correlations are pooled over the map by distance, so what they predict for a single cell may be off by a
tenth. A variance that is taken 30 % too small makes false evidence tens of times as frequent.
"""

from typing import Final

import numpy as np

from caloscope.detectors.base import Array
from caloscope.detectors.reference.residuals import Residuals
from caloscope.detectors.reference.vecchia import Inverse
from caloscope.records import Mask

PRIOR_LUMIS: Final = 100.0
"""Lumisections that the predicted variance weighs."""

LEAST, MOST = 0.7, 2.0
"""A variance is corrected by no more than these factors."""


def remainder(found: Residuals, dispersion: Array, inverse: Inverse, use: Mask) -> Array:
    """Variance of each cell given its neighbours over what is predicted, `(n,)`; 1 where nothing is known.

    `dispersion` `(n,)` is the variance in units of that of independent counts. What all cells do together in
    a lumisection is taken out.
    """
    matrix = inverse.matrix()
    scale = np.where(use, 1.0 / np.sqrt(dispersion), 0.0)
    lever = found.typical * scale
    of_level = np.asarray(matrix @ lever)
    known = max(float(lever @ of_level), 1e-9)
    own = matrix.diagonal()
    squares = np.zeros(len(own))
    for row in found.z:
        score = np.asarray(matrix @ (row * scale))
        score -= of_level * (float(lever @ score) / known)
        squares += np.where(row != 0, score**2 / own, 0.0)
    # One level a lumisection was taken from the cells themselves, in each as much as it knows of it.
    spent = 1.0 - np.minimum(of_level**2 / (own * known), 0.5)
    lumis = np.maximum(np.count_nonzero(found.z, axis=0), 1)
    lumis = lumis * found.degrees / max(len(found.z), 1)
    measured = squares / np.maximum(np.count_nonzero(found.z, axis=0), 1) / spent
    pulled = (measured * lumis + PRIOR_LUMIS) / (lumis + PRIOR_LUMIS)
    return np.where(use, np.clip(pulled, LEAST, MOST), 1.0)
