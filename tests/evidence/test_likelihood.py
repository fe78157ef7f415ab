"""Likelihood ratios are those of the distributions, and finite wherever counts may lead."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from caloscope.evidence import FACTORS
from caloscope.evidence.bank import LOWS, column
from caloscope.evidence.likelihood import BEYOND_DOUBT, binomial, bounded, negative_binomial, stiffness
from caloscope.records import Floats

COLUMN = column(FACTORS)


def cells(*values: float) -> Floats:
    return np.array(values, np.float32)


@settings(max_examples=150, deadline=None)
@given(n=st.integers(0, 20_000), mean=st.floats(0.01, 10_000.0), fano=st.floats(1.02, 40.0))
def test_negative_binomial_ratios_are_those_of_scipy(n: int, mean: float, fano: float) -> None:
    found = negative_binomial(cells(n), cells(mean), cells(fano), COLUMN)[:, 0]
    mean, fano = float(np.float32(mean)), float(np.float32(fano))

    def log_pmf(factor: float) -> float:
        return float(stats.nbinom.logpmf(n, factor * mean / (fano - 1.0), 1.0 / fano))

    exact = np.array([log_pmf(factor) for factor in FACTORS]) - log_pmf(1.0)
    known = np.isfinite(exact)
    np.testing.assert_allclose(
        found[known], exact[known], rtol=2e-4, atol=0.02 + 1e-6 * (n + 8.0 * mean / (fano - 1.0))
    )


@settings(max_examples=150, deadline=None)
@given(n=st.integers(0, 2000), p=st.floats(1e-4, 0.9995))
def test_binomial_ratios_are_those_of_scipy(n: int, p: float) -> None:
    trials = 2000
    found = binomial(cells(n), float(trials), cells(p), cells(1.0), COLUMN)[:, 0]
    p = float(np.float32(p))
    for ratio, factor in zip(found, FACTORS, strict=True):
        faulty = min(factor * p, p + 0.5 * (1.0 - p)) if factor > 1 else factor * p
        exact = float(stats.binom.logpmf(n, trials, faulty) - stats.binom.logpmf(n, trials, p))
        if faulty / p < 1.1 and factor > 1:
            assert ratio == 0.0 or ratio == pytest.approx(exact, rel=1e-3, abs=0.05)
        else:
            assert ratio == pytest.approx(exact, rel=1e-3, abs=0.05)


def test_overdispersed_binomials_know_as_much_as_fewer_events() -> None:
    plain = binomial(cells(300), 1000.0, cells(0.4), cells(1.0), COLUMN)
    wide = binomial(cells(300), 1000.0, cells(0.4), cells(2.5), COLUMN)
    np.testing.assert_allclose(wide, plain / 2.5, rtol=1e-4)


@pytest.mark.parametrize("n", [0.0, 1.0, 25.0, 1e5, 4.3e9])
@pytest.mark.parametrize("mean", [1e-6, 1e-3, 1.0, 300.0, 1e7])
@pytest.mark.parametrize("fano", [1.0, 1.02, 12.0, 1000.0])
def test_negative_binomial_ratios_are_finite_and_point_the_right_way(
    n: float, mean: float, fano: float
) -> None:
    ratio = negative_binomial(cells(n), cells(mean), cells(fano), COLUMN)[:, 0]
    assert np.isfinite(ratio).all()
    if n == 0:
        assert ratio[:LOWS].min() >= -1e-6
        assert ratio[LOWS:].max() <= 1e-6
    if n > 20 * mean + 100 * fano:
        assert (ratio[LOWS:] > 0).all()
        assert (ratio[:LOWS] < 0).all()


@pytest.mark.parametrize("p", [0.0, 1e-9, 0.5, 0.9999, 1.0])
@pytest.mark.parametrize("n", [0.0, 1.0, 999.0, 1000.0, 1040.0, 4.3e9])
def test_binomial_ratios_are_finite(n: float, p: float) -> None:
    ratio = binomial(cells(n), 1000.0, cells(p), cells(1.0), COLUMN)
    assert np.isfinite(ratio).all()


def test_one_lost_digi_of_a_channel_that_always_counts_is_no_fault() -> None:
    lost = [binomial(cells(1000 - k), 1000.0, cells(1.0), cells(1.0), COLUMN)[:LOWS].max() for k in (0, 1, 3)]
    assert lost[0] == 0.0 or lost[0] < 0.0
    assert lost[1] < 1.0
    half = binomial(cells(500), 1000.0, cells(1.0), cells(1.0), COLUMN)[:LOWS].max()
    assert half > 500.0


def test_more_than_all_events_is_hot_beyond_doubt() -> None:
    ratio = binomial(cells(1000, 1040, 1100), 1000.0, cells(0.99, 0.99, 0.99), cells(1, 1, 1), COLUMN)
    np.testing.assert_array_equal(ratio[LOWS:, 2], BEYOND_DOUBT)
    assert ratio[LOWS:, :2].max() <= 0.0


def test_stiffness_is_the_slope_of_a_probability_along_its_hazard() -> None:
    p = np.array([1e-4, 0.1, 0.5, 0.9, 0.99])
    hazard = -np.log1p(-p)
    slope = (np.log(-np.expm1(-hazard * 1.001)) - np.log(-np.expm1(-hazard * 0.999))) / np.log(1.001 / 0.999)
    np.testing.assert_allclose(stiffness(bounded(p.astype(np.float32))), slope, rtol=1e-3)
