"""Whether a map was made in conditions like those that were learned: with beam, with the same trigger.

Faults must not pass for conditions. So the level of a map is that of its best areas, and its shape that of
rings, each the median over sectors: half of a map may be dead and the other half is judged.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from scipy.special import chdtri

from caloscope.detectors.base import Array, Memory
from caloscope.detectors.reference.areas import Areas, map_level, ring_medians
from caloscope.detectors.reference.cells import Whole
from caloscope.detectors.reference.height import Shown, of_level
from caloscope.records import Reason

BENT: Final = 0.03
"""The least difference of a ring from others that matters, whatever can be seen."""

BROKEN: Final = 0.4
"""Areas that differ by more from the others are broken: no trigger does that."""

ODD: Final = 3.0
MOST_ODD: Final = 0.2
"""Where more than this share of all areas is so many sigma from the others in their ring, the map is broken
and has no shape of its own."""

CHANCE: Final = 1e-6
"""Probability that a map of usual conditions looks like another."""

MEMORY: Final = 0.9
"""What a lumisection remembers of the one before."""

RING_CHANGE: Final = 0.012
"""rms by which a ring changes from run to run against the others, before it is measured."""

AREA_CHANGE: Final = 0.02
"""The same of an area against its ring."""

PRIOR_RUNS: Final = 5.0
PRIOR_LUMIS: Final = 10.0


class Verdict(NamedTuple):
    """Why a map is outside, in words; None where it is not. `profile` is to be remembered."""

    reason: Reason | None
    words: str
    profile: Array


class Seen(NamedTuple):
    """What a map shows by itself, whatever came before it in its run.

    Why its level is another, in words, None where it is not. `rings` are the levels of its rings, of one kind
    after the other, None where there is no shape: the level is another, or the map is broken.
    """

    reason: Reason | None
    words: str
    events: float
    rings: Array | None


class Spread(NamedTuple):
    """Variances of a level: from counting, in one event, and from run to run."""

    counting: Array
    change: Array

    def in_lumisection(self, events: float) -> Array:
        """Variance in a lumisection with so many events."""
        return np.asarray(self.counting / events + self.change)


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """How the areas of a healthy map differ from each other.

    `rings` is the spread of rings against their family, `(kinds, rings)`, and `sectors` that of single areas
    against their ring. Levels come in one kind or two (`level.Levels`): a map must be strange in all of them,
    as a fault may be simple in one.
    """

    areas: Areas
    rings: Spread
    sectors: Spread
    _limit: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Works out the limit."""
        free = self.areas.free
        object.__setattr__(self, "_limit", float(chdtri(free, CHANCE)) if free else np.inf)

    @property
    def kinds(self) -> int:
        """Of levels."""
        return len(self.rings.counting)

    @classmethod
    def learn(cls, areas: Areas, levels: Array, events: Array, run: Whole) -> "Domain":
        """From levels of areas `(lumi, kinds, rings, sectors)` in healthy lumisections."""
        profiles = np.array([[profile_of(kind, areas) for kind in each] for each in levels])
        middle = np.array([[ring_medians(kind) for kind in each] for each in levels])[..., None]
        apart = np.nan_to_num(levels - middle)
        # A median of so many is off by the root of pi/2 more than their mean would be.
        usual = (
            np.pi / 2.0 * (events[:, None, None] * np.mean(apart**2, axis=3)).mean(axis=0) / apart.shape[3]
        )
        rings = _spread(np.nan_to_num(profiles), events, run, usual, RING_CHANGE)
        around = (events[:, None, None, None] * apart**2).mean(axis=0)
        each = _spread(apart, events, run, around, AREA_CHANGE)
        sectors = Spread(each.counting.mean(axis=2), each.change.mean(axis=2))
        return cls(areas, rings, sectors)

    def seen(self, shown: Shown) -> Seen:
        """What of a map does not depend on what is remembered."""
        reason, words = of_level(shown)
        rings = self._rings(shown.levels, shown.events) if reason is None else None
        return Seen(reason, words, shown.events, rings)

    def judge(self, seen: Seen, before: Memory) -> Verdict:
        """Of a map; `before` is what was remembered of the run, its `profile` is carried on."""
        reason, words, events, rings = seen
        old = self._old(before)
        if reason is not None:  # an empty map has no shape, and what follows it is not to be judged by one
            return Verdict(reason, words, old)
        profile = np.zeros_like(old) if rings is None else _remembered(old, rings, events)
        if self._is_bent(profile):
            reason, words = (
                Reason.OUT_OF_RANGE,
                "the shape of the map is another: another trigger mix or beam?",
            )
        return Verdict(reason, words, profile)

    def _rings(self, levels: Array, events: float) -> Array | None:
        """Levels of the rings against their family; None where the map is broken."""
        middle = np.array([ring_medians(kind) for kind in levels])
        now = np.concatenate([profile_of(kind, self.areas) for kind in levels])
        return None if not np.isfinite(now).all() or self._broken(levels, middle, events) else now

    def _old(self, before: Memory) -> Array:
        """The sums so far; zeros at the start of a run."""
        size = 2 + self.kinds * self.areas.rings
        old = before["profile"] if "profile" in before else np.zeros(size)
        return np.asarray(old if old.shape == (size,) else np.zeros(size), np.float64)

    def _broken(self, levels: Array, middle: Array, events: float) -> bool:
        """Whether areas of a ring differ by more than conditions could make them."""
        limit = ODD * np.sqrt(self.sectors.in_lumisection(events))
        odd = (np.abs(levels - middle[..., None]) > limit[..., None]).sum(axis=(1, 2))
        return bool((odd > MOST_ODD * self.areas.rings * levels.shape[2]).any())

    def _is_bent(self, profile: Array) -> bool:
        """Whether rings differ beyond what counting and changes of runs allow, whatever is looked at."""
        if profile[0] <= 0 or not self.areas.free:
            return False
        now = (profile[2:] / profile[0]).reshape(self.kinds, -1)
        variance = self.rings.counting * profile[1] / profile[0] ** 2 + self.rings.change
        far = (np.abs(now).max(axis=1) > BENT) & ((now**2 / variance).sum(axis=1) > self._limit)
        return bool(far.all())


