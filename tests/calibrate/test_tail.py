"""From the largest evidence of each lumisection to a threshold: its rate, and how sure that is."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.decide import excursions, fit_score_tail, fit_tail, upcrossings, upper_bound

Array = NDArray[np.float64]

START, OFTEN = 3.0, 1 / 8
RATE = 0.3 / 3_700


def exponential(lumis: int, slope: float, seed: int) -> list[Array]:
    """Two runs in which one lumisection in eight has an excursion, its excess exponential."""
    random = np.random.default_rng(seed)
    peaks = START + random.exponential(1 / slope, lumis)
    return np.array_split(np.where(random.random(lumis) < OFTEN, peaks, 0.0), 2)


def heavy(lumis: int, shape: float, seed: int) -> list[Array]:
    """The same with the tail of a generalised Pareto distribution."""
    random = np.random.default_rng(seed)
    excess = (random.random(lumis) ** -shape - 1) / shape
    return np.array_split(np.where(random.random(lumis) < OFTEN, START + excess, 0.0), 2)


def test_consecutive_lumisections_are_one_excursion() -> None:
    first = np.array([0.0, 5.0, 7.0, 4.0, 0.0, np.nan, 6.0, np.nan, 6.5, 0.0])
    second = np.array([9.0, 0.0, 0.0, 8.0, 0.0, 8.0, 0.0])
    assert excursions([first, second], 3.0).tolist() == [7.0, 6.5, 9.0, 8.0, 8.0]
    assert excursions([first, second], 6.2).tolist() == [7.0, 6.5, 9.0, 8.0, 8.0]
    assert excursions([np.full(3, np.nan), np.empty(0)], 1.0).size == 0
    levels = np.array([0.0, 4.5, 6.2, 8.0, 20.0])
    assert upcrossings([first, second], levels).tolist() == [5, 5, 5, 1, 0]
    # What does not close at once is one incident, but not from one run to the next.
    assert upcrossings([first, second], levels, quiet=3).tolist() == [2, 2, 3, 1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_upcrossings_are_what_excursions_count(seed: int) -> None:
    random = np.random.default_rng(seed)
    series = [np.where(random.random(80) < 0.1, np.nan, random.normal(size=80)) for _ in range(4)]
    levels = np.linspace(-3.0, 3.0, 41)
    counted = [len(excursions(series, level)) for level in levels]
    assert upcrossings(series, levels).tolist() == counted


@pytest.mark.parametrize(("lumis", "slope"), [(300, 1.0), (2_000, 1.0), (2_000, 0.8), (10_000, 1.3)])
def test_the_interval_holds_the_true_rate(lumis: int, slope: float) -> None:
    inside, ratios = 0, []
    for seed in range(200):
        tail = fit_tail(exponential(lumis, slope, seed))
        cut = tail.threshold_at(RATE)
        truth = OFTEN * np.exp(-slope * (cut.threshold - START))
        found = tail.rate_at(cut.threshold)
        assert found.value == pytest.approx(RATE)
        assert cut.low < cut.threshold < cut.high
        inside += found.low <= truth <= found.high
        ratios.append(truth / RATE)
    # 95 % is promised; 200 trials scatter by 1.5 %.
    assert inside >= 176
    assert 0.5 < np.mean(ratios) < 1.4


def test_a_slightly_heavier_tail_is_followed() -> None:
    ratios = []
    for seed in range(40):
        cut = fit_tail(heavy(20_000, 0.08, seed)).threshold_at(1 / 3_700).threshold
        ratios.append(OFTEN * (1 + 0.08 * (cut - START)) ** (-1 / 0.08) * 3_700)
    assert 0.7 < np.mean(ratios) < 2.0


def test_theory_speaks_where_data_do_not() -> None:
    few = fit_tail(exponential(60, 3.0, 1))
    many = fit_tail(exponential(20_000, 3.0, 1))
    assert few.slope == pytest.approx(1.0, abs=0.4)
    assert many.slope == pytest.approx(3.0, abs=0.5)
    assert few.threshold_at(RATE).threshold > many.threshold_at(RATE).threshold


def test_what_the_sample_does_not_reach_is_extrapolated_and_bounded() -> None:
    tail = fit_tail(exponential(3_700, 1.0, 2))
    reached, far = tail.threshold_at(20 / 3_700), tail.threshold_at(0.1 / 3_700)
    assert not reached.extrapolated
    assert far.extrapolated
    seen = int(np.count_nonzero(tail.peaks > far.threshold))
    assert far.bound == upper_bound(seen, 3_700)
    assert reached.threshold < far.threshold


def test_runs_that_differ_make_the_interval_wider() -> None:
    random = np.random.default_rng(6)
    alike = [exponential(300, 1.0, seed)[0] for seed in range(20)]
    differ = [
        np.where(random.random(len(each)) < 2.0 * (place % 2), each, 0.0) for place, each in enumerate(alike)
    ]
    one, other = fit_tail(alike), fit_tail(differ)
    assert 1.0 <= one.clumping < 2.0 < other.clumping
    assert fit_tail(alike[:4]).clumping == 1.0
    narrow, wide = (tail.rate_at(tail.threshold_at(RATE).threshold) for tail in (one, other))
    assert wide.high / wide.low > 1.5 * narrow.high / narrow.low


def test_the_bound_of_nothing_is_three_over_its_length() -> None:
    assert upper_bound(0, 1_000) == pytest.approx(3.0e-3, rel=0.01)
    assert upper_bound(0, 0) == np.inf
    for series in ([np.zeros(500)], [np.full(500, np.nan)], []):
        tail = fit_tail(series)
        cut = tail.threshold_at(1e-9)
        assert (tail.excursions, tail.level) == (0, 0.0)
        assert np.isfinite([cut.threshold, cut.low, cut.high]).all()
        assert cut.extrapolated
        assert cut.bound == upper_bound(0, tail.lumis)
        assert np.isfinite(fit_score_tail(series).threshold_at(1e-9).threshold)


def test_a_score_of_any_scale_finds_its_own() -> None:
    random = np.random.default_rng(3)
    pulls = np.abs(random.normal(size=(20_000, 30))).max(axis=1)
    products = np.exp(3.0 * random.exponential(size=(20_000, 30)).max(axis=1) - 20.0)
    for scores, powers in ((pulls, False), (products, True)):
        tail = fit_score_tail([scores])
        assert tail.logarithmic is powers
        cut = tail.threshold_at(30 / 3_700)
        asked = 30 / 3_700 * 20_000
        seen = upcrossings([scores], np.array([cut.threshold]))[0]
        assert 0.6 * asked < seen < 1.6 * asked
        assert not cut.extrapolated


@pytest.mark.parametrize("seed", range(4))
def test_a_short_sample_of_a_score_is_not_extrapolated_beyond_what_it_can_tell(seed: int) -> None:
    """Scores that are products, in three runs of which one is worse: anything may come out of a plain fit."""
    rng = np.random.default_rng(seed)
    series = [factor * 1e-6 * np.exp(2.0 * rng.exponential(1.0, 152)) for factor in (1, 1, 100)]
    tail = fit_score_tail(series)
    cut = tail.threshold_at(1.0 / 3_700)
    largest = max(float(each.max()) for each in series)
    assert tail.logarithmic
    assert cut.extrapolated
    assert largest < cut.careful <= largest * 1.001 * (largest / tail.level) ** 0.7
    unbounded = replace(tail, most=np.inf).threshold_at(1.0 / 3_700)
    assert unbounded.careful > cut.careful
    assert unbounded.careful < unbounded.threshold + (unbounded.high - unbounded.low) / 4.0


def test_a_longer_sample_keeps_its_rate_whatever_the_scale_of_the_score() -> None:
    rng = np.random.default_rng(4)
    sample, later = np.exp(rng.exponential(1.0, (2, 40_000)) * 2.0)
    cut = fit_score_tail([sample]).threshold_at(1.0 / 3_700)
    assert cut.logarithmic
    assert np.count_nonzero(later > cut.careful) <= 20
    assert cut.careful < np.exp(2.0 * np.log(3_700.0)) * 4.0
