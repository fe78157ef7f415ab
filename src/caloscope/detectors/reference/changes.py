"""What changes from run to run: single cells, regions that share hardware, the map as a whole."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from caloscope.detectors.base import Array
from caloscope.detectors.reference.cells import Cells
from caloscope.detectors.reference.residuals import Residuals
from caloscope.detectors.reference.runs import beside, of_regions, runs_of
from caloscope.detectors.reference.vecchia import Inverse
from caloscope.records import Mask

LEAST: Final = 0.003
LARGEST: Final = 0.1
CELL: Final = {"overdispersed": 0.008, "binomial": 0.015}
"""rms by which a cell changes, given its neighbours, before it is measured: real ones change by 1-4 % from
run to run, mostly as their neighbours do; those of ECAL are conditioned on more of them."""

REGION, MAP = 0.018, 0.01
PRIOR_RUNS: Final = 5.0
"""Runs that those figures weigh."""

AROUND: Final = 2.0
"""Cells over which the size of changes is taken to be alike, as the width of a Gaussian."""

FEWEST_RUNS: Final = 4
"""With fewer runs all cells of a family are taken to change alike."""

FEWEST_LEVELS: Final = 2
"""Runs that tell nothing of how far the levels of groups differ."""

GUESSED: Final = 0.5
"""Relative variance of a guess at the variance of a cell's changes, from what is around it."""

STEADIEST: Final = 0.6
"""Share of that guess below which no cell's is taken to be."""

SMALLEST_SHARE: Final = 0.2
"""Share of the typical variance below which no cell's is taken to be."""

WANDER: Final = 0.005
"""rms by which a cell is off later in a run, if it was learned in that run alone."""

