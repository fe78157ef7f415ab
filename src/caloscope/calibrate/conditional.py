"""What each cell should count given its neighbours: mean and variance from an expectation's covariance."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from caloscope.detectors.base import Array, Covariance, Expectation
from caloscope.records import Mask

HIGHEST = 0.99995
"""Probability of a channel that always counts, for what it may lose."""


class Conditional(NamedTuple):
    """Mean and variance of the counts in the n existing cells in C order, and which of them are tested."""

    mean: Array
    variance: Array
    testable: Mask


def variances(expectation: Expectation, exists: Mask) -> Array:
    """Variance of the counts in existing cells, `(n,)`, as `Expectation` defines it."""
    mean, dispersion = expectation.mean[exists], expectation.dispersion[exists]
    if expectation.noise == "overdispersed":
        return np.asarray(dispersion * mean)
    trials = max(expectation.trials, 1.0)
    p = np.clip(mean / trials, 0.0, HIGHEST)
    return np.asarray(trials * p * (1.0 - p) * (1.0 + (trials - 1.0) * dispersion))


def conditional(counts: Array, expectation: Expectation, exists: Mask) -> Conditional:
    """Mean and variance of each cell given all others, common modes of groups of cells taken out.

    With residuals z in standard deviations and the inverse P of their correlation matrix, y = P z: y_i / P_ii
    is what the others do not tell of cell i, and 1 / P_ii its variance. Without a covariance the cells stand
    alone. Where there are surroundings, they tell.
    """
    mean = expectation.mean[exists]
    testable = expectation.testable[exists] & (mean > 0)
    variance = np.where(testable, variances(expectation, exists), 1.0)
    if expectation.surroundings is not None:
        return _surrounded(counts, expectation, exists, variance)
    if expectation.covariance is None:
        return Conditional(mean, variance, testable)
    inverse = matrix(expectation.covariance)
    deviation = np.sqrt(variance)
    z = np.where(testable, (counts[exists] - mean) / deviation, 0.0)
    z -= _common(z, mean, deviation, testable, expectation, inverse)
    precision = inverse.diagonal()
    rest = (inverse @ z) / precision
    found = np.where(testable, counts[exists] - deviation * rest, mean)
    # Far more than the neighbours can say is a cell of few counts beside a large fluctuation.
    return Conditional(np.maximum(found, 0.3 * mean), variance / precision, testable)


def _surrounded(counts: Array, expectation: Expectation, exists: Mask, variance: Array) -> Conditional:
    """As the cells around each cell make it, in the words of who knows them."""
    assert expectation.surroundings is not None
    testable, mean = expectation.testable & exists & (expectation.mean > 0), expectation.mean
    deviation = np.ones(mean.shape)
    deviation[exists] = np.sqrt(variance)
    residual = np.where(testable, (counts - mean) / deviation, 0.0)
    expected, left = expectation.surroundings.given(residual, testable)
    found = np.where(testable, mean + deviation * expected, mean)
    return Conditional(np.maximum(found, 0.3 * mean)[exists], variance * left[exists], testable[exists])


def matrix(covariance: Covariance) -> sparse.csr_array:
    """P as a sparse matrix, `(n, n)`."""
    cells = len(covariance.indptr) - 1
    parts = (covariance.data.astype(np.float64), covariance.indices, covariance.indptr)
    return sparse.csr_array(parts, shape=(cells, cells))


def _common(
    z: Array,
    mean: Array,
    deviation: Array,
    testable: Mask,
    expectation: Expectation,
    inverse: sparse.csr_array,
) -> Array:
    """The part of z that groups of cells share: least squares against their prior rms."""
    covariance = expectation.covariance
    if covariance is None or not len(covariance.common):
        return np.zeros_like(z)
    there = testable & (covariance.group >= 0)
    strength = np.where(there, mean * _stiffness(mean, expectation) / deviation, 0.0)
    cells = np.flatnonzero(there)
    place = (strength[cells], (cells, covariance.group[cells]))
    pattern = sparse.csr_array(place, shape=(len(z), len(covariance.common)))
    whitened = inverse @ pattern
    information = (pattern.T @ whitened).toarray()
    prior = 1.0 / np.maximum(covariance.common, 1e-6) ** 2
    shared = np.linalg.solve(information + np.diag(prior), whitened.T @ z)
    return np.asarray(pattern @ shared)


def _stiffness(mean: Array, expectation: Expectation) -> Array:
    """How much the mean moves with what the group shares, relatively: a channel that is full does not."""
    if expectation.noise == "overdispersed":
        return np.ones_like(mean)
    p = np.clip(mean / max(expectation.trials, 1.0), 1e-9, HIGHEST)
    return np.asarray(-(1.0 - p) * np.log1p(-p) / p)
