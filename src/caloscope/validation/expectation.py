"""The expectation that a few lumisections give themselves: one scale a lumisection, one mean a cell."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array
from caloscope.records import Mask
from caloscope.validation.sample import Frame, Stack

LEAST_VARIANCE = 1.0
"""Cells whose counts vary less than this from one lumisection to the next say nothing about noise."""

_ROUNDS = 12
_CLOSE = 1e-6


@dataclass(frozen=True, eq=False)
class Residuals:
    """Counts less their expectation.

    `expected`, `difference` (zero where not valid), `variance` (Poisson's or the binomial's) and `valid` are
    `(lumisections, [depth,] y, x)`; `mean`, counts at scale 1, and `lumis`, valid lumisections, have the
    view's shape. `scales` holds one number a lumisection for each part.
    """

    frame: Frame
    expected: Array
    difference: Array
    variance: Array
    valid: Mask
    mean: Array
    lumis: Array
    scales: dict[str, Array]

    @cached_property
    def cells(self) -> Mask:
        """Cells of which something can be said: they count, and not the same each time."""
        typical = np.divide(
            self.variance.sum(0), self.lumis, out=np.zeros_like(self.lumis), where=self.lumis > 0
        )
        return np.asarray((self.lumis > 1) & (self.mean > 0) & (typical >= LEAST_VARIANCE))

    def chi2(self) -> Array:
        """Squared residuals over Poisson's or the binomial's variance, per degree of freedom, of each cell.

        For Poisson this is the Fano factor. NaN in cells of which nothing can be said.
        """
        freedom = self.lumis - 1.0
        sums = np.divide(
            self.difference**2, self.variance, out=np.zeros_like(self.variance), where=self.variance > 0
        )
        unknown = np.full(freedom.shape, np.nan)
        return np.asarray(np.divide(sums.sum(0), freedom, out=unknown, where=self.cells))

    def standardised(self) -> Array:
        """Residuals of unit variance, given the Fano factor of their ring; zero where not valid."""
        rings, freedom = self.frame.rings, self.lumis - 1.0
        fano = 1.0 if self.frame.binomial else rings.spread_out(self.fano_by_ring())
        share = np.divide(freedom, self.lumis, out=np.ones_like(freedom), where=self.cells)
        variance = self.variance * share * np.where(np.isfinite(fano), fano, 1.0)
        good = self.valid & (variance > 0) & self.cells
        return np.divide(
            self.difference,
            np.sqrt(variance, where=good, out=np.ones_like(variance)),
            out=np.zeros_like(variance),
            where=good,
        )

    def fano_by_ring(self) -> Array:
        """Mean of `chi2` in each ring; NaN where a ring has no cell."""
        chi2 = self.chi2()
        return self.frame.rings.mean(np.nan_to_num(chi2), np.isfinite(chi2).astype(float))


def residuals(frame: Frame, stack: Stack) -> Residuals:
    """Takes the rank-one expectation from a stack, for each part of the view by itself."""
    shape = frame.view.shape
    expected, mean, scales = np.zeros_like(stack.counts), np.zeros(shape), {}
    for name, members in frame.parts.items():
        counts, valid = stack.counts[:, members], stack.valid[:, members]
        if valid.any():
            scales[name], mean[members] = rank_one(counts, valid, stack.events)
            expected[:, members] = scales[name][:, None] * mean[members]
    valid = stack.valid & (expected > 0)
    difference = np.where(valid, stack.counts - expected, 0.0)
    variance = np.where(valid, expected, 0.0)
    if frame.binomial and stack.events is not None:
        events = stack.events.reshape(-1, *[1] * len(shape))
        variance = np.maximum(variance * (1.0 - expected / events), 0.0)
    return Residuals(frame, expected, difference, variance, valid, mean, valid.sum(0).astype(float), scales)


def rank_one(counts: Array, valid: Mask, weights: NDArray[np.int64] | None = None) -> tuple[Array, Array]:
    """Scale of each lumisection (mean 1) and mean of each cell at scale 1, of most likely Poisson counts.

    `counts` and `valid` are `(lumisections, cells)`; a cell that is never valid has mean 0. Where all is
    valid the first round is exact.
    """
    weight, filled = valid.astype(float), np.where(valid, counts, 0.0)
    per_lumi, per_cell = filled.sum(1), filled.sum(0)
    scale = per_lumi / max(per_lumi.mean(), 1e-300) if weights is None else weights / weights.mean()
    mean = per_cell
    for _ in range(_ROUNDS):
        seen = scale @ weight
        mean = np.divide(per_cell, seen, out=np.zeros_like(per_cell), where=seen > 0)
        hoped = weight @ mean
        new = np.divide(per_lumi, hoped, out=np.zeros_like(per_lumi), where=hoped > 0)
        new /= max(new.mean(), 1e-300)
        done = bool(np.abs(new - scale).max() < _CLOSE)
        scale = new
        if done:
            break
    seen = scale @ weight
    return scale, np.divide(per_cell, seen, out=np.zeros_like(per_cell), where=seen > 0)
