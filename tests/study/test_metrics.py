"""Numbers and intervals, on cases that can be worked out by hand."""

import numpy as np
import pytest

from caloscope.study.histogram import added, arrays, counted
from caloscope.study.metrics.areas import Ranked, auc, average_precision, curves, false_discoveries
from caloscope.study.metrics.delays import delays_of, mean, median, slower
from caloscope.study.metrics.intervals import DRAWS, clumped, draws, garwood, wilson


def ranked(faulty: list[list[float]], healthy: list[float]) -> Ranked:
    found = Ranked.of(faulty, counted(np.array(healthy)))
    assert found is not None
    return found


def test_histograms_add_up_and_keep_the_order() -> None:
    one, other = counted(np.array([0.0, 1.0, 10.0])), counted(np.array([np.nan, 1.0]))
    places, numbers = arrays(added(one, other))
    assert numbers.tolist() == [2, 2, 1]  # zero and what was not judged are lowest
    assert (np.diff(places) > 0).all()


def test_what_is_told_apart_has_an_area_of_one() -> None:
    best = ranked([[5.0], [7.0]], [0.0, 0.1, 1.0])
    assert auc(best) == (1.0, 1.0, 1.0)
    assert average_precision(best, 0.01).value == pytest.approx(1.0)
    assert false_discoveries(best, 1, 3).value == 0.0


def test_of_few_faulty_cells_the_worst_in_a_hundred_is_not_known() -> None:
    few, many = ([[5.0]] * trials for trials in (60, 400))
    healthy = [float(each) for each in range(10)]
    value, low, high = false_discoveries(ranked(few, healthy), 1, 10)
    assert value == low
    assert high == pytest.approx(10 / 10.99)
    assert false_discoveries(ranked(many, healthy), 1, 10) == (value, value, value)


def test_what_is_not_told_apart_has_an_area_of_a_half() -> None:
    same = ranked([[1.0], [1.0]], [1.0, 1.0])
    assert auc(same).value == pytest.approx(0.5)
    assert average_precision(same, 0.25).value == pytest.approx(0.25)
    # All cells are above any threshold that finds the faulty ones: four false ones, and 0.99 of one.
    assert false_discoveries(same, 1, 4).value == pytest.approx(4 / 4.99)


def test_half_a_detector_has_three_quarters() -> None:
    assert auc(ranked([[5.0], [1.0]], [1.0])).value == pytest.approx(0.75)
    low, high = auc(ranked([[5.0], [1.0]], [1.0]))[1:]
    assert (low, high) == (0.5, 1.0)


def test_a_trial_weighs_the_same_however_many_cells_it_has() -> None:
    assert auc(ranked([[5.0], [0.1] * 9], [1.0])).value == pytest.approx(0.5)


def test_areas_agree_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    faulty, healthy = 10 ** rng.normal(0.5, 1, 400), 10 ** rng.normal(0, 1, 4_000)
    truth, every = np.repeat([1, 0], [400, 4_000]), np.concatenate([faulty, healthy])
    found = ranked([[each] for each in faulty.tolist()], healthy.tolist())
    assert auc(found).value == pytest.approx(metrics.roc_auc_score(truth, every), abs=2e-3)
    precision = metrics.average_precision_score(truth, every)
    assert average_precision(found, 400 / 4_400).value == pytest.approx(precision, abs=1e-2)
    (false, recall), _ = curves(found, 0.1)
    assert (np.diff(false) >= 0).all()
    assert (np.diff(recall) >= 0).all()


def test_the_median_counts_what_was_never_found() -> None:
    delays = delays_of([{"delay": 1}, {"delay": 3}, {"delay": None}, {"delay": None}, {"delay": 2}])
    assert median(delays).value == 3.0
    assert median(delays).high == np.inf
    assert median(delays_of([{"delay": 1}, {"delay": None}])).value == np.inf
    assert mean(delays, 10).value == pytest.approx(26 / 5)


def test_slower_is_the_geometric_mean_over_faults() -> None:
    own, oracle = (
        [np.array([2.0, 2.0]), np.array([np.inf, 8.0])],
        [np.array([1.0, 1.0]), np.array([1.0, 1.0])],
    )
    assert slower(own, oracle, [5, 8]).value == pytest.approx(4.0)  # twice and eight times
    assert slower(oracle, oracle, [5, 8]) == (1.0, 1.0, 1.0)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    inside = [
        low <= 4.0 <= high
        for _, low, high in (mean(rng.poisson(4.0, 60).astype(float), 1_000) for _ in range(200))
    ]
    assert 0.9 <= np.mean(inside) <= 0.99
    assert wilson(0, 10).low == 0.0
    assert garwood(0, 1.0).high == pytest.approx(3.689, abs=1e-3)
    assert draws(7).shape == (DRAWS, 7)


def test_rates_of_what_comes_in_clumps_are_wide() -> None:
    even, clumps = clumped([2] * 20, 10.0), clumped([20, 0, 0, 0, 0, 20, 0, 0, 0, 0] + [0] * 10, 10.0)
    assert even == garwood(40, 10.0)
    assert even.value == clumps.value == 4.0
    assert clumps.low < 1.5 < even.low
    assert even.high < 6.0 < clumps.high
    assert clumped([3, 0, 0], 2.0) == garwood(3, 2.0)  # too few to tell
