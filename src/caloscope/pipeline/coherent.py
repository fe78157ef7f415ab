"""What all maps of a lumisection do together is no fault of one: luminosity, trigger, number of events."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from caloscope.detectors.base import Answer, Array, Expectation

BUSY = 0.5
"""Share of a map's testable cells, the busiest, whose median tells its level: broken parts of it do not."""

ALWAYS = 0.9
"""Channels with a higher probability say little of the level."""

LEFT = 0.3
"""Share of what all maps do together by which one of them may differ: each follows pileup in its own way."""


def level_of(counts: Array, answer: Answer) -> float | None:
    """By how much a map is off as a whole, relative to what is expected; None where nobody says so.

    Of rates, or of hazards where counts are binomial: what conditions do to them is alike in all maps.
    """
    if not isinstance(answer, Expectation):
        return None
    tested = answer.testable & (answer.mean > 0)
    if answer.noise == "binomial":
        tested &= answer.mean < ALWAYS * answer.trials
    cells = np.flatnonzero(tested)
    if not cells.size:
        return None
    here, mean = counts.reshape(-1)[cells], answer.mean.reshape(-1)[cells]
    busy = mean >= np.quantile(mean, 1.0 - BUSY)
    return float(np.median(_rate(here[busy], answer) / _rate(mean[busy], answer))) - 1.0


def coherent(levels: Mapping[str, float]) -> float:
    """What two maps or more have in common: the smallest of their levels, 0 where signs differ."""
    found = np.array(list(levels.values()))
    if len(found) < 2 or (found.min() < 0) != (found.max() < 0):
        return 0.0
    return float(found[np.argmin(np.abs(found))])


def shifted(answer: Answer, level: float) -> Answer:
    """The answer for a map of which this much is expected, as all maps show it."""
    if not isinstance(answer, Expectation) or level == 0.0:
        return answer
    if answer.noise == "overdispersed":
        return replace(answer, mean=answer.mean * (1.0 + level))
    changed = -np.expm1(-_rate(answer.mean, answer) * (1.0 + level)) * max(answer.trials, 1.0)
    sure = answer.mean >= ALWAYS * answer.trials
    return replace(answer, mean=np.where(sure, answer.mean, changed))


def _rate(counts: Array, answer: Expectation) -> Array:
    """Counts, or hazards -log(1 - p) where they are binomial."""
    if answer.noise == "overdispersed":
        return counts
    return np.asarray(-np.log1p(-np.clip(counts / max(answer.trials, 1.0), 0.0, 1.0 - 1e-6)))
