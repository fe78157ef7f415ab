"""Scores of what is faulty against scores of what is not: areas under curves, false discoveries.

Healthy scores are a histogram of millions, faulty ones come trial by trial; intervals are from drawing the
trials again. Each trial weighs the same, however many cells its fault has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from caloscope.study.histogram import arrays, bins
from caloscope.study.metrics.intervals import between, draws
from caloscope.study.results import NOTHING, Interval

DETECTED: Final = 0.99

FEWEST_CELLS: Final = 368
"""Of so many the worst one is among the worst in a hundred, with 97.5 % confidence (1 - 0.99^368)."""

FEW: Final = 300
"""Draws of trials where each takes long."""

POINTS: Final = 80
"""Of a curve."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Shares of scores by bin, ascending: `faulty` `(trial, bin)`, `healthy` `(bin,)`, each summing to 1."""

    faulty: Numbers
    healthy: Numbers

    @classmethod
    def of(cls, scores: Sequence[Sequence[float]], healthy: Mapping[str, int]) -> Self | None:
        """From scores of each trial, and the histogram of healthy ones; None where either is empty."""
        good, numbers = arrays(healthy)
        if not scores or not numbers.sum():
            return None
        own = [bins(np.array(each or [0.0])) for each in scores]
        places = np.unique(np.concatenate([good, *own]))
        faulty = np.zeros((len(own), places.size))
        for row, each in enumerate(own):
            np.add.at(faulty[row], np.searchsorted(places, each), 1.0 / each.size)
        found = np.zeros(places.size)
        found[np.searchsorted(places, good)] = numbers / numbers.sum()
        return cls(faulty, found)

    @property
    def mean(self) -> Numbers:
        """Shares of faulty scores over all trials, `(1, bin)`."""
        return np.asarray(self.faulty.mean(axis=0, keepdims=True))

    def drawn(self) -> Numbers:
        """The same for trials that are drawn again, `(draws, bin)`."""
        trials = len(self.faulty)
        weights = np.zeros((FEW, trials))
        for row, chosen in enumerate(draws(trials)[:FEW]):
            weights[row] = np.bincount(chosen, minlength=trials) / trials
        return np.asarray(weights @ self.faulty)


def auc(ranked: Ranked | None) -> Interval:
    """The chance that what is faulty has a higher score than what is not; ties count half."""
    if ranked is None:
        return NOTHING
    below = np.cumsum(ranked.healthy) - ranked.healthy / 2.0
    each = np.clip(ranked.faulty @ below, 0.0, 1.0)  # sums of shares round
    return between(float(each.mean()), each[draws(each.size)].mean(axis=1))


def average_precision(ranked: Ranked | None, share: float) -> Interval:
    """The area under precision against recall, where a `share` of all is faulty."""
    if ranked is None:
        return NOTHING
    value = _average_precision(ranked.mean, ranked.healthy, share)
    return between(float(value[0]), _average_precision(ranked.drawn(), ranked.healthy, share))


def _average_precision(faulty: Numbers, healthy: Numbers, share: float) -> Numbers:
    recall, false = (np.cumsum(each[..., ::-1], axis=-1) for each in (faulty, healthy))
    right = share * recall
    among = right + (1.0 - share) * false
    precision = np.divide(right, among, out=np.zeros_like(right), where=among > 0)
    return np.asarray((np.diff(recall, prepend=0.0, axis=-1) * precision).sum(axis=-1))


def false_discoveries(ranked: Ranked | None, cells: float, alive: float) -> Interval:
    """The share of false cells among those above the threshold that 99 % of the faulty ones pass.

    Of as many good maps of `alive` cells as faulty ones of `cells` faulty cells, as CMS ECAL's notebooks have
    it (arXiv:2309.10157). Of fewer than 368 faulty cells nobody knows the worst in a hundred: then the
    interval goes up to where all is flagged.
    """
    if ranked is None or not cells:
        return NOTHING
    value = _false_discoveries(ranked.mean, ranked.healthy, cells, alive)
    drawn = _false_discoveries(ranked.drawn(), ranked.healthy, cells, alive)
    found = between(float(value[0]), drawn)
    if ranked.faulty.shape[0] * cells >= FEWEST_CELLS:
        return found
    return found._replace(high=alive / (alive + DETECTED * cells))


def _false_discoveries(faulty: Numbers, healthy: Numbers, cells: float, alive: float) -> Numbers:
    recall, false = (np.cumsum(each[..., ::-1], axis=-1) for each in (faulty, healthy))
    first = (recall >= DETECTED - 1e-12).argmax(axis=-1)
    wrong = false[first] * alive
    return np.asarray(wrong / (wrong + DETECTED * cells))


def curves(ranked: Ranked, share: float) -> tuple[tuple[Numbers, Numbers], tuple[Numbers, Numbers]]:
    """ROC (false against true positive rate), and recall against precision, thinned."""
    recall, false = (np.cumsum(each[::-1]) for each in (ranked.mean[0], ranked.healthy))
    right = share * recall
    among = right + (1.0 - share) * false
    precision = np.divide(right, among, out=np.ones_like(right), where=among > 0)
    keep = np.unique(np.linspace(0, recall.size - 1, POINTS).astype(np.int64))
    roc = (np.append(0.0, false[keep]), np.append(0.0, recall[keep]))
    return roc, (recall[keep], precision[keep])
