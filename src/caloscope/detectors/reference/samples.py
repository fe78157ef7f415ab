"""The lumisections that are learned from, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.detectors.base import Array, Observation
from caloscope.detectors.reference.cells import Cells, Whole
from caloscope.detectors.reference.chosen import Chosen, Heads
from caloscope.errors import UsageError
from caloscope.records import Floats, Mask

MOST_STACKED: Final = 3_000
"""So many lumisections, evenly taken, show the noise; the mean is learned from all."""

STRANGE: Final = 4.0
"""A lumisection that counts so many times more, or less, per event than is usual saw something else."""

PILEUP_ERROR: Final = 0.03
"""Relative error to which pileup is measured in a lumisection."""

MIN_PILEUP_SPREAD: Final = 3.0
"""Spread of pileup, in units of its error, below which no dependence on it is learned: less would be a line
through the error of the measurement."""

LEAST_SPREAD: Final = 0.03
"""The same, relative to pileup: however well it is known, less does not show what it does."""

NEAR: Final = 7
"""Lumisections before and after from which pileup is learned as well: it changes slowly in a run."""

JUMP: Final = 0.1
"""Relative change of pileup from that of the lumisections around that is no error of the measurement."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Good lumisections, all `(lumi,)`, in order.

    `told` is the pileup as it was measured, with an error that the mean must live with, NaN where unknown;
    `pileup` is what the lumisections around say of it too.
    `follows` says that pileup moved enough to learn what it does; then it is known in each of them.
    """

    observations: Chosen
    events: Array
    pileup: Array
    told: Array
    run: Whole
    follows: bool

    @classmethod
    def of(cls, observations: Sequence[Observation], min_events: int) -> "Samples":
        """Those with enough events. Raises `UsageError` for less than two, or when nothing counted."""
        heads = Heads.of(observations)
        good = np.flatnonzero(heads.events >= max(1, min_events))
        if len(good) < 2:
            raise UsageError(
                f"{len(good)} lumisections with at least {min_events} events, "
                "expected 2 or more to learn from"
            )
        if not heads.total[good].any():
            raise UsageError(
                f"{len(good)} lumisections in which nothing counted, expected a detector that is alive"
            )
        usual = good[_usual(heads.only(good))]
        told, pileup, follows = _pileups(heads.only(usual))
        known = np.isfinite(pileup) | (not follows)
        chosen, heads = Chosen(observations, usual[known]), heads.only(usual[known])
        return cls(chosen, heads.events, pileup[known], told[known], heads.run, follows)

    def stacked(self, cells: Cells) -> tuple[Floats, Whole]:
        """Counts of an even choice of the lumisections, `(chosen, n)`, and their places."""
        lumis = len(self.observations)
        places = np.unique(np.linspace(0, lumis - 1, min(lumis, MOST_STACKED)).round().astype(np.int64))
        flat = np.flatnonzero(cells.view.exists)
        counts = np.empty((len(places), cells.count), np.float32)
        for row, place in enumerate(places):
            counts[row] = self.observations[place].counts.ravel()[flat]
        return counts, places


def _usual(good: Heads) -> Mask:
    """Without the lumisections in which everything was another (no beam, for one)."""
    level = good.total / good.events
    middle = float(np.median(level[level > 0]))
    kept = (level > middle / STRANGE) & (level < middle * STRANGE)
    return np.asarray(kept if kept.sum() >= 2 else np.ones_like(kept))


def _pileups(usual: Heads) -> tuple[Array, Array, bool]:
    """Pileup as told, and as those around confirm it, NaN where unknown; whether it moved enough."""
    told, run, lumi = usual.pileup, usual.run, usual.lumi
    smooth, voices = told.copy(), np.ones(len(told))
    for number in np.unique(run):
        rows = np.flatnonzero((run == number) & np.isfinite(told))
        for row in rows:
            near = rows[np.abs(lumi[rows] - lumi[row]) <= NEAR]
            smooth[row] = _line_at(lumi[near] - lumi[row], told[near])
            voices[row] = len(near)
    kept = np.abs(smooth / told - 1.0) < JUMP
    pileup = np.where(kept, smooth, told)
    known = np.isfinite(told)
    if known.sum() < 3:
        return told, pileup, False
    error = PILEUP_ERROR * float(np.sqrt(np.mean(1.0 / np.where(kept, voices, 1.0)[known])))
    spread = float(np.std(np.log(pileup[known])))
    return told, pileup, spread >= max(MIN_PILEUP_SPREAD * error, LEAST_SPREAD)


def _line_at(away: Whole, values: Array) -> float:
    """Value at zero of a straight line through values at these distances; their mean where there are few."""
    middle, mean = float(away.mean()), float(values.mean())
    squares = float(np.square(away - middle).sum())
    if len(away) < NEAR or squares <= 0:
        return mean
    return mean - middle * float(((away - middle) * (values - mean)).sum()) / squares
