"""Good and faulty maps of runs that are learned from, and of runs that are held out, as rows of features."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Noise, NotKnown, Observation
from caloscope.detectors.layers import Floats
from caloscope.detectors.learned import Typical
from caloscope.detectors.notebook import Input, features
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.training.spoiled import Spoiled, Spoiler

MOST_ROWS: Final = 4_000
"""Rows of features that are in memory at a time."""

MOST_COUNTS: Final = 4e7
"""Counts of good lumisections that are in memory, 8 bytes each; more lumisections are taken evenly."""

AT_ONCE: Final = 100
"""Lumisections that are spoiled at a time."""


class Rows(NamedTuple):
    """Features float32 `(n, cells)` of the living cells, and the kind of each map, `(n,)`.

    0 is a good map, 1 one with cells that count too little, 2 one with cells that count too much.
    """

    features: Floats
    kind: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Good lumisections that can be judged, of runs to learn from and of runs that are `held` out.

    The typical map is that of the first.
    """

    on: View
    typical: Typical
    how: Input
    spoiler: Spoiler
    shown: Sequence[Observation]
    held: Sequence[Observation]

    @classmethod
    def of(
        cls, good: Sequence[Observation], noise: Noise, on: View, *, how: Input, min_events: int, seed: int
    ) -> "Examples":
        """Every fourth run is held out; where there are few runs the last quarter of the lumisections.

        Raises `UsageError` where there is nothing left to learn from, or to hold out.
        """
        apart = learned.held_out(np.array([each.id.run for each in good], np.int64))
        parts = [
            [each for each, held in zip(good, apart, strict=True) if held == side] for side in (False, True)
        ]
        typical = learned.learn(parts[0] or good, noise, min_events)
        shown, held = (
            [each for each in part if not isinstance(features(typical, each, how), NotKnown)]
            for part in parts
        )
        if not shown or not held:
            found = f"{len(shown)} lumisections to learn from and {len(held)} to hold out"
            raise UsageError(f"found {found} that can be judged, expected some of each")
        return cls(on, typical, how, Spoiler(on, noise, seed=seed), shown, held)

    def rows(self, good: Sequence[Observation], number: int, rng: np.random.Generator) -> Rows:
        """So many maps of these lumisections, `MOST_ROWS` at most, some of them spoiled."""
        taken = rng.permutation(np.resize(np.arange(len(good)), min(number, MOST_ROWS)))
        parts = [
            self._part([good[place] for place in taken[first : first + AT_ONCE]], rng)
            for first in range(0, len(taken), AT_ONCE)
        ]
        return Rows(
            np.concatenate([part.features for part in parts]), np.concatenate([p.kind for p in parts])
        )

    def sound(self, good: Sequence[Observation]) -> Floats:
        """Features of the lumisections as they are."""
        seen = [features(self.typical, each, self.how) for each in good]
        return np.array([each.features for each in seen if not isinstance(each, NotKnown)])

    def _part(self, good: Sequence[Observation], rng: np.random.Generator) -> Rows:
        exists = self.on.exists
        expected = [self.typical.expected(each, follow=False) for each in good]
        mean = np.array([each.mean[exists] for each in expected if not isinstance(each, NotKnown)])
        counts = np.array([each.counts[exists] for each in good])
        events = np.array([float(each.events or 0) for each in good])
        return self._seen(good, self.spoiler.batch(counts, mean, events, rng))

    def _seen(self, good: Sequence[Observation], spoiled: Spoiled) -> Rows:
        """Features as the detector makes them, which may ask the map itself how active it is."""
        found, kinds = [], []
        for each, row, kind in zip(good, spoiled.counts, spoiled.kind, strict=True):
            counts = np.zeros(self.on.shape)
            counts[self.on.exists] = row
            seen = features(self.typical, replace(each, counts=counts), self.how)
            if not isinstance(seen, NotKnown):
                found.append(seen.features)
                kinds.append(kind)
        return Rows(np.array(found), np.array(kinds, np.int8))
