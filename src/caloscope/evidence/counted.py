"""What one lumisection counted in each cell, against what was expected of the cell by itself."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.detectors.base import Array, Expectation
from caloscope.evidence.layout import Layout
from caloscope.evidence.likelihood import bounded, stiffness
from caloscope.records import Floats, Mask

ALWAYS: Final = 0.99
"""A channel with a higher probability says nothing of rates: it is tested by itself, not with others."""

_MOST: Final = 1e9
"""Counts above it tell nothing more, and single precision holds their squares."""


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The cells that exist in one lumisection, flat, all `(cell,)`.

    `z` is the residual in standard deviations `deviation` of the cell alone; `lever` what `z` gains where the
    rate (or hazard) rises by its own size. Cells that cannot be tested have `z` and `lever` zero.
    """

    counts: Floats
    mean: Floats
    deviation: Floats
    lever: Floats
    z: Floats
    testable: Mask
    trials: float
    binomial: bool

    @classmethod
    def of(cls, counts: Array, expectation: Expectation, layout: Layout, change: Floats) -> "Counted":
        """With the mean as expected, but for the relative `change` of rates (or hazards) learned since."""
        binomial = expectation.noise == "binomial"
        trials = max(float(expectation.trials), 1.0)
        here = np.minimum(counts, _MOST).astype(np.float32)
        mean = layout.of_cells(expectation.mean).astype(np.float32)
        testable = layout.of_cells(expectation.testable) & (mean > 0)
        if binomial and expectation.trials < 1:
            testable = np.zeros_like(testable)
        mean[~testable] = min(1.0, trials / 2)
        dispersion = layout.of_cells(expectation.dispersion).astype(np.float32)
        if binomial:
            mean, variance, stiff = _binomial(mean, np.float32(trials), dispersion, change)
        else:
            mean *= 1 + change
            variance, stiff = mean * np.maximum(dispersion, np.float32(1e-3)), np.ones(1, np.float32)
        deviation = np.sqrt(variance)
        z = here - mean
        z /= deviation
        z *= testable
        lever = stiff * mean
        lever /= deviation
        lever *= testable
        if binomial:
            lever[mean >= np.float32(ALWAYS * trials)] = 0
        return cls(here, mean, deviation, lever, z, testable, trials, binomial)


def _binomial(
    mean: Floats, trials: np.float32, dispersion: Floats, change: Floats
) -> tuple[Floats, Floats, Floats]:
    """Mean and variance of a beta-binomial with changed hazards, and how the mean follows those."""
    p = bounded(mean / trials)
    stiff = stiffness(p)
    p = bounded(p * (1 + stiff * change))
    mean = trials * p
    return mean, mean * (1 - p) * (1 + (trials - 1) * dispersion), stiff
