"""How the reference learns that cells fluctuate together, held against what simulations drew from."""

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from caloscope.detectors.base import Covariance, Expectation, Noise, Observation
from caloscope.detectors.reference import Reference
from caloscope.geometry import View, view
from caloscope.records import LumiId
from caloscope.simulate import Conditions, conditions, realistic

from .looking import ERA, detector_of
from .plain_view import plain


def seen(name: str, run: int, lumis: int) -> list[tuple[Conditions, Observation]]:
    """A simulated run in which everything fluctuates, 500 events a lumisection."""
    made = detector_of(name)
    fill = realistic(run, lumis, 5, events=500, gaps=0.0, low_statistics=0.0, day=float(run % 100))
    return [
        (at, Observation(at.id, made.draw(at).astype(np.float64), at.events, at.measured))
        for at in conditions(fill)
    ]


@lru_cache(maxsize=4)
def learned(name: str, runs: int, lumis: int) -> Reference:
    shown = [o for run in range(runs) for _, o in seen(name, 310_000 + run, lumis)]
    made = detector_of(name)
    return Reference.fit(shown, made.noise, made.view)


def matrix_of(covariance: Covariance) -> sparse.csr_array:
    size = len(covariance.group)
    return sparse.csr_array((covariance.data, covariance.indices, covariance.indptr), shape=(size, size))


def together(detector: Reference) -> Covariance:
    known = detector.knowledge
    data, indices, indptr = known.inverse
    return Covariance(data, indices, indptr, known.group.astype(np.int32), known.common)


def given_the_others(detector: Reference, shown: Observation) -> NDArray[np.float64]:
    """Residuals of living cells given all others, in their standard deviations, common modes taken out."""
    answer, _ = detector.look(shown, {})
    assert isinstance(answer, Expectation)
    assert answer.covariance is not None
    exists = detector.knowledge.exists
    use = answer.covariance.group >= 0
    mean, noise = answer.mean[exists], answer.dispersion[exists]
    variance, stiff = mean * noise, np.ones_like(mean)
    if answer.noise == "binomial":
        p = np.clip(mean / answer.trials, 1e-9, 0.9999)
        variance = mean * (1 - p) * (1 + (answer.trials - 1) * noise)
        stiff = -(1 - p) * np.log1p(-p) / p
    deviation = np.sqrt(np.where(use, variance, 1.0))
    z = np.where(use, (shown.counts[exists] - mean) / deviation, 0.0)
    lever = np.where(use, mean * stiff / deviation, 0.0)
    modes = np.zeros((len(z), len(answer.covariance.common)))
    modes[np.flatnonzero(use), answer.covariance.group[use]] = lever[use]
    inverse = matrix_of(answer.covariance)
    spread, score = inverse @ modes, inverse @ z
    known = modes.T @ spread + np.diag(answer.covariance.common**-2.0)
    score = score - spread @ np.linalg.solve(known, modes.T @ score)
    return np.asarray((score / np.sqrt(inverse.diagonal()))[use])


@pytest.mark.parametrize("name", ["EB/digi", "EE+/digi"])
def test_residuals_given_the_neighbours_are_as_large_as_it_says(name: str) -> None:
    detector = learned(name, 12, 60)
    found = np.array(
        [given_the_others(detector, o) for k in range(3) for _, o in seen(name, 320_030 + k, 40)]
    )
    assert found.std() == pytest.approx(1.0, abs=0.03)
    assert np.mean(found < -3.29) < 1e-3
    assert np.mean(found > 3.29) < 3e-3
    each = found.std(axis=0)
    assert np.quantile(each, 0.02) > 0.7
    assert np.quantile(each, 0.98) < 1.35


