"""How much each cell varies: a Fano factor (overdispersed), or an intraclass correlation (binomial)."""

from typing import Final

import numpy as np
from scipy.special import chdtri

from caloscope.detectors.base import Array
from caloscope.detectors.reference.cells import Cells
from caloscope.detectors.reference.residuals import Residuals
from caloscope.records import Floats, Mask

DEFAULT_FANO: Final = 12.0
"""Fano factor of ECAL tower counts before anything is learned, measured on run 276582."""

DEFAULT_LUMIS: Final = 0.5
"""Lumisections that the default weighs: it is forgotten as soon as there is anything better."""

PRIOR_LUMIS: Final = 30.0
"""Lumisections that the surroundings' Fano factor weighs against the cell's own: towers of run 276582 differ
by 26 % once the error of 19 lumisections is taken out, as much as 30 lumisections would make them."""

PRIOR_AROUND: Final = 250.0
"""Lumisections times cells that the map's typical Fano factor weighs against the surroundings': eight
neighbours that fluctuate together say as much as one cell."""

SMOOTH: Final = 1.5
"""Cells over which the surroundings reach (the sigma of a Gaussian)."""

TYPICAL_THRESHOLD: Final = 17.0
"""Nats at which an underestimated Fano factor must not raise the rate of false alarms."""

WITH_NEIGHBOURS: Final = 4.0
"""How many times better a Fano factor is known because that of the surroundings is nearly the same."""

LEAST_FANO: Final = 1.05
LARGEST: Final = 6.0
"""Standard deviations at which single residuals are cut off: more is no noise."""

ALWAYS_RHO: Final = 1e-3
"""Intraclass correlation of channels that always count: few events lose many of them at once."""

UNSTABLE: Final = 1e-6
"""Probability with which a channel that is like others would vary so much that it gets a rho of its own."""


def fano_factors(found: Residuals, cells: Cells, alive: Mask, together: float) -> Array:
    """Variance over mean per cell, `(n,)`; `together` is the variance of what all cells do at the same time.

    It is smooth over the map, pulled to what the surroundings have while the history is short.
    """
    own = np.square(_cut(found.z, found.z[:, alive])).sum(axis=0, dtype=np.float64) / found.lumis
    own -= max(together, 0.0) * found.typical**2
    typical = float(np.mean(own[alive])) if alive.any() else DEFAULT_FANO
    short = DEFAULT_LUMIS / (found.degrees + DEFAULT_LUMIS)
    typical = (1.0 - short) * typical + short * DEFAULT_FANO
    known = np.where(alive, found.lumis, 0.0)
    around = _around(np.where(alive, own, 0.0), known, cells, typical)
    pulled = (own * known + around * PRIOR_LUMIS) / (known + PRIOR_LUMIS)
    return np.maximum(np.where(alive, pulled, typical) * (1.0 + safety(found.degrees)), LEAST_FANO)


def safety(lumis: float) -> float:
    """How much larger a Fano factor is taken to be because it is only known from so many lumisections.

    Evidence scales with its inverse. With a relative error e of the factor and a margin m on it, the rate of
    crossing h is raised by exp(h^2 e^2 / 2 - h m) on average over cells; the margin makes that exp(1).
    """
    error = float(np.sqrt(2.0 / (WITH_NEIGHBOURS * lumis + PRIOR_LUMIS)))
    return max(0.0, TYPICAL_THRESHOLD * error**2 / 2.0 - 1.0 / TYPICAL_THRESHOLD)


def intraclass_correlations(found: Residuals, cells: Cells, alive: Mask, sure: Mask) -> Array:
    """Beta-binomial rho per cell, `(n,)`: what the data show beyond binomial.

    It is one for a family of channels; a channel that varies far more has its own.
    """
    rho = np.full(cells.count, 1e-9)
    own = np.square(np.clip(found.z, -LARGEST, LARGEST)).sum(axis=0, dtype=np.float64) / found.lumis
    trials = max(1.0, found.typical_events - 1.0)
    degrees = max(found.degrees, 1)
    for number in range(len(cells.families)):
        mine = (cells.family == number) & alive & ~sure
        if not mine.any():
            continue
        typical = max(1.0, float(np.mean(own[mine])))
        limit = typical * float(chdtri(degrees, UNSTABLE)) / degrees
        rho[mine] = (np.where(own > limit, own, typical)[mine] - 1.0) / trials
    return np.clip(np.where(sure, ALWAYS_RHO, rho), 1e-9, 0.5)


def _cut(z: Floats, living: Floats) -> Floats:
    """Residuals, those cut off that are far beyond what is usual."""
    scale = max(1.0, float(np.sqrt(np.mean(np.square(living))))) if living.size else 1.0
    return np.clip(z, -LARGEST * scale, LARGEST * scale)


def _around(values: Array, weight: Array, cells: Cells, typical: float) -> Array:
    """Weighted mean over the surroundings in the same family, `typical` far from all that is known."""
    total, share = np.zeros(cells.count), np.zeros(cells.count)
    for family in range(len(cells.families)):
        mine = cells.family == family
        total = np.where(mine, _blurred(np.where(mine, values * weight, 0.0), cells), total)
        share = np.where(mine, _blurred(np.where(mine, weight, 0.0), cells), share)
    return np.asarray((total + PRIOR_AROUND * typical) / (share + PRIOR_AROUND))


def _blurred(values: Array, cells: Cells) -> Array:
    plane = np.zeros(cells.view.shape)
    plane[cells.view.exists] = values
    for axis in (-2, -1):
        plane = _along(plane, axis, circular=cells.view.circular[axis])
    return np.asarray(plane[cells.view.exists])


def _along(plane: Array, axis: int, *, circular: bool) -> Array:
    found = np.zeros_like(plane)
    reach = int(3 * SMOOTH)
    for step in range(-reach, reach + 1):
        moved = np.roll(plane, step, axis=axis)
        if not circular and step:
            gone = [slice(None)] * plane.ndim
            gone[axis] = slice(0, step) if step > 0 else slice(step, None)
            moved[tuple(gone)] = 0.0
        found += np.exp(-0.5 * (step / SMOOTH) ** 2) * moved
    return found
