"""Faulty lumisections made out of good ones, as many as supervised training asks for.

The faults are those of `caloscope.faults`, drawn at random and applied to many lumisections at once: places
from single cells to whole maps, strengths from a twentieth of the counts to eight times as many, but never
more than a cell can count. What happens to counts is what the fault catalogue's channels do: losses are
binomial, and so are additions, in the room that is left.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array, Noise
from caloscope.errors import UsageError
from caloscope.faults import capacity
from caloscope.faults.change import Added, Change, Thinned
from caloscope.faults.limits import ECAL, crystals
from caloscope.geometry import View
from caloscope.records import Mask
from caloscope.training.spoiled_places import Places

Numbers: TypeAlias = NDArray[np.float32] | NDArray[np.float64]

FAULTY: Final = 0.5
"""Share of the lumisections that get faults."""

NUMBER: Final = (0.7, 0.2, 0.1)
"""Shares of the faulty lumisections with one fault, two, three."""

LOW: Final = 0.6
DEAD: Final = 0.25
NOISY: Final = 0.2
"""Shares: of faults that lower counts, of dead ones among these, of a noisy floor among the others."""

WEAKEST, STRONGEST = 0.95, 0.05
"""Factors between which weak cells count."""

HOT: Final = (1.05, 8.0)
FLOOR: Final = (0.01, 0.5)
"""How many times as much hot cells count, and which share of the room that is left noise fills."""

LEAST_CHANGE: Final = 0.01
"""A cell whose expected counts change by less is healthy: a channel that counts always cannot be hot."""

GOOD, TOO_LOW, TOO_HIGH = 0, 1, 2
"""What a map is as a whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoiled:
    """Lumisections, some of them faulty.

    `counts` `(n, cells)` are whole numbers, of the type that was given. `low` and `high`, of that shape, are
    the cells whose expected counts are below and above healthy by more than `LEAST_CHANGE`. `kind` `(n,)`
    int8 is 0 for a good map, 1 and 2 for one that is faulty on the low, on the high side; where both are
    there, the side that is further from healthy in standard deviations of Poisson counts.
    """

    counts: Numbers
    low: Mask
    high: Mask
    kind: NDArray[np.int8]


class _Hit(NamedTuple):
    """The cells that one fault of each row changes: index of row and cell, and the strength there.

    `keep` is below 1 where counts are lost, `gain` above 0 where more are counted, `fill` the share of the
    room that noise fills; all `(hits,)`.
    """

    row: NDArray[np.int64]
    cell: NDArray[np.int64]
    keep: Array
    gain: Array
    fill: Array


