"""Maps so small that no two cells are far apart: there what all cells share cannot be seen by itself."""

import numpy as np
import pytest
from scipy import sparse

from caloscope.detectors.base import Array, Expectation
from caloscope.detectors.reference import Reference

from .looking import observe, poisson
from .plain_view import plain

MEAN, FANO, LUMIS = 2_000.0, 4.0, 40


def counts(shape: tuple[int, ...], lumis: int, seed: int, together: float) -> Array:
    """Independent counts whose level moves together by this relative rms, `(lumi, y, x)`."""
    level = np.exp(np.random.default_rng(seed + 1).normal(0.0, together, lumis))
    given = poisson(np.full(shape, MEAN), lumis, seed, fano=FANO)
    return np.round([each.counts * factor for each, factor in zip(given, level, strict=True)])


def learned(shape: tuple[int, ...], together: float) -> tuple[Expectation, Array]:
    """What it expects on a view of this shape, and the inverse of the correlations of its cells."""
    good = [observe(each, lumi) for lumi, each in enumerate(counts(shape, LUMIS, 3, together), start=1)]
    detector = Reference.fit(good, "overdispersed", plain(shape))
    answer, _ = detector.look(good[0], {})
    assert isinstance(answer, Expectation)
    assert answer.covariance is not None
    found = answer.covariance
    matrix = sparse.csr_array((found.data, found.indices, found.indptr), shape=(len(found.group),) * 2)
    return answer, matrix.toarray().astype(np.float64)


@pytest.mark.parametrize("shape", [(4, 4), (5, 6), (7, 7), (5, 8)])
def test_independent_cells_are_learned_to_be_independent(shape: tuple[int, ...]) -> None:
    """Pairs at one distance number 400 and more with the default: 5 % is their error."""
    answer, inverse = learned(shape, 0.0)
    correlations = np.linalg.inv(inverse)
    assert np.abs(correlations - np.eye(len(correlations))).max() < 0.2
    assert answer.covariance is not None
    assert answer.covariance.common.max() < 0.03


@pytest.mark.parametrize("together", [0.0, 0.05])
@pytest.mark.parametrize("shape", [(5, 6), (5, 8)])
def test_cells_given_the_others_vary_no_more_than_it_says(shape: tuple[int, ...], together: float) -> None:
    """The common mode is taken for larger, as nothing was learned of pileup."""
    answer, inverse = learned(shape, together)
    later = counts(shape, 200, 7, together)
    mean, deviation = answer.mean, np.sqrt(answer.mean * answer.dispersion)
    z = ((later - mean) / deviation).reshape(len(later), -1)
    given = z @ inverse / np.sqrt(np.diagonal(inverse))
    assert answer.covariance is not None
    lever = (mean / deviation).ravel() @ inverse / np.sqrt(np.diagonal(inverse))
    expected = 1.0 + (lever * answer.covariance.common[0]) ** 2
    assert 0.3 < given.var(axis=0).mean() / expected.mean() < 1.2
