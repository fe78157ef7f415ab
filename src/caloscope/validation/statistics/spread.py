"""How widely counts fluctuate, and how far out they go."""

from typing import NamedTuple

import numpy as np

from caloscope.detectors.base import Array
from caloscope.validation.expectation import Residuals

FAR = 3.29
"""One in a thousand of Gaussian residuals is further from zero."""

RATIO_EDGES = (0.6, 0.8, 0.9, 0.97, 1.03, 1.1, 1.2, 1.5)


class Tails(NamedTuple):
    """Of residuals of unit variance: per mille beyond 3.29, third and fourth moment (less 3); NaN without."""

    beyond: float
    skewness: float
    excess: float


def tails(values: Array) -> Tails:
    """How far residuals go; `values` in any shape, brought to unit variance around zero."""
    if values.size < 100 or not values.any():
        return Tails(np.nan, np.nan, np.nan)
    scaled = values / np.sqrt(np.mean(values**2))
    beyond = 1000.0 * float(np.mean(np.abs(scaled) > FAR))
    return Tails(beyond, float(np.mean(scaled**3)), float(np.mean(scaled**4)) - 3.0)


def against_mean(residuals: Residuals) -> tuple[Array, float]:
    """Fano factor over that of the ring against mean over that of the ring, and the power of the mean.

    Cells are sorted into `RATIO_EDGES`; NaN for a bin of fewer than 10. With variance = phi x mean the
    curve is flat and the power, fitted to the points, is 1.
    """
    rings, fano = residuals.frame.rings, residuals.chi2()
    use = np.isfinite(fano) & (rings.labels >= 0)
    weight = use.astype(float)
    over_fano = fano / rings.spread_out(rings.mean(np.nan_to_num(fano), weight))
    over_mean = residuals.mean / rings.spread_out(rings.mean(residuals.mean, weight))
    place = np.digitize(over_mean[use], RATIO_EDGES) - 1
    curve, middles = np.full(len(RATIO_EDGES) - 1, np.nan), np.full(len(RATIO_EDGES) - 1, np.nan)
    for one in range(len(curve)):
        inside = place == one
        if inside.sum() >= 10:
            curve[one], middles[one] = np.mean(over_fano[use][inside]), np.mean(over_mean[use][inside])
    good = np.isfinite(curve) & (np.nan_to_num(curve) > 0)
    if good.sum() < 3:
        return curve, np.nan
    counted = np.histogram(over_mean[use], RATIO_EDGES)[0][good]
    slope = np.polyfit(np.log(middles[good]), np.log(curve[good]), 1, w=np.sqrt(counted))[0]
    return curve, 1.0 + float(slope)


def against_probability(residuals: Residuals, events: Array, edges: Array) -> Array:
    """Mean chi2 per degree of freedom of cells by their counts per event; NaN for a bin of fewer than 10."""
    chi2 = residuals.chi2()
    use = np.isfinite(chi2)
    share = residuals.mean[use] / events.mean()
    place, found = np.digitize(share, edges) - 1, np.full(len(edges) - 1, np.nan)
    for one in range(len(found)):
        if (place == one).sum() >= 10:
            found[one] = np.mean(chi2[use][place == one])
    return found


def lag(z: Array) -> float:
    """Correlation of a cell's residuals in one stored lumisection and the next; about 0 for independent ones.

    A residual around the mean of n lumisections is correlated with the others by -1 / (n - 1): this is added
    back.
    """
    n = len(z)
    if n < 3 or not z.any():
        return np.nan
    pairs, squares = float((z[1:] * z[:-1]).sum()) / (n - 1), float((z**2).sum()) / n
    return pairs / squares + 1.0 / (n - 1)
