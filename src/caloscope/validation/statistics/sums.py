"""Sums over cells that share hardware, and what a whole subdetector does together."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from scipy import sparse

from caloscope.detectors.base import Array
from caloscope.geometry import View
from caloscope.validation.expectation import Residuals
from caloscope.validation.sample import Stack


@lru_cache(maxsize=32)
def _members(view: View, kind: str) -> tuple[tuple[str, ...], sparse.csr_matrix]:
    """Names of the regions of a kind and a sparse matrix `(regions, cells)` of their members."""
    chosen = [region for region in view.regions if region.kind == kind]
    rows = [np.full(int(region.members.sum()), i) for i, region in enumerate(chosen)]
    columns = [np.flatnonzero(region.members) for region in chosen]
    places = (np.concatenate(rows), np.concatenate(columns))
    shape = (len(chosen), int(np.prod(view.shape)))
    matrix = sparse.csr_matrix((np.ones(len(places[0])), places), shape=shape)
    return tuple(region.name for region in chosen), matrix


def region_sums(residuals: Residuals, kind: str) -> Mapping[str, float]:
    """Variance of region sums over that of independent cells, by the first three letters of the names.

    Independent cells have Poisson's or the binomial's variance, so that a Fano factor is quoted for
    over-dispersed counts. Empty where a view has no such regions.
    """
    if not any(region.kind == kind for region in residuals.frame.view.regions):
        return {}
    names, members = _members(residuals.frame.view, kind)
    lumis = len(residuals.difference)
    together = members @ residuals.difference.reshape(lumis, -1).T
    variance = members @ residuals.variance.reshape(lumis, -1).T
    counted = np.asarray((variance > 0).sum(1), float)
    freedom = np.divide(counted - 1, counted, out=np.ones_like(counted), where=counted > 1)
    squares = np.asarray(together**2).sum(1) / freedom
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        if variance[place].sum() > 0:
            groups.setdefault(name[:3], []).append(place)
    return {name: float(squares[i].sum() / variance[i].sum()) for name, i in sorted(groups.items())}


def common_modes(residuals: Residuals, stack: Stack) -> Mapping[str, float]:
    """How far the sum over each part of a view fluctuates from lumisection to lumisection, in per mille.

    The sum is compared with the number of events; what independent binomial counts would do is taken out (in
    square). A negative number stands for less than that. Empty where the numbers of events are not known.
    """
    found: dict[str, float] = {}
    if stack.events is None or stack.lumis < 2:
        return found
    events = stack.events.astype(float)
    for name in residuals.scales:
        members = residuals.frame.parts[name] & residuals.cells
        valid = residuals.valid[:, members].all(0)
        if not valid.any():
            continue
        counts = stack.counts[:, members][:, valid]
        p = counts.sum(0) / events.sum()
        expected = events * p.sum()
        ratio = counts.sum(1) / expected - 1.0
        chance = float(np.mean(events * (p * (1 - p)).sum() / expected**2))
        square = float((ratio**2).sum() / (len(events) - 1)) - chance
        found[name] = 1000.0 * float(np.sign(square) * np.sqrt(np.abs(square)))
    return found


def together_with(residuals: Residuals, companion: Residuals) -> float:
    """Correlation of the residuals of two maps of the same events; NaN where nothing is common."""
    first, second = residuals.standardised(), companion.standardised()
    both = (first != 0) & (second != 0)
    if both.sum() < 100:
        return np.nan
    a, b = first[both], second[both]
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))


def crystal_fano(stack: Stack, scale: Array | None, least: float = 0.5) -> float:
    """Mean Fano factor of single crystals with at least `least` counts; NaN without crystals.

    `scale` is that of the towers: one for each lumisection.
    """
    crystals = stack.crystals
    if crystals is None or scale is None:
        return np.nan
    weight = crystals.valid * scale[:, None, None]
    seen = weight.sum(0)
    counts = np.where(crystals.valid, crystals.counts, 0.0)
    mean = np.divide(counts.sum(0), seen, out=np.zeros_like(seen), where=seen > 0)
    expected = weight * mean
    square = np.where(crystals.valid, (counts - expected) ** 2, 0.0)
    sums = np.divide(square, expected, out=np.zeros_like(expected), where=expected > 0).sum(0)
    freedom = crystals.valid.sum(0) - 1
    use = (mean >= least) & (freedom > 0)
    return float(np.mean(sums[use] / freedom[use])) if use.any() else np.nan
