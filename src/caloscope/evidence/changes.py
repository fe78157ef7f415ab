"""What a healthy place learns about itself: its level in a run, and its slow drift beside the anchor.

From run to run cells, regions and maps move by one to four per cent. How far is learned in the run, with the
prior that the training found, from lumisections in which nothing speaks for a fault; so no fault is learned,
or hardly. Beside that the level of each cell follows its own average with a time constant of `PATIENCE`
lumisections, and never by more than `FARTHEST` from the expectation, which stays as it was trained: what
falls by a per cent a day is reported.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.records import Floats, Mask

PATIENCE: Final = 5_000.0
FARTHEST: Final = 0.05
RESTLESS: Final = 0.0015
"""Relative rms by which places move from lumisection to lumisection, which no learning takes away."""

WIDEST: Final = 3.0
"""A run's level is believed this many of its prior's standard deviations away from the expectation, not
further."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A run's levels, relative, `(place,)`, and what is known of them, one over a relative variance."""

    level: Floats
    weight: Floats

    @staticmethod
    def none(places: int) -> "Change":
        """A run that has just begun."""
        return Change(np.zeros(places, np.float32), np.zeros(places, np.float32))

    def variance(self, prior: Floats) -> Floats:
        """What is still not known of the level; `prior` is its variance from run to run."""
        found = np.asarray(1 / prior + self.weight, np.float32)
        np.reciprocal(found, out=found)
        found += np.float32(RESTLESS**2)
        return found

    def learned(self, score: Floats, information: Floats, calm: Mask, prior: Floats) -> "Change":
        """With what one lumisection says of the `calm` places; the score is relative to the level."""
        quiet = calm.astype(np.float32)
        weight = information * quiet
        weight += self.weight
        level = score * quiet
        level /= 1 / prior + weight
        level += self.level
        limit = np.float32(WIDEST) * np.sqrt(prior)
        return Change(np.minimum(np.maximum(level, -limit), limit), weight)


def followed(drift: Floats, off: Floats, calm: Mask) -> Floats:
    """The slow drift of cells, `(cell,)`, after one in which they were `off` by so much, relative."""
    step = np.clip(off, np.float32(-1), np.float32(1))
    step *= calm.astype(np.float32) * np.float32(1 / PATIENCE)
    step += drift
    return np.clip(step, np.float32(-FARTHEST), np.float32(FARTHEST))
