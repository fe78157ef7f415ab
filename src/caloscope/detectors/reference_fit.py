"""How the `reference` detector learns: rates, their change with pileup, and the noise around them."""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from caloscope.detectors.base import Array, Noise, Observation
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

PRIOR_LUMIS = 20.0
"""How many lumisections the map's typical Fano factor weighs against the cell's own."""

MIN_PILEUP_SPREAD = 1.5
"""Below this standard deviation of pileup no slope can be learned."""


class Fitted(TypedDict):
    """What `fit_reference` learns, named as `Reference` keeps it."""

    rate: Array
    dispersion: Array
    relative_error: Array
    alive: Mask
    slope: float
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
    slope, mean_pileup, low, high = fit_slope(counts, events, pileup)
    exposure = events * (1.0 + slope * np.nan_to_num(pileup - mean_pileup))
    total = counts.sum(axis=0)
    alive = total > 0
    rate = total / exposure.sum()
    if noise == "binomial":
        rate = np.where(alive, np.clip((total + 0.5) / (exposure.sum() + 1.0), 0.0, HIGHEST_PROBABILITY), 0.0)
        dispersion = intraclass_correlation(counts, events, rate, alive)
        error = np.sqrt((1.0 - rate) / np.maximum(total, 1.0))
    else:
        dispersion = fano_factor(counts, exposure, rate, alive)
        error = np.sqrt(dispersion / np.maximum(total, 1.0))
    return Fitted(
        rate=rate,
        dispersion=dispersion,
        relative_error=error,
        alive=alive,
        slope=slope,
        pileup_mean=mean_pileup,
        pileup_low=low,
        pileup_high=high,
    )


def fit_slope(counts: Array, events: Array, pileup: Array) -> tuple[float, float, float, float]:
    """Relative change of the counts per event with pileup, and the pileup's mean and range.

    A straight line through the map's total counts per event, weighted by events; no slope where the pileup
    is unknown or did not move. `counts` is `(lumi, [depth,] y, x)`, `events` and `pileup` are `(lumi,)`.
    """
    known = np.isfinite(pileup)
    if known.sum() < 2:
        return 0.0, 0.0, -np.inf, np.inf
    x, weight = pileup[known], events[known]
    mean = float(np.average(x, weights=weight))
    low, high = float(x.min()), float(x.max())
    if x.std() < MIN_PILEUP_SPREAD:
        return 0.0, mean, low, high
    per_event = counts.reshape(len(counts), -1).sum(axis=1)[known] / weight
    line = np.polynomial.polynomial.polyfit(x - mean, per_event, 1, w=np.sqrt(weight))
    return float(line[1] / line[0]), mean, low, high


def intraclass_correlation(counts: Array, events: Array, rate: Array, alive: Mask) -> Array:
    """Beta-binomial rho per cell: what the data show beyond binomial, never below the known common mode.

    `COMMON_MODE` as a relative rms of p stands for rho = COMMON_MODE^2 p / (1 - p). A channel that counts in
    every event has no room to vary, so there the floor stops at `HIGHEST_FLOOR`.
    """
    trials = events.reshape(-1, *[1] * rate.ndim)
    variance = np.maximum(trials * rate * (1.0 - rate), 1e-9)
    chi2 = ((counts - trials * rate) ** 2 / variance)[:, alive & (rate < 0.99)]
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
    return np.maximum(np.where(alive, pulled, typical), 1.05)


def scale_of(counts: Array, rate: Array, alive: Mask, noise: Noise) -> float:
    """Number of events that would make the map what it is, from the map alone; 0 where nothing counted.

    HCAL's forward channels count in every event, so their median is the number of events. Elsewhere the
    median over the busier half of the cells, which a dead region smaller than that cannot move far.
    """
    always = alive & (rate > 0.999)
    if noise == "binomial" and always.sum() >= 10:
        return float(np.median(counts[always]))
    return common_ratio(counts, rate, alive)


def common_ratio(counts: Array, mean: Array, alive: Mask) -> float:
    """Median of observed over expected among the busier half of the living cells; 0 where nothing counted.

    Cells that counted nothing are left out: a dead half of the map must not pass for a lack of events.
    """
    counted = alive & (counts > 0) & (mean > 0)
    if not counted.any():
        return 0.0
    busy = counted & (mean >= np.median(mean[alive]))
    chosen = busy if busy.any() else counted
    return float(np.median(counts[chosen] / mean[chosen]))
