"""A healthy map of a calorimeter that is not CMS's: its cells are independent of one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Array, Noise
from caloscope.errors import UsageError
from caloscope.faults.active import Active
from caloscope.faults.effect import act, capacity, outcome
from caloscope.geometry import View
from caloscope.records import Counts
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.healthy import Healthy
from caloscope.simulate.stability import Changes, Stability

FANO: Final = 4.0
MEAN_RATE: Final = 0.5
"""Counts per event of a cell that may count more than once in one."""

PATTERN: Final = 0.15
PROBABILITIES: Final = (0.05, 0.9)
SLOPE: Final = 0.01
"""Relative change per unit of pileup, at `PILEUP`."""

PILEUP: Final = 50.0
JET_HT: Final = 1.2
"""Events chosen for their jets hold more than those chosen at random."""

COSMICS: Final = 0.01
_LOWEST: Final = 0.05
_HIGHEST_RATE: Final = 1e6


def generic(
    spec: MapSpec, view: View, seed: int, stability: Stability, pattern: Array | None
) -> "GenericMap":
    """The map of a detector with this seed.

    Counts of a *binomial* map are binomial, with a probability between 0.05 and 0.9 in each cell; those of an
    *overdispersed* one have a Fano factor of 4 and a mean of 0.5 an event, with a pattern of 15 %. Raises
    `UsageError` for a `pattern` with probabilities above 1, or rates above a million an event.
    """
    highest = 1.0 if spec.noise == "binomial" else _HIGHEST_RATE
    if pattern is None:
        rng = np.random.default_rng([seed, *spec.name.encode()])
        binomial = spec.noise == "binomial"
        drawn = rng.uniform(*PROBABILITIES, view.shape) if binomial else _around(rng, view)
        rate = np.where(view.exists, drawn, 0.0)
    else:
        rate = np.where(view.exists, pattern, 0.0).astype(np.float64)
    if rate.max() > highest:
        raise UsageError(f"{spec.name}: found {rate.max():g} an event in the pattern, expected {highest:g}")
    return GenericMap(spec, view, rate, Changes(view, seed, stability))


def _around(rng: np.random.Generator, view: View) -> Array:
    return MEAN_RATE * rng.lognormal(-0.5 * PATTERN**2, PATTERN, view.shape)


@dataclass(frozen=True, slots=True, eq=False)
class GenericMap:
    """One map; `rate` per event and cell at pileup 50. See `Healthy`, whose words this one fulfils."""

    spec: MapSpec
    view: View
    rate: NDArray[np.float64]
    changes: Changes

    @property
    def noise(self) -> Noise:
        """How its counts vary."""
        return self.spec.noise

    def expected(self, at: Conditions, faults: Sequence[Active] = ()) -> Array:
        """Mean counts, with the faults where some are given."""
        mean = at.events * self._rate(at)
        return outcome(mean, faults, self.view, self._most(at)) if faults else mean

    def draw(self, at: Conditions, faults: Sequence[Active] = ()) -> Counts:
        """Counts of one lumisection."""
        rate, stream = self._rate(at), (at.seed, at.run, at.lumi, *self.spec.name.encode())
        rng = np.random.default_rng(stream)
        if self.noise == "binomial":
            counts = rng.binomial(at.events, rate)
        else:
            # A negative binomial as a Poisson whose mean is gamma-distributed: variance = Fano factor x mean.
            gamma = rng.gamma(at.events * rate / (FANO - 1.0), FANO - 1.0)
            counts = np.minimum(rng.poisson(gamma), np.iinfo(np.uint32).max)
        found = counts.astype(np.uint32)
        return act(found, at.events * rate, faults, self.view, self._most(at), stream) if faults else found

    def covariance(self, at: Conditions) -> Array:
        """Covariance of the healthy counts around `expected`; diagonal."""
        rate = self._rate(at)[self.view.exists]
        return np.diag(at.events * rate * (1.0 - rate if self.noise == "binomial" else FANO))

    def _rate(self, at: Conditions) -> Array:
        """Counts per event in these conditions, at most 1 where a cell counts once in an event."""
        level = max(_LOWEST, 1.0 + SLOPE * (at.pileup - PILEUP)) * (JET_HT if at.dataset == "JetHT" else 1.0)
        change = (COSMICS if at.beam == "none" else level) * at.activity * self.changes.factor(at)
        if self.noise == "overdispersed":
            return np.asarray(self.rate * change)
        # What comes to a cell grows without end, the probability that something came does not.
        sure = self.rate >= 1.0
        coming = -np.log1p(-np.where(sure, 0.0, self.rate))
        return np.where(sure, 1.0, -np.expm1(-coming * change))

    def _most(self, at: Conditions) -> float:
        return capacity(self.view, at.events, self.noise)


def _checked(made: GenericMap) -> Healthy:
    """Lets the type checker see that the protocol is fulfilled."""
    return made