LARGEST_CHANGE: Final = 0.2
"""A larger one is a fault, not a change."""


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Relative rms of changes of the rate or hazard for a whole run.

    `cell` `(n,)` is that of a cell given its neighbours, with what the training does not know about it;
    `in_run` `(n,)` the same in a run that all of the training comes from.
    """

    cell: Array
    in_run: Array
    region: float
    map: float


def changes_of(
    found: Residuals,
    dispersion: Array,
    inverse: Inverse,
    cells: Cells,
    use: Mask,
    common: Array,
    prior: float,
) -> tuple[Array, Changes]:
    """By how much groups change as a whole, `(groups,)`, 0 where runs are too few to tell; then all changes.

    Measured where there are runs enough; `prior` is the cells' own change before that.
    """
    scale = np.where(use, 1.0 / np.sqrt(dispersion), 0.0)
    runs = runs_of(found.per_run * scale, found.lever * scale, inverse, cells, use)
    count = len(found.run_lumis)
    regional = _pooled(*of_regions(runs, cells, use, inverse), REGION**2, count)
    edges = regional * beside(runs, cells, use, inverse)
    cell, learned = np.zeros(cells.count), np.zeros(cells.count)
    for family in range(len(cells.families)):
        mine = use & (cells.family == family)
        if not mine.any():
            continue
        known = runs.lever[:, mine] ** 2 * runs.precision[mine]
        off = runs.score[:, mine] / np.maximum(runs.lever[:, mine] * runs.precision[mine], 1e-9)
        variance = _around(off, known, _pooled(off, known, prior**2, count), cells, mine)
        variance = _own(off, known, np.maximum(variance, edges[mine]))
        learned[mine] = 1.0 / np.maximum(known.sum(axis=0), 1.0)
        cell[mine] = variance * (1.0 + 1.0 / count) + learned[mine]
    cell = np.where(use, cell, np.median(cell[use]) if use.any() else prior**2)
    spread = np.square(common).mean() if len(common) else 0.0
    known = 1.0 / (1.0 / runs.known + spread / found.run_lumis)
    whole = _pooled(runs.level[:, None], known[:, None], MAP**2, count)
    groups = runs.levels.std(axis=0, ddof=1) if count > FEWEST_LEVELS else np.zeros(cells.groups)
    return groups, Changes(
        np.clip(np.sqrt(cell), LEAST, 1.0),
        np.clip(np.sqrt(np.where(use & (count == 1), WANDER**2 + learned, cell)), LEAST, 1.0),
        _rms(regional),
        _rms(whole),
    )


def _rms(variance: float) -> float:
    return float(np.clip(np.sqrt(max(variance, 0.0)), LEAST, LARGEST))


def _pooled(off: Array, known: Array, prior: float, runs: int) -> float:
    """Variance of changes, from those measured in `(run, place)`, `known` with one over their variance."""
    weight = 1.0 / (1.0 / np.maximum(known, 1e-9) + prior) ** 2
    weight *= np.abs(off) < LARGEST_CHANGE + 4.0 / np.sqrt(np.maximum(known, 1e-9))
    degrees = runs - 1.0
    if degrees <= 0 or weight.sum() <= 0:
        return prior
    # The mean was learned from the same runs.
    measured = float(
        (weight * (off**2 * runs / degrees - 1.0 / np.maximum(known, 1e-9))).sum() / weight.sum()
    )
    return max(0.0, (measured * degrees + prior * PRIOR_RUNS) / (degrees + PRIOR_RUNS))


def _around(off: Array, known: Array, typical: float, cells: Cells, mine: Mask) -> Array:
    """Variance of each cell's changes, `(cell,)`, from those of the cells around it over all depths and runs.

    Some places change twice as much as the typical one, others half as much. What is measured around a cell
    is pulled towards the typical variance of the map while runs are few.
    """
    runs = len(off)
    if runs < FEWEST_RUNS:
        return np.full(off.shape[1], typical)
    error = 1.0 / np.maximum(known, 1e-9)
    weight = 1.0 / (error + typical) ** 2
    weight *= np.abs(off) < LARGEST_CHANGE + 4.0 * np.sqrt(error)
    excess = (weight * (off**2 * runs / (runs - 1.0) - error)).sum(axis=0)
    there = _smoothed(weight.sum(axis=0), cells, mine)
    measured = _smoothed(excess, cells, mine) / np.maximum(there, 1e-12)
    pulled = (measured * (runs - 1.0) + typical * PRIOR_RUNS) / (runs - 1.0 + PRIOR_RUNS)
    return np.asarray(np.maximum(pulled, SMALLEST_SHARE * typical))


def _own(off: Array, known: Array, guess: Array) -> Array:
    """Variance of each cell's changes, `(cell,)`, from a guess and from what the cell itself showed.

    Each as far as it is sure: guesses are off by a factor of two as often as not. Few runs may show too
    little by chance, so that a cell is believed to be steadier than the guess only to some extent.
    """
    runs, guess = len(off), np.maximum(guess, LEAST**2)
    if runs < FEWEST_RUNS:
        return guess
    error = 1.0 / np.maximum(known, 1e-9)
    kept = np.abs(off) < LARGEST_CHANGE + 4.0 * np.sqrt(error)
    shown = (kept * (off**2 * runs / (runs - 1.0) - error)).sum(axis=0) / np.maximum(kept.sum(axis=0), 1)
    sure = (runs - 1.0) / (2.0 * (guess + error.mean(axis=0)) ** 2)
    before = 1.0 / (GUESSED * guess**2)
    return np.asarray(np.maximum((sure * shown + before * guess) / (sure + before), STEADIEST * guess))


def _smoothed(values: Array, cells: Cells, mine: Mask) -> Array:
    """Sums over the surroundings of each cell in y and x, over all depths, weighted by distance."""
    view = cells.view
    flat = np.zeros(cells.count)
    flat[mine] = values
    plane = np.zeros(view.shape)
    plane[view.exists] = flat
    plane = plane.reshape(-1, *view.shape[-2:]).sum(axis=0)
    for axis, circular in enumerate(view.circular[-2:]):
        plane = ndimage.gaussian_filter1d(plane, AROUND, axis, mode="wrap" if circular else "constant")
    found = np.broadcast_to(plane, view.shape)[view.exists][mine]
    return np.asarray(found)
