"""How the `reference` detector learns: rates, their change with pileup, and the noise around them."""

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

import numpy as np

from caloscope.detectors.base import Array, Noise, Observation
from caloscope.detectors.reference_scale import ALWAYS, bounded, common_ratio, with_a_say
from caloscope.errors import UsageError
from caloscope.records import Mask

HIGHEST_PROBABILITY = 0.99995
"""A channel that always counted may still lose a digi: no evidence becomes infinite."""

COMMON_MODE = 0.0035
"""Relative rms shared by HCAL channels from one lumisection to the next, measured on run 306138."""

HIGHEST_FLOOR = 1e-3
"""Largest intraclass correlation that the common mode alone may claim."""

DEFAULT_FANO = 12.0
"""Fano factor of ECAL tower counts before anything is learned, measured on run 276582."""

PRIOR_LUMIS = 30.0
"""Lumisections that the map's typical Fano factor weighs against the cell's own: towers of run 276582 differ
by 26 % once the error of 19 lumisections is taken out, as much as 30 lumisections would make them."""

TYPICAL_THRESHOLD = 17.0
"""Nats at which an underestimated Fano factor must not raise the rate of false alarms."""

MIN_PILEUP_SPREAD = 0.09
"""Relative standard deviation of pileup below which no slope is learned: three times the 3 % to which
pileup is measured, as less would be a line through the error of the measurement."""


class PileupLine(NamedTuple):
    """Relative `slope` per unit of pileup around `mean`, and the range it was learned in.

    `learned` is false where there was nothing to learn it from; then `slope` is zero and means nothing.
    """

    slope: float
    learned: bool
    mean: float
    low: float
    high: float


class Fitted(TypedDict):
    """What `fit_reference` learns, named as `Reference` keeps it."""

    rate: Array
    dispersion: Array
    relative_error: Array
    alive: Mask
    slope: float
    slope_learned: bool
    pileup_mean: float
    pileup_low: float
    pileup_high: float


def fit_reference(observations: Sequence[Observation], noise: Noise, min_events: int) -> Fitted:
    """Rates per event, pileup slope, dispersion and the error of the mean from good lumisections."""
    good = [o for o in observations if o.events is not None and o.events >= min_events]
    if len(good) < 2:
        raise UsageError(
            f"{len(good)} lumisections with at least {min_events} events, expected 2 or more to learn from"
        )
    counts = np.stack([o.counts for o in good])
    events = np.array([float(o.events or 0) for o in good])
    pileup = np.array([np.nan if o.pileup is None else o.pileup for o in good])
    line = fit_slope(counts, events, pileup)
    exposure = events * (1.0 + line.slope * np.nan_to_num(pileup - line.mean))
    total = counts.sum(axis=0)
    alive = total > 0
    if not alive.any():
        raise UsageError(
            f"{len(good)} lumisections in which nothing counted, expected a detector that is alive"
        )
    exposure = exposure * common_modes(counts, exposure, alive, noise)
    rate = total / exposure.sum()
    if noise == "binomial":
        rate = np.where(alive, np.clip((total + 0.5) / (exposure.sum() + 1.0), 0.0, HIGHEST_PROBABILITY), 0.0)
        dispersion = intraclass_correlation(counts, events, exposure, rate, alive)
        error = np.sqrt((1.0 - rate) / np.maximum(total, 1.0))
    else:
        dispersion = fano_factor(counts, exposure, rate, alive)
        error = np.sqrt(dispersion / np.maximum(total, 1.0))
    return Fitted(
        rate=rate,
        dispersion=dispersion,
        relative_error=error,
        alive=alive,
        slope=line.slope,
        slope_learned=line.learned,
        pileup_mean=line.mean,
        pileup_low=line.low,
        pileup_high=line.high,
    )


