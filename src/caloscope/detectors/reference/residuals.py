"""Residuals of the lumisections that were learned from: what the mean does not explain."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from caloscope.detectors.base import Array
from caloscope.detectors.reference.cells import Cells, Whole
from caloscope.detectors.reference.link import slope_of, variance_of
from caloscope.detectors.reference.mean import Mean
from caloscope.records import Floats, Mask


class Stack(NamedTuple):
    """Lumisections: counts `(lumi, n)`; events, x of the pileup, and run `(lumi,)`.

    `kept` `(lumi, n)` is false where a cell was not itself.
    """

    counts: Floats
    events: Array
    away: Array
    run: Whole
    kept: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Counts around the mean, in standard deviations of independent counts (Poisson or binomial).

    `z` `(lumi, n)` is around the mean of the cell's own run, brought to the variance that it would have
    around the true one; zero where a cell was not itself, or alone in its run. `lumis` `(n,)` is how many
    know each cell, `degrees` how many are left once each run has its mean.

    `per_run` `(run, n)` is what a run shows as a whole, the sum of its residuals brought to the same
    variance, and `lever` `(run, n)` what that gains where u rises by one. `run_lumis` `(run,)` counts.
    `typical` `(n,)` is the lever of one lumisection with `typical_events` at the mean pileup.

    `common` `(lumi, groups)` is what was taken out of binomial residuals for all cells of a group.
    """

    z: Floats
    lumis: Array
    degrees: int
    events: Array
    per_run: Array
    lever: Array
    run_lumis: Whole
    typical: Array
    typical_events: float
    common: Array


def residuals_of(stack: Stack, mean: Mean, cells: Cells) -> Residuals:
    """The residuals of stacked lumisections."""
    runs = list(_runs(stack.run))
    z = np.zeros_like(stack.counts)
    common = np.zeros((len(z), cells.groups))
    lumis, degrees = np.zeros(cells.count), 0
    per_run, lever = (np.zeros((len(runs), cells.count)) for _ in range(2))
    for number, rows in enumerate(runs):
        raw, steep = _standardised(stack, rows, mean)
        root = np.sqrt(stack.events[rows]).astype(np.float32)[:, None]
        kept = stack.kept[rows]
        total = np.maximum((kept * root**2).sum(axis=0), 1.0)
        per_run[number] = (root * raw).sum(axis=0) / np.sqrt(total)
        lever[number] = (root * steep).sum(axis=0) / np.sqrt(total)
        if mean.noise == "binomial":
            common[rows] = _common(raw, steep, cells)
            raw -= steep * common[rows].astype(np.float32)[:, cells.group]
        z[rows] = _around_own_mean(raw, root, kept)
        lumis += kept.sum(axis=0) * (len(rows) > 1)
        degrees += len(rows) - 1
    sizes = np.array([len(rows) for rows in runs])
    middle = float(stack.events.mean())
    typical = _lever(mean.counts(middle, 0.0), middle, mean)
    return Residuals(
        z, np.maximum(lumis, 1.0), degrees, stack.events, per_run, lever, sizes, typical, middle, common
    )


def _runs(run: Whole) -> Iterator[Whole]:
    """The rows of each run; all are one where every run has a single lumisection."""
    numbers, place = np.unique(run, return_inverse=True)
    place = place if len(numbers) < len(run) else np.zeros(len(run), np.int64)
    for number in range(int(place.max()) + 1):
        yield np.flatnonzero(place == number)


def _standardised(stack: Stack, rows: Whole, mean: Mean) -> tuple[Floats, Floats]:
    """Residuals and levers, `(rows, n)`."""
    z = np.empty((len(rows), len(mean.level)), np.float32)
    steep = np.empty_like(z)
    for place, row in enumerate(rows):
        events = float(stack.events[row])
        expected = mean.counts(events, float(stack.away[row]))
        deviation = np.sqrt(variance_of(expected, events, mean.noise))
        z[place] = (stack.counts[row] - expected) / deviation
        steep[place] = slope_of(expected, events, mean.noise) / deviation
    used = stack.kept[rows] & mean.alive & ~mean.sure
    return np.where(used, z, np.float32(0)), np.where(used, steep, np.float32(0))


def _lever(expected: Array, events: float, mean: Mean) -> Array:
    steep = slope_of(expected, events, mean.noise) / np.sqrt(variance_of(expected, events, mean.noise))
    return np.where(mean.alive & ~mean.sure, steep, 0.0)


def _common(z: Floats, lever: Floats, cells: Cells) -> Array:
    """What all cells of a group did together, `(rows, groups)`."""
    belongs = np.zeros((cells.count, cells.groups), np.float32)
    belongs[np.arange(cells.count), cells.group] = 1.0
    return np.asarray((z * lever) @ belongs / np.maximum(lever**2 @ belongs, 1e-6), np.float64)


def _around_own_mean(z: Floats, root: Floats, kept: Mask) -> Floats:
    lumis = kept.sum(axis=0)
    total = np.maximum((kept * root**2).sum(axis=0), 1.0)
    around = z - root * ((root * z).sum(axis=0) / total)
    scale = np.where(lumis > 1, np.sqrt(lumis / np.maximum(lumis - 1, 1)), 0.0)
    return np.asarray(np.where(kept, around * scale, 0.0), np.float32)
