"""How the typical map is learned from good lumisections."""

from collections.abc import Sequence

import numpy as np

from caloscope.detectors.base import Array, Noise, Observation
from caloscope.detectors.learned import scale
from caloscope.detectors.learned.typical import UNEXPLAINED, Typical, believed
from caloscope.errors import UsageError
from caloscope.records import Mask

MIN_PILEUP_SPREAD = 0.09
"""Relative rms of pileup below which no line is learned: three times the error of a measured pileup."""


def usable(observations: Sequence[Observation], min_events: int) -> list[Observation]:
    """The lumisections with enough events. Raises `UsageError` for less than two, or when nothing counted."""
    good = [o for o in observations if o.events is not None and o.events >= max(1, min_events)]
    if len(good) < 2:
        raise UsageError(
            f"{len(good)} lumisections with at least {min_events} events, expected 2 or more to learn from"
        )
    if not any(o.counts.any() for o in good):
        raise UsageError(
            f"{len(good)} lumisections in which nothing counted, expected a detector that is alive"
        )
    return good


def learn(good: Sequence[Observation], noise: Noise, min_events: int) -> Typical:
    """Learn from `usable` lumisections; they are read one by one, never held together."""
    events = np.array([float(o.events or 0) for o in good])
    total = np.zeros(good[0].counts.shape)
    for observation in good:
        total += observation.counts
    alive = total > 0
    rate, sure = _rate(total, events.sum(), alive, noise)
    activity = np.array(
        [
            scale.common_factor(o.counts[alive], rate[alive], sure[alive], n, noise)
            for o, n in zip(good, events, strict=True)
        ]
    )
    activity = np.clip(activity, 1.0 / UNEXPLAINED, UNEXPLAINED)
    pileup = np.array([np.nan if o.pileup is None else o.pileup for o in good])
    known = np.isfinite(pileup) if np.isfinite(pileup).any() else np.ones(len(good), np.bool_)
    activity /= np.average(activity[known], weights=events[known])
    if noise == "overdispersed":
        rate = total / (events * activity).sum()
    error = 1.0 / np.sqrt(np.maximum(total, 1.0))
    slope, learned, middle, low, high = _line(activity, events, pileup)
    return Typical(noise, rate, error, alive, slope, learned, middle, low, high, min_events)


def reach(events: Array, pileup: Array) -> tuple[float, float] | None:
    """Between which pileups lumisections can be judged once the typical map was learned from these.

    Events and pileup (NaN: unknown) are `(lumi,)`; at least one pileup is known. None where pileup hardly
    moved, so that no line is learned and none is refused.
    """
    known = np.isfinite(pileup)
    _, learned, _, low, high = _line(np.ones(len(events)), events, pileup)
    return believed(low, high) if learned and known.any() else None


def _rate(total: Array, events: float, alive: Mask, noise: Noise) -> tuple[Array, Mask]:
    """Counts per event, and the channels that count in every one of them."""
    if noise == "overdispersed":
        return total / events, np.zeros_like(alive)
    p = np.minimum((total + 0.5) / (events + 1.0), scale.HIGHEST_PROBABILITY)
    return np.where(alive, p, 0.0), np.asarray(p > scale.SURE)


def _line(activity: Array, events: Array, pileup: Array) -> tuple[float, bool, float, float, float]:
    """Slope of the activity against pileup, whether it was learned, and mean, low and high pileup."""
    known = np.isfinite(pileup)
    if not known.any():
        return 0.0, False, 0.0, 0.0, 0.0
    x, weight = pileup[known], events[known]
    middle = float(np.average(x, weights=weight))
    reach = (middle, float(x.min()), float(x.max()))
    if known.sum() < 3 or x.std() < MIN_PILEUP_SPREAD * middle:
        return 0.0, False, *reach
    away = x - middle
    slope = float((weight * away * activity[known]).sum() / (weight * away**2).sum())
    return slope, True, *reach
