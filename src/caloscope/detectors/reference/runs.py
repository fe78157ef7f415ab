"""What runs show as a whole: cells, levels of groups, and regions that share hardware."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.detectors.base import Array
from caloscope.detectors.reference.cells import Cells, Whole
from caloscope.detectors.reference.vecchia import Inverse
from caloscope.records import Mask

SMALLEST, BIGGEST = 4, 0.4
"""Regions of hardware that change by themselves: so many cells at least, at most this share of the map."""

OWN: Final = 0.3
"""Share of what a region knows that must not be lost when the level of the map is left free."""


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
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


def runs_of(z: Array, lever: Array, inverse: Inverse, cells: Cells, use: Mask) -> Runs:
    """From residuals `z` and levers of runs, `(run, n)`, both in units of the counts' standard deviations."""
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
    return Runs(lever, score, matrix.diagonal().astype(np.float64), level, known, belongs, levels)


def hardware(cells: Cells, use: Mask) -> Iterator[Whole]:
    """The cells in use of each region of hardware that changes by itself."""
    for region in cells.view.regions:
        members = cells.members(region.members)
        members = members[use[members]]
        if SMALLEST <= len(members) <= BIGGEST * use.sum():
            yield members


def beside(runs: Runs, cells: Cells, use: Mask, inverse: Inverse) -> Array:
    """Share of a change of a region's variance that its cells show given their neighbours, `(cell,)`.

    Little in the middle of a region, where the neighbours change as much; half of it and more at its edge,
    for cells on both sides.
    """
    matrix, lever = inverse.matrix(), runs.lever.mean(axis=0)
    own = np.maximum(lever * runs.precision, 1e-9)
    most = np.zeros(cells.count)
    for members in hardware(cells, use):
        moved = np.zeros(cells.count)
        moved[members] = lever[members]
        most = np.maximum(most, np.where(use, np.asarray(matrix @ moved) / own, 0.0) ** 2)
    return np.minimum(most, 1.0)


def of_regions(runs: Runs, cells: Cells, use: Mask, inverse: Inverse) -> tuple[Array, Array]:
    """By how much regions are off in each run against the level of their groups, `(run, region)`.

    Also one over the variance of that. Regions that the level of a group hides are left out.
    """
    off: list[Array] = []
    known: list[Array] = []
    matrix, usual = inverse.matrix(), runs.lever.mean(axis=0)
    moved = runs.belongs * usual[:, None]
    together = moved.T @ np.asarray(matrix @ moved) + 1e-6 * np.eye(cells.groups)
    for members in hardware(cells, use):
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
    shape = (len(off), len(runs.level))
    return np.reshape(off, shape).T, np.reshape(known, shape).T