def fit_slope(counts: Array, events: Array, pileup: Array) -> PileupLine:
    """How the map's total counts per event change with pileup: a straight line, weighted by events.

    No slope is learned where the pileup is unknown or hardly moved. `counts` is `(lumi, [depth,] y, x)`,
    `events` and `pileup` are `(lumi,)`.
    """
    known = np.isfinite(pileup)
    if known.sum() < 2:
        return PileupLine(0.0, False, 0.0, 0.0, 0.0)
    x, weight = pileup[known], events[known]
    mean = float(np.average(x, weights=weight))
    low, high = float(x.min()), float(x.max())
    if x.std() < MIN_PILEUP_SPREAD * mean:
        return PileupLine(0.0, False, mean, low, high)
    per_event = counts.reshape(len(counts), -1).sum(axis=1)[known] / weight
    line = np.polynomial.polynomial.polyfit(x - mean, per_event, 1, w=np.sqrt(weight))
    return PileupLine(float(line[1] / line[0]), True, mean, low, high)


def common_modes(counts: Array, exposure: Array, alive: Mask, noise: Noise) -> Array:
    """What all cells of a lumisection have in common beyond its exposure, `(lumi,)`, one on average."""
    rate = counts.sum(axis=0) / exposure.sum()
    dispersion = np.full(rate.shape, DEFAULT_FANO)
    ratios = np.empty(len(counts))
    for place, each in enumerate(counts):
        voting = with_a_say(rate * exposure[place], rate, alive, noise)
        ratios[place] = bounded(common_ratio(each, voting, dispersion, noise), 0.5, 2.0)
    return np.asarray(ratios / np.average(ratios, weights=exposure))


def intraclass_correlation(counts: Array, events: Array, exposure: Array, rate: Array, alive: Mask) -> Array:
    """Beta-binomial rho per cell: what the data show beyond binomial, never below the known common mode.

    `COMMON_MODE` as a relative rms of p stands for rho = COMMON_MODE^2 p / (1 - p). A channel that counts in
    every event has no room to vary, so there the floor stops at `HIGHEST_FLOOR`.
    """
    column = (-1, *[1] * rate.ndim)
    mean = np.where(rate < ALWAYS, rate * exposure.reshape(column), rate * events.reshape(column))
    variance = np.maximum(mean * (1.0 - rate), 1e-9)
    chi2 = ((counts - mean) ** 2 / variance)[:, alive & (rate < ALWAYS)]
    excess = float(np.mean(chi2)) * len(events) / (len(events) - 1) - 1.0 if chi2.size else 0.0
    typical = max(0.0, excess) / max(1.0, float(np.mean(events)) - 1.0)
    floor = np.minimum(COMMON_MODE**2 * rate / np.maximum(1.0 - rate, 1e-9), HIGHEST_FLOOR)
    return np.clip(np.maximum(typical, floor), 1e-9, 0.5)


def fano_factor(counts: Array, exposure: Array, rate: Array, alive: Mask) -> Array:
    """Variance over mean per cell, pulled towards the map's typical value while the history is short."""
    lumis = len(exposure)
    mean = np.where(alive, rate, 1.0) * exposure.reshape(-1, *[1] * rate.ndim)
    own = ((counts - mean) ** 2 / mean).sum(axis=0) / (lumis - 1)
    typical = float(np.mean(own[alive])) if alive.any() else DEFAULT_FANO
    pulled = (own * lumis + typical * PRIOR_LUMIS) / (lumis + PRIOR_LUMIS)
    return np.maximum(np.where(alive, pulled, typical) * (1.0 + _safety(lumis)), 1.05)


def _safety(lumis: int) -> float:
    """How much larger a Fano factor is taken to be because it is only known from so many lumisections.

    Evidence scales with its inverse. With a relative error e of the factor and a margin m on it, the rate of
    crossing h is raised by exp(h^2 e^2 / 2 - h m) on average over cells; the margin makes that exp(1).
    """
    error = float(np.sqrt(2.0 / (lumis + PRIOR_LUMIS)))
    return max(0.0, TYPICAL_THRESHOLD * error**2 / 2.0 - 1.0 / TYPICAL_THRESHOLD)
