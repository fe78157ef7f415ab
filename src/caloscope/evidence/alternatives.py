"""The faults that are looked for in a cell, and how much more likely each makes the counts.

Two count distributions, the ones measured on real maps: beta-binomial for HCAL channels, negative binomial
with variance proportional to the mean for ECAL towers.

The expectation itself has an error, the same in every lumisection, so a healthy cell may sit off its
expectation for ever and slowly gather evidence. Therefore "healthy" is not one mean but a band, and a weak
fault is compared with the edge of the band that is nearest to it. See `_edges` for how wide the band is.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, gammaln

from caloscope.detectors.base import Array, Expectation
from caloscope.records import Mask

LOW_FACTORS = (0.02, 0.4, 0.65, 0.8)
HIGH_FACTORS = (1.25, 1.6, 2.5, 8.0)
FACTORS = np.array(LOW_FACTORS + HIGH_FACTORS)
LOWS = len(LOW_FACTORS)

SMALLEST_RISE = 1.1
"""A binomial channel that cannot rise by this factor is not tested for being hot."""

IMPOSSIBLE = 1.05
"""A binomial channel that counts more than this times the events is hot beyond doubt."""

BEYOND_DOUBT = 1000.0
"""Nats given to what cannot be."""

SLACK = 2.5
"""Nats by which the error of the expectation may raise the rate of false alarms of one alternative."""

SMALLEST_FANO = 1.001
"""Below it a negative binomial is a Poisson to all purposes, and its size parameter overflows."""


@dataclass(frozen=True, slots=True, eq=False)
class Hypotheses:
    """Healthy and faulty means relative to the expectation, both `(alternative, cell)`."""

    healthy: Array
    faulty: Array


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The existing cells of one lumisection as flat arrays."""

    counts: Array
    mean: Array
    dispersion: Array
    error: Array
    testable: Mask
    trials: float
    binomial: bool

    @classmethod
    def of(cls, counts: Array, expectation: Expectation, exists: Mask) -> "Cells":
        """The cells that exist; those that cannot be tested get a harmless mean."""
        testable = expectation.testable[exists] & (expectation.mean[exists] > 0)
        return cls(
            counts=counts[exists],
            mean=np.where(testable, expectation.mean[exists], min(1.0, expectation.trials / 2) or 1.0),
            dispersion=expectation.dispersion[exists],
            error=expectation.relative_error[exists],
            testable=testable,
            trials=expectation.trials,
            binomial=expectation.noise == "binomial",
        )

    def hypotheses(self, threshold: float) -> Hypotheses:
        """The pairs to be tested, kept apart by the error of the expectation."""
        off, edge = _edges(np.abs(FACTORS - 1.0)[:, np.newaxis], self.error, threshold)
        sign = np.where(FACTORS < 1.0, -1.0, 1.0)[:, np.newaxis]
        return Hypotheses(np.maximum(1.0 + sign * edge, 0.02), np.maximum(1.0 + sign * off, 0.01))

    def log_ratio(self, pairs: Hypotheses) -> Array:
        """Log-likelihood ratio of each alternative against healthy, `(alternative, cell)`, nats."""
        ratio = self._log_ratio_at(self.counts, pairs)
        if self.binomial:
            impossible = self.counts > IMPOSSIBLE * self.trials + 3.0
            ratio[LOWS:, impossible] = BEYOND_DOUBT
        return ratio

    def healthy_step(self, pairs: Hypotheses) -> Array:
        """How far a lumisection that counts just what was expected pulls each sum down; never negative."""
        return np.maximum(-self._log_ratio_at(self.mean, pairs), 0.0)

    def _log_ratio_at(self, counts: Array, pairs: Hypotheses) -> Array:
        if not self.binomial:
            healthy, faulty = pairs.healthy * self.mean, pairs.faulty * self.mean
            return negative_binomial_log_ratio(counts, healthy, faulty, self.dispersion)
        counts = np.minimum(counts, self.trials)
        healthy, faulty = self._probability(pairs.healthy), self._probability(pairs.faulty)
        dull = (pairs.faulty > 1.0) & (faulty < SMALLEST_RISE * healthy)
        faulty = np.where(dull, healthy, faulty)
        return beta_binomial_log_ratio(counts, self.trials, healthy, faulty, self.dispersion)

    def _probability(self, factors: Array) -> Array:
        """Probability to count in an event; a hot channel fills at most half of what is left."""
        p = self.mean / self.trials
        return np.asarray(np.minimum(factors * p, p + 0.5 * (1.0 - p)))


def _edges(off: Array, error: Array, threshold: float) -> tuple[Array, Array]:
    """How far from one the faulty and the healthy mean of each pair are, relative to the expectation.

    Let a cell be off by z standard errors, z normal. A sum against the edge k of the band (in errors), half
    way D from the faulty mean, crosses the threshold h at a rate of exp(-h (1 - (z - k) / D)). Averaged over
    z that is exp(-h) exp(h^2 / 2 D^2 - h k / D); the last exponent is allowed to be `SLACK`. With
    s = 2 D + k, the faulty mean in errors, this is a quadratic equation for D; where it has no solution the
    fault is too small for this expectation, and the nearest one that has takes its place.
    """
    lead = 2.0 - SLACK / threshold
    smallest = np.sqrt(2.0 * threshold * lead)
    error = np.maximum(error, 1e-9)
    s = np.maximum(off / error, smallest * 1.0001)
    half = (s + np.sqrt(s**2 - smallest**2)) / (2.0 * lead)
    edge = np.clip(s - 2.0 * half, 0.0, None)
    return s * error, edge * error


def beta_binomial_log_ratio(
    counts: Array, trials: float, healthy: Array, faulty: Array, correlation: Array
) -> Array:
    """Log BetaBinomial(n | N, faulty, rho) / BetaBinomial(n | N, healthy, rho), elementwise.

    `healthy` and `faulty` are mean probabilities, `correlation` the intraclass correlation rho.
    """
    weight = (1.0 - correlation) / correlation

    def log_probability(p: Array) -> Array:
        a, b = p * weight, (1.0 - p) * weight
        return np.asarray(betaln(counts + a, trials - counts + b) - betaln(a, b))

    return log_probability(faulty) - log_probability(healthy)


def negative_binomial_log_ratio(counts: Array, healthy: Array, faulty: Array, fano: Array) -> Array:
    """Log NB(n | faulty, phi) / NB(n | healthy, phi), elementwise; both have variance phi x mean."""
    fano = np.maximum(fano, SMALLEST_FANO)
    size_0, size_1 = healthy / (fano - 1.0), faulty / (fano - 1.0)
    return np.asarray(
        gammaln(counts + size_1)
        - gammaln(size_1)
        - gammaln(counts + size_0)
        + gammaln(size_0)
        - (size_1 - size_0) * np.log(fano)
    )
