"""What all maps of a lumisection do together is no fault of one: luminosity, trigger, number of events."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from caloscope.detectors.base import Answer, Array, Expectation

BUSY = 0.5
"""Share of a map's testable cells, the busiest, whose median tells its level: broken parts of it do not."""

ALWAYS = 0.9
"""Channels with a higher probability say little of the level."""

MUCH = 0.05
"""What all producers' maps do together, as a relative change, before it excuses one of them."""

SURE = 0.98
"""Channels with a higher one count whatever the conditions."""

JUMP = 0.08
"""Change of what all maps do from one lumisection to the next, relative, that makes old levels worthless."""

OWN_WAY = 0.4
"""Share of what all maps do together by which a channel may differ where counts are binomial."""

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


def common_shift(own: Mapping[str, float], everything: Mapping[str, float], mine: float | None) -> float:
    """What excuses a map: what all maps of its producer do together, by their levels (`own`).

    Where those are of one piece of detector, what all maps of all producers do, if it is much: those come in
    other files, and what is small is not worth to score a lumisection again for. Of what is much the map may
    have its own share (`mine`, its level), as far as maps differ in that: it knows it best.
    """
    found = coherent(own) if own else coherent(everything)
    if abs(found) < MUCH:
        return found if own else 0.0
    if mine is None:
        return found
    return max(min(mine, (1.0 + LEFT) * found, key=abs), (1.0 - LEFT) * found, key=abs)


def leeway(shift: float) -> float:
    """By how much an excused map may still differ, relative; of what is much it had its own share."""
    return LEFT * shift if abs(shift) < MUCH else 0.0


def shifted(answer: Answer, level: float, before: float | None = None) -> Answer:
    """The answer for a map of which this much is expected, as all maps show it.

    `before` is what they showed in the lumisection before, where that is known: what channels learned at
    another level is of no use.
    """
    if not isinstance(answer, Expectation):
        return answer
    if answer.noise == "binomial" and before is not None and abs(level - before) >= JUMP:
        answer = replace(answer, unsettled=True, reshaped=True)
    if level == 0.0:
        return answer
    if answer.noise == "overdispersed":
        return replace(answer, mean=answer.mean * (1.0 + level))
    share = _follows(answer)
    changed = -np.expm1(-_rate(answer.mean, answer) * (1.0 + share * level)) * max(answer.trials, 1.0)
    # Channels differ in how often they are hit twice: their hazards follow conditions each in its own way.
    error = np.hypot(answer.relative_error, (1.0 - (1.0 - OWN_WAY) * share) * level)
    return replace(answer, mean=np.where(share > 0, changed, answer.mean), relative_error=error)


def _follows(answer: Expectation) -> Array:
    """How far channels follow conditions: those that count in every event may do so for another reason."""
    probability = answer.mean / max(answer.trials, 1.0)
    return np.where(probability >= SURE, 0.0, np.where(probability >= ALWAYS, 0.5, 1.0))


def _rate(counts: Array, answer: Expectation) -> Array:
    """Counts, or hazards -log(1 - p) where they are binomial."""
    if answer.noise == "overdispersed":
        return counts
    return np.asarray(-np.log1p(-np.clip(counts / max(answer.trials, 1.0), 0.0, 1.0 - 1e-6)))
