"""From expectation and counts to evidence: log-likelihood ratios of fault against healthy, accumulated.

For every cell a small bank of alternatives is tested, each "the mean is `factor` times what it should be",
below and above one. Each keeps a cumulative sum (CUSUM, Page 1954): the log-likelihood ratio of the new
lumisection is added, and the sum never falls below zero. The evidence of a cell is the largest sum, in nats;
high = worse. By Lorden's bound (1971) a sum crosses h by chance at most once in exp(h) lumisections on
average, which is how a threshold stands for a rate of false alarms.

Two count distributions, the ones measured on real maps: beta-binomial for HCAL channels, negative binomial
with variance proportional to the mean for ECAL towers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

from caloscope.detectors.base import Array, Expectation
from caloscope.records import Floats, LumiId, Mask

LOW_FACTORS = (0.02, 0.5, 0.8)
HIGH_FACTORS = (1.25, 2.0, 8.0)
FACTORS = np.array(LOW_FACTORS + HIGH_FACTORS)
LOWS = len(LOW_FACTORS)

ERROR_MARGIN = 4.0
"""No fault is looked for that is smaller than this many standard errors of the expectation itself."""

CURE_STEPS = 2.0
"""Sums are capped this many healthy lumisections above the threshold, so that a cured cell is soon good."""

_RUN_STEP = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceState:
    """The sums of one map: `(alternative, cell)` over the existing cells, flattened in C order.

    `since` says in which lumisection (run x 1,000,000 + lumi) a sum last left zero, 0 where it is zero.
    """

    sums: Floats
    since: NDArray[np.int64]

    @staticmethod
    def empty(exists: Mask) -> "EvidenceState":
        """Nothing seen yet."""
        shape = (len(FACTORS), int(exists.sum()))
        return EvidenceState(np.zeros(shape, np.float32), np.zeros(shape, np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Evidence per cell on the view's shape: `value` in nats (high = worse), `direction` -1 low or +1 high.

    `onset` holds the estimated first faulty lumisection as run x 1,000,000 + lumi, 0 where there is none.
    """

    value: Array
    direction: NDArray[np.int8]
    onset: NDArray[np.int64]

    @staticmethod
    def nothing(shape: tuple[int, ...]) -> "Evidence":
        """No evidence anywhere."""
        return Evidence(np.zeros(shape), np.zeros(shape, np.int8), np.zeros(shape, np.int64))


def accumulate(
    state: EvidenceState,
    lumi_id: LumiId,
    counts: Array,
    expectation: Expectation,
    exists: Mask,
    threshold: float,
) -> tuple[Evidence, EvidenceState]:
    """Add one lumisection to the sums; `threshold` in nats only sets where they are capped."""
    cells = _Cells.of(counts, expectation, exists)
    factors = cells.alternatives()
    step = cells.log_ratio(factors)
    sums = np.clip(state.sums + step, 0.0, threshold + CURE_STEPS * cells.healthy_step(factors))
    kept: Floats = np.where(cells.testable, sums, 0.0).astype(np.float32)
    now = lumi_id.run * _RUN_STEP + lumi_id.lumi
    since = np.where(kept > 0, np.where(state.since > 0, state.since, now), 0)
    return _gather(kept, since, exists), EvidenceState(kept, since)


def onset_of(stamp: int) -> LumiId:
    """The lumisection that a stamp of `Evidence.onset` stands for."""
    return LumiId(*divmod(int(stamp), _RUN_STEP))


def _gather(sums: Floats, since: NDArray[np.int64], exists: Mask) -> Evidence:
    best = np.argmax(sums, axis=0)
    columns = np.arange(sums.shape[1])
    value, onset = np.zeros(exists.shape), np.zeros(exists.shape, np.int64)
    direction = np.zeros(exists.shape, np.int8)
    top = sums[best, columns]
    value[exists] = top
    direction[exists] = np.where(top > 0, np.where(best < LOWS, -1, 1), 0)
    onset[exists] = since[best, columns]
    return Evidence(value, direction, onset)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """The existing cells of one lumisection as flat arrays."""

    counts: Array
    mean: Array
    dispersion: Array
    error: Array
    testable: Mask
    trials: float
    binomial: bool

    @classmethod
    def of(cls, counts: Array, expectation: Expectation, exists: Mask) -> "_Cells":
        testable = expectation.testable[exists] & (expectation.mean[exists] > 0)
        return cls(
            counts=counts[exists],
            mean=np.where(testable, expectation.mean[exists], 1.0),
            dispersion=expectation.dispersion[exists],
            error=expectation.relative_error[exists],
            testable=testable,
            trials=expectation.trials,
            binomial=expectation.noise == "binomial",
        )

    def alternatives(self) -> Array:
        """Factors `(alternative, cell)`, kept away from one by the error of the expectation itself."""
        margin = ERROR_MARGIN * self.error
        low = np.minimum(FACTORS[:LOWS, None], np.maximum(1.0 - margin, 0.02))
        high = np.maximum(FACTORS[LOWS:, None], 1.0 + margin)
        return np.concatenate([low, high])

    def log_ratio(self, factors: Array) -> Array:
        """Log-likelihood ratio of each alternative against healthy, `(alternative, cell)`, nats."""
        return self._log_ratio_at(self.counts, factors)

    def healthy_step(self, factors: Array) -> Array:
        """How far a lumisection that counts just what was expected pulls each sum down; never negative."""
        return np.maximum(-self._log_ratio_at(self.mean, factors), 0.0)

    def _log_ratio_at(self, counts: Array, factors: Array) -> Array:
        if self.binomial:
            return beta_binomial_log_ratio(
                np.minimum(counts, self.trials),
                self.trials,
                self.mean / self.trials,
                self._faulty_probability(factors),
                self.dispersion,
            )
        return negative_binomial_log_ratio(counts, self.mean, factors * self.mean, self.dispersion)

    def _faulty_probability(self, factors: Array) -> Array:
        """Probability under each alternative; a hot channel fills at most half of what is left."""
        p = self.mean / self.trials
        return np.asarray(np.minimum(factors * p, p + 0.5 * (1.0 - p)))


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
    size_0, size_1 = healthy / (fano - 1.0), faulty / (fano - 1.0)
    return np.asarray(
        gammaln(counts + size_1)
        - gammaln(size_1)
        - gammaln(counts + size_0)
        + gammaln(size_0)
        - (size_1 - size_0) * np.log(fano)
    )