@pytest.mark.parametrize("name", ["EB/digi", "EE+/digi"])
def test_single_cells_are_filtered_nearly_as_well_as_can_be(name: str) -> None:
    detector, made = learned(name, 12, 60), detector_of(name)
    at, shown = seen(name, 320_030, 1)[0]
    answer, _ = detector.look(shown, {})
    assert isinstance(answer, Expectation)
    assert answer.covariance is not None
    exists, use = made.view.exists, np.flatnonzero(answer.covariance.group >= 0)
    truth = made.covariance(at)[np.ix_(use, use)]
    scale = 1.0 / np.sqrt(answer.dispersion * made.expected(at))[exists][use]
    weights = matrix_of(answer.covariance)[use][:, use].toarray() * scale[:, None] * scale
    variance = np.einsum("ij,ji->i", weights @ truth, weights)
    best = np.diag(np.linalg.inv(truth))
    efficiency = np.diag(weights) ** 2 / variance / best
    assert np.median(efficiency) > 0.94
    assert efficiency.min() > 0.5
    assert np.median(np.diag(weights) / variance) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("lumis", [2, 3, 8])
@pytest.mark.parametrize("name", ["EE+/digi", "EE+/flat"])
def test_the_inverse_is_always_symmetric_and_positive_definite(name: str, lumis: int) -> None:
    on = view("EE+", ERA)
    rng = np.random.default_rng(lumis)
    shown = [o for _, o in seen("EE+/digi", 310_000, lumis)]
    if name.endswith("flat"):  # a pattern that alternates, and nothing else: neighbours could not differ more
        board = np.indices(on.shape).sum(axis=0) % 2 * 2.0 - 1.0
        shown = [flat(on, rng.normal() * board, lumi) for lumi in range(1, lumis + 1)]
    inverse = matrix_of(together(Reference.fit(shown, "overdispersed", on))).toarray()
    np.testing.assert_allclose(inverse, inverse.T, atol=1e-5)
    assert np.linalg.eigvalsh(inverse).min() > 0.01


def flat(on: View, pattern: NDArray[np.float64], lumi: int) -> Observation:
    counts = np.where(on.exists, np.round(400.0 * np.exp(0.3 * pattern)), 0.0).astype(np.float64)
    return Observation(LumiId(1, lumi), counts, 500, 50.0)


@pytest.mark.parametrize("noise", ["binomial", "overdispersed"])
@pytest.mark.parametrize("shape", [(3, 4), (5, 3), (2, 4, 5)])
def test_small_maps_that_go_round_have_an_inverse_too(shape: tuple[int, ...], noise: Noise) -> None:
    rng = np.random.default_rng(3)
    shown = [
        Observation(LumiId(1, k), rng.binomial(500, 0.3, shape).astype(np.float64), 500, None)
        for k in range(1, 12)
    ]
    inverse = matrix_of(together(Reference.fit(shown, noise, plain(shape, circular=True)))).toarray()
    assert np.linalg.eigvalsh(inverse).min() > 0.01


def test_cells_that_never_counted_are_by_themselves() -> None:
    detector = learned("EE+/digi", 12, 60)
    inverse = matrix_of(together(detector)).toarray()
    dead = np.flatnonzero(~detector.alive[detector.knowledge.exists])
    assert len(dead)
    rest = inverse[dead].copy()
    np.testing.assert_allclose(rest[np.arange(len(dead)), dead], 1.0)
    rest[np.arange(len(dead)), dead] = 0.0
    assert not rest.any()


def test_common_modes_and_changes_are_as_large_as_in_the_simulation() -> None:
    knowledge = learned("EE+/digi", 12, 60).knowledge
    # Pileup is measured to 3 %, and EE+ counts go like its power 0.68.
    assert knowledge.common[0] == pytest.approx(0.03 * 0.68, rel=0.25)
    assert (knowledge.common_without >= 2 * knowledge.common).all()
    assert 0.003 <= np.median(knowledge.changes.cell) < 0.02
    assert 0.008 < knowledge.changes.region < 0.03
    assert 0.003 <= knowledge.changes.map < 0.03