def _remembered(old: Array, now: Array, events: float) -> Array:
    """Sums over the last lumisections: of weights, of their squares over events, and of rings' levels."""
    weights = [MEMORY * old[0] + events, MEMORY**2 * old[1] + events]
    return np.concatenate((weights, MEMORY * old[2:] + events * now))


def _spread(values: Array, events: Array, run: Whole, usual: Array, change: float) -> Spread:
    """Of values `(lumi, ...)`; `usual` and the square of `change` are what is assumed before."""
    numbers, place = np.unique(run, return_inverse=True)
    column = (-1, *[1] * (values.ndim - 1))
    weight = np.bincount(place, events, len(numbers)).reshape(column)
    own = np.zeros((len(numbers), *values.shape[1:]))
    np.add.at(own, place, values * events.reshape(column))
    own /= weight
    degrees = len(run) - len(numbers)
    squares = (events.reshape(column) * (values - own[place]) ** 2).sum(axis=0)
    counting = (squares + PRIOR_LUMIS * usual) / (degrees + PRIOR_LUMIS)
    seen = np.maximum(own**2 - counting / weight, 0.0).sum(axis=0)
    variance = (seen + PRIOR_RUNS * change**2) / (len(numbers) + PRIOR_RUNS)
    return Spread(np.maximum(counting, 1e-9), variance)


def profile_of(levels: Array, areas: Areas) -> Array:
    """Levels of the rings against the middle of their family, `(rings,)`; NaN where all of a ring is broken.

    `levels` is `(rings, sectors)`.
    """
    near = levels.copy()
    for mine in areas.families:
        own = near[mine]
        own[np.abs(own - map_level(own)) > BROKEN] = np.nan
    rings = ring_medians(near)
    for mine in areas.families:
        rings[mine] -= rings[mine].sum() / (mine.stop - mine.start)
    return rings
