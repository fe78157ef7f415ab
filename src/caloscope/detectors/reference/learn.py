"""How the reference learns: the mean, the noise of single cells, how cells go together, what changes."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from caloscope.detectors.base import Array, Noise, Observation
from caloscope.detectors.reference.areas import Areas
from caloscope.detectors.reference.astray import Mended, mended
from caloscope.detectors.reference.bins import Bins
from caloscope.detectors.reference.cells import Cells, Whole
from caloscope.detectors.reference.changes import CELL, changes_of
from caloscope.detectors.reference.common import common_modes, untold, without_pileup
from caloscope.detectors.reference.domain import Domain
from caloscope.detectors.reference.knowledge import Knowledge
from caloscope.detectors.reference.lags import Alike, learn_alike
from caloscope.detectors.reference.level import Levels
from caloscope.detectors.reference.mean import Mean
from caloscope.detectors.reference.mean_fit import Fitted, fit_mean
from caloscope.detectors.reference.noise import LARGEST, fano_factors, intraclass_correlations
from caloscope.detectors.reference.remainder import remainder
from caloscope.detectors.reference.residuals import Residuals, Stack, residuals_of
from caloscope.detectors.reference.samples import Samples
from caloscope.detectors.reference.vecchia import inverse_of
from caloscope.geometry import View
from caloscope.records import Mask

MOST_SHAPES: Final = 400
"""So many lumisections show how the rings of a healthy map differ."""

LEAST_SHARE, MOST_SHARE = 0.02, 1.5


def learn(observations: Sequence[Observation], noise: Noise, view: View, min_events: int) -> Knowledge:
    """Learn from good lumisections in order. Raises `UsageError` when there are too few."""
    cells = Cells.of(view)
    whole = mended(Samples.of(observations, min_events), cells, noise)
    samples = whole.samples
    bins = Bins.of(samples, cells)
    fitted = fit_mean(bins, cells, noise, samples.pileup, follows=samples.follows)
    mean = fitted.mean
    stack = _stack(whole, cells, bins, fitted)
    found, use = residuals_of(stack, mean, cells), mean.alive & ~mean.sure
    if noise == "overdispersed":
        dispersion, alike = _overdispersed(found, cells, use)
        unit = dispersion
    else:
        dispersion, alike = _binomial(found, cells, mean)
        unit = 1.0 + (found.typical_events - 1.0) * dispersion
    inverse = inverse_of(alike, cells, use)
    if noise == "overdispersed":
        unit = dispersion = dispersion * remainder(found, dispersion, inverse, use)
    common = common_modes(found, unit, inverse, cells, use)
    levels, changes = changes_of(found, unit, inverse, cells, use, common, CELL[noise])
    if not mean.follows:
        common = untold(common, levels, cells, noise)
    return Knowledge(
        exists=np.asarray(view.exists),
        mean=mean,
        dispersion=dispersion,
        inverse=inverse,
        group=np.where(use, cells.group, -1),
        common=common,
        common_without=without_pileup(common, mean),
        changes=changes,
        domain=_domain(stack, mean, dispersion, cells, use),
        only_run=_only(samples.run),
    )


def _only(runs: Whole) -> int:
    """The run, where there is one."""
    first = int(runs[0])
    return first if (runs == first).all() else 0


def _stack(whole: Mended, cells: Cells, bins: Bins, fitted: Fitted) -> Stack:
    samples = whole.samples
    counts, places = samples.stacked(cells)
    mean, pileup = fitted.mean, samples.told[places]
    away = np.log(pileup / mean.pileup_mean) if mean.follows else np.zeros(len(places))
    kept = ~fitted.left_out[bins.part_of[places]]
    for row, place in enumerate(places.tolist()):
        kept[row, whole.cells.get(place, [])] = False
    return Stack(counts, samples.events[places], away, samples.run[places], kept)


def _overdispersed(found: Residuals, cells: Cells, use: Mask) -> tuple[Array, Alike]:
    """Fano factors and correlations: each needs the other, as what all cells share belongs to neither."""
    fano = fano_factors(found, cells, use, 0.0)
    alike = _alike(found, fano, _shared(fano, use), cells, use)
    fano = fano_factors(found, cells, use, alike.together)
    return fano, _alike(found, fano, _shared(fano, use), cells, use)


def _binomial(found: Residuals, cells: Cells, mean: Mean) -> tuple[Array, Alike]:
    rho = intraclass_correlations(found, cells, mean.alive, mean.sure)
    unit = 1.0 + (found.typical_events - 1.0) * rho
    use = mean.alive & ~mean.sure
    return rho, _alike(found, unit, np.ones(cells.count), cells, use)


def _shared(fano: Array, use: Mask) -> Array:
    """Which part of a cell's variance is more than its own Poisson noise, over that of a typical cell."""
    typical = float(np.median(fano[use])) if use.any() else float(np.median(fano))
    return np.clip((1.0 - 1.0 / fano) / (1.0 - 1.0 / typical), LEAST_SHARE, MOST_SHARE)


def _alike(found: Residuals, unit: Array, share: Array, cells: Cells, use: Mask) -> Alike:
    scale = 1.0 / np.sqrt(unit)
    z = np.clip(found.z * scale.astype(np.float32), -LARGEST, LARGEST)
    return learn_alike(z, found.typical * scale, share, cells, use, found.degrees)


def _domain(stack: Stack, mean: Mean, dispersion: Array, cells: Cells, use: Mask) -> Domain:
    areas = Areas.of(cells, use)
    fano = dispersion if mean.noise == "overdispersed" else np.ones_like(dispersion)
    levels = Levels.of(mean, areas, fano)
    rows = np.unique(
        np.linspace(0, len(stack.events) - 1, min(len(stack.events), MOST_SHAPES)).astype(np.int64)
    )
    found = np.array([_levels(stack, int(row), mean, levels) for row in rows])
    return Domain.learn(areas, found, stack.events[rows], stack.run[rows])


def _levels(stack: Stack, row: int, mean: Mean, levels: Levels) -> Array:
    events = float(stack.events[row])
    expected = mean.counts(events, float(stack.away[row]))
    return levels.found(stack.counts[row].astype(np.float64), expected, events)
