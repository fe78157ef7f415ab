"""Evidence: proper likelihood ratios, sums that find faults, and sums that forget them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from caloscope.decide import threshold_for
from caloscope.detectors.base import Array, Expectation
from caloscope.evidence import (
    FACTORS,
    Evidence,
    EvidenceState,
    accumulate,
    beta_binomial_log_ratio,
    negative_binomial_log_ratio,
    onset_of,
)
from caloscope.records import LumiId

SHAPE = (4, 5)
EXISTS = np.ones(SHAPE, np.bool_)
H = threshold_for(20, len(FACTORS))


def expected(mean: float, *, trials: float = 0.0, dispersion: float = 8.0, error: float = 0.0) -> Expectation:
    """The same expectation in every cell."""
    return Expectation(
        noise="binomial" if trials else "overdispersed",
        mean=np.full(SHAPE, mean),
        dispersion=np.full(SHAPE, dispersion),
        testable=EXISTS,
        relative_error=np.full(SHAPE, error),
        trials=trials,
    )


def run(counts: list[Array], expectation: Expectation) -> list[Evidence]:
    """Evidence after each lumisection."""
    state, found = EvidenceState.empty(EXISTS), []
    for lumi, each in enumerate(counts, start=1):
        evidence, state = accumulate(state, LumiId(1, lumi), each, expectation, EXISTS, H)
        found.append(evidence)
    return found


@given(
    n=st.integers(0, 400),
    healthy=st.floats(1.0, 300.0),
    faulty=st.floats(1.0, 300.0),
    fano=st.floats(1.1, 30.0),
)
def test_negative_binomial_ratio_is_that_of_scipy(n: int, healthy: float, faulty: float, fano: float) -> None:
    def log_pmf(mean: float) -> float:
        return float(stats.nbinom.logpmf(n, mean / (fano - 1), 1 / fano))

    ours = negative_binomial_log_ratio(*(np.array([v]) for v in (n, healthy, faulty, fano)))
    assert ours[0] == pytest.approx(log_pmf(faulty) - log_pmf(healthy), rel=1e-6, abs=1e-6)


@given(
    n=st.integers(0, 200),
    healthy=st.floats(0.02, 0.98),
    faulty=st.floats(0.02, 0.98),
    rho=st.floats(1e-4, 0.3),
)
def test_beta_binomial_ratio_is_that_of_scipy(n: int, healthy: float, faulty: float, rho: float) -> None:
    def log_pmf(p: float) -> float:
        weight = (1 - rho) / rho
        return float(stats.betabinom.logpmf(n, 200, p * weight, (1 - p) * weight))

    counts, p0, p1, correlation = (np.array([v]) for v in (n, healthy, faulty, rho))
    ours = beta_binomial_log_ratio(counts, 200.0, p0, p1, correlation)
    assert ours[0] == pytest.approx(log_pmf(faulty) - log_pmf(healthy), rel=1e-5, abs=1e-5)


def test_a_dead_and_a_hot_tower_are_found_at_once_and_nothing_else() -> None:
    counts = np.full(SHAPE, 300.0)
    counts[1, 2], counts[3, 4] = 0.0, 1500.0
    evidence = run([counts], expected(300.0))[0]
    assert set(zip(*np.nonzero(evidence.value > H), strict=True)) == {(1, 2), (3, 4)}
    assert (evidence.direction[1, 2], evidence.direction[3, 4]) == (-1, 1)


def test_half_rate_gathers_over_lumisections_and_its_onset_is_told() -> None:
    counts = [np.full(SHAPE, 300.0) for _ in range(12)]
    for each in counts[4:]:
        each[0, 0] = 150.0
    values = [float(evidence.value[0, 0]) for evidence in run(counts, expected(300.0, dispersion=12.0))]
    assert max(values[:4]) == 0.0
    assert values[4] < H < values[10]
    assert onset_of(int(run(counts, expected(300.0))[-1].onset[0, 0])) == LumiId(1, 5)


@pytest.mark.parametrize("factor", [0.0, 0.5, 0.8, 1.25, 2.0, 8.0])
def test_a_cured_cell_is_good_again_within_three_lumisections(factor: float) -> None:
    faulty, good = np.full(SHAPE, 300.0), np.full(SHAPE, 300.0)
    faulty[2, 2] *= factor
    evidence = run([faulty] * 60 + [good] * 3, expected(300.0))
    assert evidence[59].value[2, 2] > H
    assert evidence[-1].value[2, 2] <= H


def test_a_channel_that_always_counts_gives_no_evidence_for_one_lost_digi() -> None:
    counts = np.full(SHAPE, 1000.0)
    counts[0, 1], counts[0, 2] = 999.0, 500.0
    evidence = run([counts], expected(999.95, trials=1000.0, dispersion=1e-3))[0]
    assert evidence.value[0, 1] < 1.0
    assert H < evidence.value[0, 2] < np.inf


def test_a_channel_cannot_count_more_than_once_an_event() -> None:
    counts = np.full(SHAPE, 1000.0)
    counts[2, 2] = 4000.0
    evidence = run([counts], expected(999.95, trials=1000.0, dispersion=1e-3))[0]
    assert evidence.value[2, 2] > H
    assert evidence.direction[2, 2] == 1
    assert (evidence.value > H).sum() == 1


def test_a_cell_that_is_off_by_the_error_of_its_expectation_never_gathers_evidence() -> None:
    """With a standard error of 4 %, a healthy cell may sit 8 % off for as long as it likes."""
    counts = [np.full(SHAPE, 276.0) for _ in range(500)]
    assert run(counts, expected(300.0, error=0.04))[-1].value.max() < H


def test_evidence_of_another_run_does_not_flag_by_itself() -> None:
    dead, good = np.zeros(SHAPE), np.full(SHAPE, 300.0)
    state, expectation = EvidenceState.empty(EXISTS), expected(300.0)
    for lumi in range(1, 5):
        _, state = accumulate(state, LumiId(1, lumi), dead, expectation, EXISTS, H)
    evidence, _ = accumulate(state, LumiId(2, 1), good, expectation, EXISTS, H)
    assert evidence.value.max() < H
    evidence, _ = accumulate(state, LumiId(2, 1), dead, expectation, EXISTS, H)
    assert evidence.value.min() > H


def test_no_fault_is_looked_for_below_the_error_of_the_expectation() -> None:
    counts = [np.full(SHAPE, 240.0) for _ in range(40)]  # everywhere 0.8 of what was expected
    sure, unsure = expected(300.0, dispersion=1.5), expected(300.0, dispersion=1.5, error=0.1)
    assert run(counts, sure)[-1].value.min() > H
    assert run(counts, unsure)[-1].value.max() < H


def test_cells_that_cannot_be_tested_gather_nothing() -> None:
    expectation = expected(300.0)
    blind = Expectation(
        noise=expectation.noise,
        mean=expectation.mean,
        dispersion=expectation.dispersion,
        testable=np.zeros(SHAPE, np.bool_),
        relative_error=expectation.relative_error,
    )
    assert not run([np.zeros(SHAPE)] * 5, blind)[-1].value.any()


def test_healthy_counts_stay_below_the_threshold() -> None:
    rng = np.random.default_rng(11)
    mean, fano = 250.0, 8.0
    counts = [
        rng.poisson(rng.gamma(mean / (fano - 1), fano - 1, SHAPE)).astype(np.float64) for _ in range(600)
    ]
    assert max(float(e.value.max()) for e in run(counts, expected(mean, dispersion=fano))) < H
