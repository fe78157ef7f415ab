"""By how much all cells of a group go up and down together, from one lumisection to the next."""

from typing import Final

import numpy as np

from caloscope.detectors.base import Array, Noise
from caloscope.detectors.reference.cells import Cells
from caloscope.detectors.reference.mean import Mean
from caloscope.detectors.reference.residuals import Residuals
from caloscope.detectors.reference.vecchia import Inverse
from caloscope.records import Mask

LEAST: Final = 0.003
LARGEST: Final = 0.5
DEFAULTS: Final = {"HB": 0.015}
"""rms assumed before it is measured, by family: a pileup that is off by 3 % moves HB by half of that."""

DEFAULT: Final = 0.03
UNTOLD: Final = {"HB": 0.06, "HE": 0.15}
UNTOLD_ELSEWHERE: Final = 0.03
"""rms of what a group does over fills because of a pileup that nobody tells, by family."""

PRIOR_LUMIS: Final = 5.0
"""Lumisections that the default weighs."""

WITHOUT_PILEUP: Final = 2.0
"""Where the pileup is not known the common mode is larger, at least by this factor."""


def common_modes(found: Residuals, dispersion: Array, inverse: Inverse, cells: Cells, use: Mask) -> Array:
    """The rms of the change of u that cells of a group share, `(groups,)`.

    `dispersion` `(n,)` is the variance in units of that of independent counts. What counting alone makes of a
    group is taken off.
    """
    scale = np.where(use, 1.0 / np.sqrt(dispersion), 0.0)
    lever = found.typical * scale
    matrix = inverse.matrix()
    rms = np.empty(cells.groups)
    for group in range(cells.groups):
        mine = np.where(cells.group == group, lever, 0.0)
        weight = np.asarray(matrix @ mine)
        known = float(mine @ weight)
        family = cells.families[int(cells.family[np.argmax(cells.group == group)])]
        usual = DEFAULTS.get(family, DEFAULT)
        measured = _variance(found, weight * scale, known, group) if known > 0 else usual**2
        variance = (found.degrees * measured + PRIOR_LUMIS * usual**2) / (found.degrees + PRIOR_LUMIS)
        rms[group] = np.clip(np.sqrt(max(variance, 0.0)), LEAST, LARGEST)
    return rms


def untold(common: Array, levels: Array, cells: Cells, noise: Noise) -> Array:
    """The same where nothing was learned of pileup: then groups move with it, each in its own way.

    `levels` `(groups,)` is the rms by which those of runs differ. In HCAL the hazard goes with the 0.43th
    power of pileup in HB, with the first in HE (run 306138), and no producer tells it; so that much is
    allowed at least.
    """
    least = np.zeros_like(common)
    if noise == "binomial":
        family = {
            int(group): cells.families[int(kind)]
            for group, kind in zip(cells.group, cells.family, strict=True)
        }
        least = np.array([UNTOLD.get(family[group], UNTOLD_ELSEWHERE) for group in range(cells.groups)])
    return np.asarray(np.minimum(np.maximum(np.hypot(common, levels), least), LARGEST))


def _variance(found: Residuals, weight: Array, known: float, group: int) -> float:
    """Of a group's level around its run's own, without the part that is counting."""
    size = found.events / found.typical_events
    level = (found.z @ weight.astype(np.float32)) / (known * np.sqrt(size)) + found.common[:, group]
    return float(np.mean(level**2 - 1.0 / (known * size)))


def without_pileup(common: Array, mean: Mean) -> Array:
    """The same where the pileup is not known: all that it does over the range in which it was learned."""
    larger = WITHOUT_PILEUP * common
    if mean.follows:
        x = np.linspace(mean.away(mean.pileup_low), mean.away(mean.pileup_high), 9)[:, None]
        does = mean.curve[:, 0] * x + mean.curve[:, 1] * x * x
        larger = np.maximum(larger, 0.5 * (does.max(axis=0) - does.min(axis=0)))
    return np.asarray(np.minimum(larger, LARGEST))
