"""What changes from run to run: single cells, regions that share hardware, the map as a whole."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from caloscope.detectors.base import Array
from caloscope.detectors.reference.cells import Cells
from caloscope.detectors.reference.residuals import Residuals
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

SMALLEST, BIGGEST = 4, 0.4
"""Regions of hardware that change by themselves: so many cells at least, at most this share of the map."""

AROUND: Final = 2.0
"""Cells over which the size of changes is taken to be alike, as the width of a Gaussian."""

FEWEST_RUNS: Final = 4
"""With fewer runs all cells of a family are taken to change alike."""

FEWEST_LEVELS: Final = 2
"""Runs that tell nothing of how far the levels of groups differ."""

SMALLEST_SHARE: Final = 0.2
"""Share of the typical variance below which no cell's is taken to be."""

OWN: Final = 0.3
"""Share of what a region knows that must not be lost when the level of the map is left free."""

LARGEST_CHANGE: Final = 0.2
"""A larger one is a fault, not a change."""


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Relative rms of changes of the rate or hazard for a whole run.

    `cell` `(n,)` is that of a cell given its neighbours, with what the training does not know about it.
    """

    cell: Array
    region: float
    map: float


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """What runs show as a whole, `(run, n)`: residuals of variance 1 and what they gain where u rises.

    Both times the inverse, the common modes of groups taken out; `level` and `known` `(run,)` are of the map.
    """

    lever: Array
    score: Array
    precision: Array
    level: Array
    known: Array
    belongs: Array
    levels: Array


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
    runs = _runs(found.per_run * scale, found.lever * scale, inverse, cells, use)
    count = len(found.run_lumis)
    cell = np.zeros(cells.count)
    for family in range(len(cells.families)):
        mine = use & (cells.family == family)
        if not mine.any():
            continue
        known = runs.lever[:, mine] ** 2 * runs.precision[mine]
        off = runs.score[:, mine] / np.maximum(runs.lever[:, mine] * runs.precision[mine], 1e-9)
        variance = _around(off, known, _pooled(off, known, prior**2, count), cells, mine)
        cell[mine] = variance * (1.0 + 1.0 / count) + 1.0 / np.maximum(known.sum(axis=0), 1.0)
    cell = np.where(use, cell, np.median(cell[use]) if use.any() else prior**2)
    spread = np.square(common).mean() if len(common) else 0.0
    known = 1.0 / (1.0 / runs.known + spread / found.run_lumis)
    whole = _pooled(runs.level[:, None], known[:, None], MAP**2, count)
    groups = runs.levels.std(axis=0, ddof=1) if count > FEWEST_LEVELS else np.zeros(cells.groups)
    return groups, Changes(
        np.clip(np.sqrt(cell), LEAST, 1.0),
        _rms(_regions(runs, cells, use, inverse)),
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


def _runs(z: Array, lever: Array, inverse: Inverse, cells: Cells, use: Mask) -> _Runs:
    matrix = inverse.matrix()
    belongs = np.zeros((cells.count, cells.groups))
    belongs[np.arange(cells.count), cells.group] = use
    score = np.asarray((matrix @ z.T).T, np.float64)
    level, known, levels = np.zeros(len(z)), np.zeros(len(z)), np.zeros((len(z), cells.groups))
    for run, here in enumerate(lever):
        moved = belongs * here[:, None]
        spread = np.asarray(matrix @ moved)
        whole = moved.T @ spread + 1e-6 * np.eye(cells.groups)
        shown = moved.T @ score[run]
        known[run] = max(float(whole.sum()), 1e-9)
        level[run] = float(shown.sum()) / known[run]
        levels[run] = np.linalg.solve(whole, shown)
        score[run] -= spread @ levels[run]
    return _Runs(lever, score, matrix.diagonal().astype(np.float64), level, known, belongs, levels)


def _regions(runs: _Runs, cells: Cells, use: Mask, inverse: Inverse) -> float:
    """Variance of the changes of regions against the level of their groups."""
    off, known = [], []
    matrix, usual = inverse.matrix(), runs.lever.mean(axis=0)
    moved = runs.belongs * usual[:, None]
    together = moved.T @ np.asarray(matrix @ moved) + 1e-6 * np.eye(cells.groups)
    for region in cells.view.regions:
        members = cells.members(region.members)
        members = members[use[members]]
        if not SMALLEST <= len(members) <= BIGGEST * use.sum():
            continue
        first = np.zeros(cells.count)
        first[members] = usual[members]
        spread = np.asarray(matrix @ first)
        size = (runs.lever[:, members] ** 2).sum(axis=1) / max((first**2).sum(), 1e-9)
        alone = float(first @ spread)
        lost = moved.T @ spread
        own = alone - float(lost @ np.linalg.solve(together, lost))
        if own > OWN * alone > 0:
            known.append(own * size)
            off.append((runs.lever * runs.score)[:, members].sum(axis=1) / np.maximum(own * size, 1e-9))
    if not off:
        return REGION**2
    return _pooled(np.array(off).T, np.array(known).T, REGION**2, len(runs.level))
