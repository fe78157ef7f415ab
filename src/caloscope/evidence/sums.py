"""Evidence that gathers over lumisections: fast for large faults, patient with small ones.

Each alternative of each place keeps a cumulative sum (CUSUM, Page 1954): the log-likelihood ratio of the new
lumisection is added, and the sum never falls below zero. By Lorden's bound (1971) a sum crosses h by chance
at most once in exp(h) lumisections on average. A healthy place may be off by a constant that nobody knows, of
variance V: then what was summed is the evidence times 1 + V x information since it began, which is the
likelihood ratio with that constant integrated out.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.records import Floats, Mask

MEMORY: Final = np.float32(1 / 8)
"""Share of its memory that a flagged place loses with each lumisection."""

CARRIED: Final = 0.5
"""Share of the threshold that evidence from an earlier run can still amount to."""

TOLD_AT_ONCE: Final = 10.0
"""Nats for a fault that one lumisection must bring on average for its margin to be asked in full. Sums of
many small ones have no heavy tails."""

Stamps = NDArray[np.int32]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """Alternatives, as columns: relative changes `effects`, the `lows` first.

    `margins` are the nats that the evidence for each must have beyond the threshold, where one lumisection
    tells `TOLD_AT_ONCE` of it, and in proportion where it tells less.
    """

    effects: Floats
    margins: Floats
    lows: int

    @property
    def halves(self) -> tuple[slice, slice]:
        """The rows of the low and of the high alternatives."""
        return slice(None, self.lows), slice(self.lows, None)

    def by_row(self, limits: Floats) -> Floats:
        """Limits of the two directions, `(2, ...)`, for each alternative."""
        return np.repeat(limits, (self.lows, len(self.effects) - self.lows), axis=0)

    def margins_of(self, information: Floats) -> Floats:
        """Margins by place, `(alternative, place)`, where one lumisection brings this information."""
        told = self.effects**2 * (information / np.float32(2 * TOLD_AT_ONCE))
        np.minimum(told, np.ones(len(information), np.float32), out=told)
        told *= self.margins
        return told

    def highest(self, values: Floats) -> Floats:
        """The largest of each direction, `(2, place)`."""
        found = np.empty((2, values.shape[1]), np.float32)
        for row, half in enumerate(self.halves):
            np.max(values[half], axis=0, out=found[row])
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """The sums of many places, `(alternative, place)`.

    `information` is what was gathered since a sum left zero, in units of one over a relative variance;
    `since` the lumisection in which that was, 0 where it is zero and -1 for an earlier run. `recent` holds
    scores and information, `(3, 2, place)`: what is remembered of a fault that stands, then those of the last
    lumisection but one, and of the last one.
    """

    values: Floats
    information: Floats
    since: Stamps
    recent: Floats

    @staticmethod
    def empty(alternatives: int, places: int) -> "Sums":
        """Nothing seen yet."""
        shape = (alternatives, places)
        nothing = np.zeros(shape, np.float32)
        return Sums(nothing, nothing, np.zeros(shape, np.int32), np.zeros((3, 2, places), np.float32))

    def at(self, places: Places) -> "Sums":
        """Those of some places."""
        return Sums(
            self.values[:, places],
            self.information[:, places],
            self.since[:, places],
            self.recent[..., places],
        )

    def put(self, places: Places, others: "Sums") -> None:
        """Write those of some places; for sums that nobody else has seen yet."""
        self.values[:, places] = others.values
        self.information[:, places] = others.information
        self.since[:, places] = others.since
        self.recent[..., places] = others.recent

    def cleared(self, places: Mask, rows: slice) -> "Sums":
        """With some alternatives of some places forgotten."""
        kept = np.ones(self.values.shape, np.bool_)
        kept[rows, places] = False
        return replace(
            self, values=self.values * kept, information=self.information * kept, since=self.since * kept
        )

    def in_new_run(self, bank: Bank, limits: Floats, variance: Floats) -> "Sums":
        """What is carried into another run: less than a flag."""
        most = np.float32(CARRIED) * bank.by_row(limits) * (1 + variance * self.information)
        since = np.where(self.since != 0, np.int32(-1), np.int32(0))
        return Sums(np.minimum(self.values, most), self.information, since, np.zeros_like(self.recent))

    def with_news(self, score: Floats, information: Floats) -> Floats:
        """`recent` with this lumisection."""
        found = np.empty_like(self.recent)
        found[1] = self.recent[2]
        found[2, 0] = score
        found[2, 1] = information
        found[0] = 0
        return found


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """What one lumisection says.

    Log-likelihood ratios `step`, `(alternative, place)`; `score` and `information` of a relative rise,
    `(place,)`; `forget` the places of which nothing can be said any more.
    """

    step: Floats
    score: Floats
    information: Floats
    forget: NDArray[np.bool_] | None = None

    def at(self, places: Places) -> "News":
        """Those of some places."""
        forget = None if self.forget is None else self.forget[places]
        return News(self.step[:, places], self.score[places], self.information[places], forget)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Evidence of one lumisection by place, `(2, place)` = (low, high).

    `value` is in nats beyond the margins of the bank, not capped; `flag` where it passed its threshold;
    `since`, there, the lumisection in which it began to gather (as in `Sums`), and `margin` what was taken
    off: whether it is a fault or not, the evidence for it was larger by that.
    """

    value: Floats
    flag: NDArray[np.bool_]
    since: Stamps
    margin: Floats

    @property
    def largest(self) -> Floats:
        """The larger of both directions."""
        return np.asarray(np.maximum(self.value[0], self.value[1]))


def added(sums: Sums, news: News, lumi: int) -> Sums:
    """The sums with one lumisection more, never below zero, not yet capped."""
    values = sums.values + news.step
    # Against a row of zeros: against a single one it takes four times as long.
    np.maximum(values, np.zeros(values.shape[1], np.float32), out=values)
    if news.forget is not None and news.forget.any():
        values[:, news.forget] = 0
    begun = values > 0
    information = sums.information + news.information
    information *= begun
    since = (sums.since == 0) * np.int32(lumi)
    since |= sums.since
    since *= begun
    return Sums(values, information, since, sums.with_news(news.score, news.information))
