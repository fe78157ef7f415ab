"""Leaving cells out is exact, whichever they are, and wherever exactness costs too much nobody is misled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from caloscope.detectors.base import Array
from caloscope.evidence import left_out as room
from caloscope.evidence.neighbours import Neighbours, alone, neighbours_of
from caloscope.records import Mask

from .watching import covariance_of, known


def inverse(n: int, seed: int, links: float) -> Array:
    """A random inverse correlation matrix, sparse, positive definite; some cells know nobody."""
    rng = np.random.default_rng(seed)
    below = np.tril(rng.normal(0.0, 0.4, (n, n)) * (rng.random((n, n)) < links), -1)
    below[rng.random(n) < 0.2] = 0.0
    precision = (np.eye(n) - below).T @ np.diag(rng.uniform(1.0, 3.0, n)) @ (np.eye(n) - below)
    scale = np.sqrt(np.diag(np.linalg.inv(precision)))
    return np.asarray(precision * np.outer(scale, scale))


def exactly(precision: Array, z: Array, out: Mask) -> tuple[Array, Array]:
    """Residuals given the others and their precisions, by inverting what is left; for cells left out, with
    them added.
    """
    covariance, kept = np.linalg.inv(precision), ~out
    residual, found = np.zeros(len(z)), np.zeros(len(z))
    among = np.linalg.inv(covariance[np.ix_(kept, kept)])
    found[kept] = np.diag(among)
    residual[kept] = among @ z[kept] / found[kept]
    weights = covariance[np.ix_(out, kept)] @ among
    residual[out] = z[out] - weights @ z[kept]
    found[out] = 1.0 / (np.diag(covariance)[out] - (weights * covariance[np.ix_(out, kept)]).sum(axis=1))
    return residual, found


def check(neighbours: Neighbours, precision: Array, z: Array, out: Mask) -> None:
    score, found = neighbours.score(z.astype(np.float32), out), neighbours.precision(out)
    residual, expected = exactly(precision, z, out)
    np.testing.assert_allclose(found, expected, rtol=2e-4)
    np.testing.assert_allclose(score / found, residual, rtol=2e-3, atol=2e-3)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(2, 40), seed=st.integers(0, 10**6), links=st.floats(0.0, 0.5), share=st.floats(0.0, 1.0))
def test_residuals_without_some_cells_are_those_of_the_remaining_map(
    n: int, seed: int, links: float, share: float
) -> None:
    rng = np.random.default_rng(seed)
    precision = inverse(n, seed, links)
    neighbours = Neighbours(covariance_of(sparse.csr_array(precision)))
    for _ in range(2):  # the second time from memory
        check(neighbours, precision, rng.normal(0.0, 2.0, n), rng.random(n) < share)
    check(neighbours, precision, rng.normal(0.0, 2.0, n), np.ones(n, np.bool_))
    check(neighbours, precision, rng.normal(0.0, 2.0, n), np.zeros(n, np.bool_))


def test_a_large_block_is_remembered_and_exact() -> None:
    n = 120
    precision = inverse(n, 3, 0.1)
    neighbours = Neighbours(covariance_of(sparse.csr_array(precision)))
    rng, out = np.random.default_rng(3), np.arange(n) < 80
    for _ in range(6):
        check(neighbours, precision, rng.normal(0.0, 1.0, n), out)
        out[rng.integers(80, n)] ^= True


def test_the_whole_of_an_endcap_is_positive_definite_and_exact_without_a_quadrant() -> None:
    endcap = known("EE+")
    neighbours = neighbours_of(endcap.covariance)
    precision = neighbours.matrix.toarray().astype(np.float64)
    assert np.linalg.eigvalsh(precision).min() > 0
    z = np.random.default_rng(1).normal(0.0, 1.0, len(precision))
    check(neighbours, precision, z, endcap.layout.of_cells(endcap.region("EE+Q2")))


def test_too_many_cells_that_hang_together_are_taken_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """And those beside them too; all others are as exact as ever."""
    monkeypatch.setattr(room, "LARGEST_BLOCK", 30)
    endcap = known("EE+")
    neighbours = Neighbours(endcap.covariance)
    precision = neighbours.matrix.toarray().astype(np.float64)
    out = endcap.layout.of_cells(endcap.region("EE+Q2") & endcap.testable)
    linked = (precision != 0)[out].any(axis=0)
    z = np.random.default_rng(1).normal(0.0, 1.0, len(out))
    score, found = neighbours.score(z.astype(np.float32), out), neighbours.precision(out)
    residual, expected = exactly(precision, z, out)
    np.testing.assert_allclose((score / found)[linked], z[linked], rtol=1e-4)
    np.testing.assert_array_equal(found[linked], 1.0)
    np.testing.assert_allclose(
        (score / found)[~linked & ~out], residual[~linked & ~out], rtol=2e-3, atol=2e-3
    )
    np.testing.assert_allclose(found[~linked & ~out], expected[~linked & ~out], rtol=2e-4)
    np.testing.assert_array_equal(neighbours.asked(out), ~linked & ~out)


def test_scores_are_linear_in_the_residuals() -> None:
    neighbours = neighbours_of(known("EE+").covariance)
    rng = np.random.default_rng(2)
    n = len(neighbours.group)
    one, other = rng.normal(0.0, 1.0, (2, n)).astype(np.float32)
    out = rng.random(n) < 0.2
    together = neighbours.score(one + np.float32(2) * other, out)
    apart = neighbours.score(one, out) + np.float32(2) * neighbours.score(other, out)
    np.testing.assert_allclose(together, apart, atol=1e-3)


def test_cells_without_neighbours_are_their_own() -> None:
    nobody = alone(5)
    z, out = np.arange(5, dtype=np.float32), np.array([True, False, False, True, False])
    np.testing.assert_array_equal(nobody.score(z, out), z)
    np.testing.assert_array_equal(nobody.precision(out), 1.0)
