"""Thresholds for several rates, and how often healthy lumisections passed them."""

import numpy as np

from caloscope.study.asked import passed

EXPONENTIAL = [{"cell_low": 5.0, "cell_high": 4.0}, {"cell_low": 3.0, "cell_high": 2.0}]


def run(low: list[float], high: list[float]) -> list[dict[str, float]]:
    return [{"cell_low": one, "cell_high": other} for one, other in zip(low, high, strict=True)]


def test_excursions_are_counted_for_each_rate_and_class() -> None:
    one = run([0, 4, 0, 0, 0, 0, 6, 0], [0, 0, 0, 0, 0, 0, 0, 3])
    other = run([0, 4, 4, 4], [0, 0, 0, 0])
    assert passed(EXPONENTIAL, [one, other]) == [1, 4]


def test_what_was_not_judged_passes_nothing() -> None:
    assert passed(EXPONENTIAL, [[{}, {}, {"cell_low": 9.0, "cell_high": 0.0}]]) == [1, 1]
    assert passed([], [[{}]]) == []


def test_a_lower_threshold_is_passed_more_often_in_whatever_order() -> None:
    random = np.random.default_rng(2)
    lumis = [{"score": each} for each in random.exponential(size=4_000)]
    rates = passed([{"score": level} for level in (6.0, 3.0, 4.5)], [lumis])
    assert rates[1] > rates[2] > rates[0] > 0
