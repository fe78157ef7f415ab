"""What healthy lumisections may score: runs that score more than others do not add up."""

import numpy as np
import pytest

from caloscope.training.allowance import LEAST, Limits, limits_of


def test_it_is_above_the_mean_of_every_run_and_below_the_largest_score() -> None:
    rng = np.random.default_rng(1)
    run = np.repeat(np.arange(5), 40)
    scores = 20.0 + run + rng.normal(size=200)
    found = limits_of(scores, run)
    mean = max(float(scores[run == each].mean()) for each in range(5))
    assert found.allowance == pytest.approx((mean + scores.max()) / 2.0)
    assert found.remembered == pytest.approx(scores.max() - mean)
    assert mean < found.allowance < scores.max()


def test_it_is_above_zero_whatever_was_scored() -> None:
    nothing = np.zeros(0)
    assert limits_of(nothing, nothing.astype(np.int64)) == Limits(LEAST, LEAST)
    assert limits_of(np.zeros(3), np.ones(3, np.int64)) == Limits(LEAST, LEAST)
