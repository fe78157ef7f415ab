"""Transforms are uniform where the distribution is right, and tell how it is wrong where it is not."""

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import binom, nbinom, poisson

from caloscope.calibrate.conditional import conditional, variances
from caloscope.calibrate.pit import distribution, transform
from caloscope.detectors.base import Covariance, Expectation

COUNTS = np.arange(-1.0, 60.0)


def test_distributions_are_the_known_ones() -> None:
    same = np.full(len(COUNTS), 20.0)
    wide = nbinom.cdf(COUNTS, 20.0 / 2.0, 1 / 3.0)
    np.testing.assert_allclose(distribution(COUNTS, same, 3.0 * same), wide, atol=1e-12)
    np.testing.assert_allclose(distribution(COUNTS, same, same), poisson.cdf(COUNTS, 20.0), atol=1e-12)
    narrow = binom.cdf(COUNTS, 50, 0.4)
    np.testing.assert_allclose(distribution(COUNTS, same, 0.6 * same), narrow, atol=1e-12)


@pytest.mark.parametrize(("believed", "shape"), [(3.0, "flat"), (6.0, "hump"), (1.5, "bowl")])
def test_a_histogram_says_how_counts_scatter(believed: float, shape: str) -> None:
    random = np.random.default_rng(1)
    counts = random.negative_binomial(10.0, 1 / 3.0, 40_000).astype(np.float64)
    mean = np.full(len(counts), 20.0)
    share = np.histogram(transform(counts, mean, believed * mean, random), 10, (0.0, 1.0))[0] / 4_000
    if shape == "flat":
        assert np.abs(share - 1.0).max() < 0.08
    else:
        edges, middle = share[[0, -1]].mean(), share[4:6].mean()
        assert (edges < 0.8 * middle) if shape == "hump" else (edges > 1.25 * middle)


def expectation(covariance: Covariance | None, noise: str = "overdispersed") -> Expectation:
    """Six cells in a row that expect 1,000 counts each with a Fano factor of 4; the last cannot be tested."""
    return Expectation(
        noise="binomial" if noise == "binomial" else "overdispersed",
        mean=np.full((1, 6), 1_000.0),
        dispersion=np.full((1, 6), 4.0 if noise == "overdispersed" else 1e-3),
        testable=np.array([[True] * 5 + [False]]),
        relative_error=np.full((1, 6), 0.01),
        trials=2_000.0,
        covariance=covariance,
    )


def neighbouring(correlation: float, common: float) -> Covariance:
    """Cells correlated with those beside them, all of one group."""
    steps = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    inverse = sparse.csr_array(np.linalg.inv(correlation**steps))
    return Covariance(
        inverse.data.astype(np.float32),
        inverse.indices.astype(np.int32),
        inverse.indptr.astype(np.int32),
        np.zeros(6, np.int32),
        np.array([common]),
    )


def test_without_neighbours_a_cell_stands_alone() -> None:
    exists = np.ones((1, 6), np.bool_)
    found = conditional(np.full((1, 6), 900.0), expectation(None), exists)
    np.testing.assert_allclose(found.mean, 1_000.0)
    np.testing.assert_allclose(found.variance[:5], 4_000.0)
    assert found.testable.tolist() == [True] * 5 + [False]
    binomial = variances(expectation(None, "binomial"), exists)
    np.testing.assert_allclose(binomial, 500.0 * (1 + 1_999 * 1e-3))


def test_neighbours_tell_what_a_cell_counts() -> None:
    exists, rho = np.ones((1, 6), np.bool_), 0.6
    covariance = neighbouring(rho, 1e-6)
    counts = np.full((1, 6), 1_000.0)
    counts[0, 2] += 200.0
    found = conditional(counts, expectation(covariance), exists)
    # Of an autoregressive row, a cell between two others expects rho / (1 + rho^2) of each.
    assert found.mean[1] == pytest.approx(1_000.0 + 200.0 * rho / (1 + rho**2), rel=1e-5)
    assert found.mean[2] == pytest.approx(1_000.0, rel=1e-5)
    assert found.variance[1] == pytest.approx(4_000.0 * (1 - rho**2) / (1 + rho**2), rel=1e-4)


@pytest.mark.parametrize("noise", ["overdispersed", "binomial"])
def test_what_a_group_shares_is_taken_out(noise: str) -> None:
    exists = np.ones((1, 6), np.bool_)
    counts = np.full((1, 6), 1_100.0)
    shared = conditional(counts, expectation(neighbouring(0.01, 10.0), noise), exists)
    np.testing.assert_allclose(shared.mean[:5], 1_100.0, rtol=0.01)
    own = conditional(counts, expectation(neighbouring(0.01, 1e-6), noise), exists)
    np.testing.assert_allclose(own.mean[:5], 1_000.0, rtol=0.01)