class Spoiler:
    """Draws faults and applies them to a `share` of the lumisections, one to three each.

    Cells that never count stay empty, and no noise is put where nobody knows what can be counted at most.
    A random generator in the same state gives the same faults and counts; `stream` makes one from the `seed`
    and numbers that say what it is for. Raises `UsageError` for a share outside 0 to 1.
    """

    def __init__(self, on: View, noise: Noise, *, seed: int, share: float = FAULTY) -> None:
        if not 0.0 <= share <= 1.0:
            raise UsageError(f"found a share of {share} faulty lumisections, expected 0 to 1")
        self._seed, self._share = seed, share
        self._places = Places(on)
        most = crystals(on) if on.name in ECAL else np.full(on.shape, capacity(on, 1, noise))
        self._most = most[on.exists].astype(np.float64)
        self._limited = bool(np.isfinite(self._most).all())

    def stream(self, *what: int) -> np.random.Generator:
        """A generator of its own for each purpose, such as an epoch; the numbers are not negative."""
        return np.random.default_rng([self._seed, *what])

    def batch(
        self, counts: Numbers, mean: Numbers, events: Numbers, rng: np.random.Generator, *, lumis: int = 1
    ) -> Spoiled:
        """Good lumisections with faults in some of them; what is given is not changed.

        `counts` and `mean`, what is expected of them, are `(n, cells)` of the cells that exist in C order,
        `events` is `(n,)`. With `lumis` above 1, so many rows after each other are one sequence and have the
        same faults, each with its own random counts. Raises `UsageError` for shapes that do not fit.
        """
        self._require(counts, mean, events, lumis)
        found, now = counts.copy(), mean.astype(np.float64)
        most = np.asarray(events, np.float64)
        groups = len(counts) // lumis
        faulty = rng.random(groups) < self._share
        number = np.where(faulty, 1 + rng.choice(len(NUMBER), size=groups, p=NUMBER), 0)
        for nth in range(len(NUMBER)):
            rows = np.flatnonzero(number > nth)
            for change, row, cell in self._changes(rows, now, most, rng, lumis):
                before = now[row, cell]
                found[row, cell] = change.counts(found[row, cell].astype(np.int64), before, rng)
                now[row, cell] = change.mean(before)
        return _labelled(found, now, mean)

    def _changes(
        self, groups: NDArray[np.int64], mean: Array, events: Array, rng: np.random.Generator, lumis: int
    ) -> list[tuple[Change, NDArray[np.int64], NDArray[np.int64]]]:
        """One fault for each of the groups, as losses and additions with the cells that they change."""
        hit = self._hits(groups, rng, lumis)
        lost = hit.keep < 1.0
        thinned = Thinned(hit.keep[lost])
        row, cell = hit.row[~lost], hit.cell[~lost]
        most, gain = np.full(row.shape, np.inf), hit.gain[~lost]
        if self._limited:
            most, expected = events[row] * self._most[cell], mean[row, cell]
            noise = hit.fill[~lost] * np.maximum(most - expected, 0.0)
            gain = gain + np.divide(noise, expected, out=np.zeros_like(noise), where=expected > 0.0)
        return [(thinned, hit.row[lost], hit.cell[lost]), (Added(most, gain=gain), row, cell)]

    def _hits(self, groups: NDArray[np.int64], rng: np.random.Generator, lumis: int) -> _Hit:
        """Places and strengths of one fault for each of the groups, in all rows of the group."""
        low = rng.random(groups.size) < LOW
        keep = np.where(low, _kept(groups.size, rng), 1.0)
        noisy = (rng.random(groups.size) < NOISY) & self._limited & ~low
        gain = np.where(low | noisy, 0.0, _between(*HOT, groups.size, rng) - 1.0)
        fill = np.where(noisy, _between(*FLOOR, groups.size, rng), 0.0)
        fault, cell = np.nonzero(self._places.draw(groups.size, rng))
        row = (groups[fault][:, np.newaxis] * lumis + np.arange(lumis)).ravel()
        fault, cell = np.repeat(fault, lumis), np.repeat(cell, lumis)
        return _Hit(row, cell, keep[fault], gain[fault], fill[fault])

    def _require(self, counts: Numbers, mean: Numbers, events: Numbers, lumis: int) -> None:
        shape = (len(events), self._places.cells)
        if counts.shape != shape or mean.shape != shape:
            raise UsageError(f"found counts {counts.shape} and means {mean.shape}, expected {shape} each")
        if lumis < 1 or len(counts) % lumis:
            raise UsageError(f"found {len(counts)} rows, expected sequences of {lumis} each")


def _kept(size: int, rng: np.random.Generator) -> Array:
    """What faulty cells keep: nothing, or a share; strong and weak losses are as frequent."""
    lost = 1.0 - _between(1.0 - WEAKEST, 1.0 - STRONGEST, size, rng)
    keep = np.where(rng.random(size) < 0.5, lost, _between(STRONGEST, WEAKEST, size, rng))
    return np.where(rng.random(size) < DEAD, 0.0, keep)


def _between(low: float, high: float, size: int, rng: np.random.Generator) -> Array:
    """Numbers whose logarithm is as likely everywhere between two."""
    return np.exp(rng.uniform(np.log(low), np.log(high), size))


def _labelled(counts: Numbers, now: Array, mean: Numbers) -> Spoiled:
    """What is faulty: expected counts `now` against those that were expected."""
    away = now - mean
    low, high = away < -LEAST_CHANGE * mean, away > LEAST_CHANGE * mean
    size = away**2 / np.maximum(mean, 1.0)
    below, above = (np.where(side, size, 0.0).sum(axis=1) for side in (low, high))
    kind = np.where(below >= above, TOO_LOW, TOO_HIGH)
    faulty = low.any(axis=1) | high.any(axis=1)
    return Spoiled(counts, low, high, np.where(faulty, kind, GOOD).astype(np.int8))
