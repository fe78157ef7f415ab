"""The p-values are what they say, and sizes are told apart from them."""

import numpy as np
import pytest

from caloscope.validation.compare import compare
from caloscope.validation.quantity import bars, curve, distribution, number

AXES = ("x", "y")


def test_p_values_of_what_is_simulated_right_are_even() -> None:
    rng = np.random.default_rng(1)
    found = {"number": [], "curve": [], "distribution": []}  # type: dict[str, list[float]]
    edges = np.linspace(-4.0, 4.0, 17)
    for _ in range(300):
        draws = rng.standard_normal((61, 8))
        found["number"].append(compare(number("n", "n", draws[0, 0], 0.1), list(draws[1:, :1])).p)
        real = curve("c", "c", draws[0], 0.1, x=range(8), axes=AXES)
        found["curve"].append(compare(real, list(draws[1:])).p)
        sets = [
            distribution("d", "d", rng.standard_normal(80), 0.1, edges=edges, axes=AXES) for _ in range(61)
        ]
        found["distribution"].append(compare(sets[0], [each.values for each in sets[1:]]).p)
    for kind, p in found.items():
        # Even from 0 to 1: 300 of them have their mean within 4 x 0.29 / sqrt(300).
        assert np.mean(p) == pytest.approx(0.5, abs=4 * 0.29 / np.sqrt(300)), kind
        assert np.mean(np.array(p) < 0.1) == pytest.approx(0.1, abs=4 * 0.3 / np.sqrt(300)), kind


def test_what_is_wrong_has_the_smallest_p_value_there_is_and_its_size() -> None:
    rng = np.random.default_rng(2)
    replicas = list(10.0 + 0.1 * rng.standard_normal((200, 4)))
    off = compare(number("n", "n", 12.0, 0.1), [each[:1] for each in replicas])
    assert off.p == pytest.approx(2 / 201)
    assert off.size == pytest.approx(0.2, abs=0.01)
    assert off.verdict == "differs"
    wide = bars("b", "b", np.array([10.0, 10.0, 10.0, 10.5]), 0.1, labels=("a", "b", "c", "d"), axes=AXES)
    bent = compare(wide, replicas)
    assert bent.p == pytest.approx(1 / 201)
    assert bent.verdict == "differs slightly"
    assert bent.worst is not None
    assert bent.worst[0] == "d"
    assert bent.worst[1] > 4


def test_absolute_sizes_are_differences() -> None:
    replicas = [np.array([0.001 * place]) for place in range(40)]
    found = compare(number("n", "n", 0.05, 0.1, absolute=True), replicas)
    assert found.size == pytest.approx(0.05 - 0.0195)


def test_nothing_measured_is_nothing_to_compare() -> None:
    empty = compare(number("n", "n", np.nan, 0.1), [np.array([1.0])] * 30)
    assert empty.verdict == "nothing to compare"
    assert compare(number("n", "n", 1.0, 0.1), [np.array([np.nan])] * 30).verdict == "nothing to compare"
    partly = curve("c", "c", np.array([1.0, np.nan]), 0.1, x=(0, 1), axes=AXES)
    assert compare(partly, list(np.random.default_rng(3).normal(1.0, 0.1, (50, 2)))).p > 0.1


def test_replicas_without_a_number_are_left_out() -> None:
    replicas = [np.array([value]) for value in (1.0, 2.0, 3.0)] + [np.array([np.nan])] * 5
    assert compare(number("n", "n", 2.5, 0.1), replicas).p == 1.0
