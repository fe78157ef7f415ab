"""Good lumisections as rows of one matrix, on the scale on which all cells scatter alike.

What changes in a cell is its activity: the mean count of an ECAL tower is proportional to it; that of an HCAL
channel is N (1 - exp(-h)) with a hazard h proportional to it, so a busy channel hardly feels it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array, NotKnown, Observation
from caloscope.detectors.learned.change import Changes
from caloscope.detectors.learned.scale import HIGHEST_PROBABILITY
from caloscope.detectors.learned.spread import residual_dispersion
from caloscope.detectors.learned.typical import Expected, Typical

MOST_ROWS = 600
"""So many lumisections, evenly taken, show the shapes that a map takes; the mean is learned from all."""


class Cells(NamedTuple):
    """The living cells of one lumisection, all `(cell,)`.

    `ratio` is the activity that was seen over the usual one, to first order, and `strength` one over its
    standard deviation, zero for a channel that counts in every event. `usual` is the usual mean count, and
    `hazard` minus the logarithm of the probability to count nothing (binomial noise, else zero).
    """

    ratio: Array
    strength: Array
    usual: Array
    hazard: Array

    @classmethod
    def of(cls, counts: Array, expected: Expected, typical: Typical, dispersion: Array) -> "Cells":
        """From arrays in the view's shape."""
        alive = typical.alive
        return cls.living(counts[alive], expected.mean[alive], expected.events, typical, dispersion[alive])

    @classmethod
    def living(cls, seen: Array, usual: Array, trials: float, typical: Typical, scatter: Array) -> "Cells":
        """From what is of the living cells, `(cell,)`, in so many events."""
        if typical.noise == "overdispersed":
            return cls(seen / usual, np.sqrt(usual / scatter), usual, np.zeros_like(usual))
        p = np.minimum(usual / trials, HIGHEST_PROBABILITY)
        hazard = -np.log1p(-p)
        steep = trials * hazard * (1.0 - p)
        variance = trials * p * (1.0 - p) * (1.0 + max(0.0, trials - 1.0) * scatter)
        strength = np.where(typical.sure[typical.alive], 0.0, steep / np.sqrt(variance))
        return cls(1.0 + (seen - usual) / steep, strength, usual, hazard)

    def mean(self, ratio: Array, events: float) -> Array:
        """Mean counts where the activity is `ratio` times the usual one."""
        if not self.hazard.any():
            return self.usual * ratio
        changed = events * np.minimum(-np.expm1(-self.hazard * ratio), HIGHEST_PROBABILITY)
        return np.asarray(
            np.where(self.strength > 0, changed, np.minimum(self.usual, events * HIGHEST_PROBABILITY))
        )


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What `standardised` makes of lumisections.

    `residual`, float32 `(lumi, cell)`, is the ratio of activities less one, in standard deviations.
    `strength` `(cell,)` is the rms of `Cells.strength` over the rows, and `root` `(lumi,)` says by how much a
    row's is larger, on average over cells. `run` is the run of each row. `scatter` is the dispersion of
    counts around the usual ones, in the view's shape, and `run_change` the relative rms by which
    activities of cells differ from run to run.
    """

    residual: NDArray[np.float32]
    strength: Array
    root: Array
    run: NDArray[np.int64]
    scatter: Array
    run_change: float
    shown: tuple[tuple[Observation, Expected], ...]


def standardised(good: Sequence[Observation], typical: Typical, limit: float) -> Rows:
    """At most `MOST_ROWS` of the lumisections that can be judged; residuals are cut off at `limit`."""
    shown = _taken(good, typical)
    pairs = ((seen.counts, expected.mean, expected.events) for seen, expected in shown)
    scatter = residual_dispersion(pairs, typical.rate, typical.alive, typical.noise, lost=1)
    residual = np.empty((len(shown), int(typical.alive.sum())), np.float32)
    squares, total = np.zeros(residual.shape[1]), np.zeros(len(shown))
    changes = Changes(typical.noise, scatter[typical.alive])
    for place, (seen, expected) in enumerate(shown):
        cells = Cells.of(seen.counts, expected, typical, scatter)
        residual[place] = np.clip((cells.ratio - 1.0) * cells.strength, -limit, limit)
        squares += cells.strength**2
        total[place] = (cells.strength**2).mean()
        changes.add(seen.id.run, seen.counts[typical.alive], cells.usual, expected.events)
    return Rows(
        residual=residual,
        strength=np.sqrt(squares / max(1, len(shown))),
        root=np.sqrt(total / max(float(total.mean()), 1e-12)),
        run=np.array([seen.id.run for seen, _ in shown], np.int64),
        scatter=scatter,
        run_change=changes.rms(),
        shown=shown,
    )


def _taken(good: Sequence[Observation], typical: Typical) -> tuple[tuple[Observation, Expected], ...]:
    places = np.unique(np.linspace(0, len(good) - 1, min(len(good), MOST_ROWS)).round().astype(int))
    each = ((good[place], typical.expected(good[place], follow=True)) for place in places)
    return tuple((seen, expected) for seen, expected in each if not isinstance(expected, NotKnown))
