"""Codes and thresholds."""

import numpy as np
import pytest

from caloscope.decide import CLASSES, SHARES, budget, codes_of, quality_of, threshold_for, unknown_codes
from caloscope.errors import UsageError
from caloscope.records import Code, Quality


def cells(*values: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array(values, np.bool_)


def test_codes_are_those_of_cms() -> None:
    codes = codes_of(
        flagged=cells(1, 0, 0, 1, 0, 0, 0, 0),
        testable=cells(1, 1, 0, 1, 1, 0, 1, 1),
        exists=cells(1, 1, 1, 1, 1, 1, 1, 0),
        masked=cells(0, 0, 0, 1, 1, 1, 0, 1),
        never_alive=cells(0, 0, 0, 0, 0, 0, 1, 0),
    )
    expected = [0, 1, 2, 3, 4, 5, 3, -1]
    assert codes.tolist() == expected


def test_what_nobody_scored_is_unknown_and_never_good() -> None:
    codes = unknown_codes(cells(1, 1, 1, 0), cells(0, 1, 0, 0), cells(0, 0, 1, 0))
    assert codes.tolist() == [Code.UNKNOWN, Code.MASKED_UNKNOWN, Code.MASKED_BAD, Code.ABSENT]
    assert quality_of([]) is Quality.UNKNOWN
    assert quality_of([Quality.GOOD, Quality.UNKNOWN]) is Quality.UNKNOWN
    assert quality_of([Quality.UNKNOWN, Quality.BAD, Quality.GOOD]) is Quality.BAD
    assert quality_of([Quality.GOOD, Quality.GOOD]) is Quality.GOOD


def test_a_threshold_bounds_the_rate_of_chance() -> None:
    one = threshold_for(1000, 6, per_day=1.0)
    assert 0.2 * 3_700 * 1000 * 6 * np.exp(-one) == pytest.approx(1.0)
    assert threshold_for(1000, 6, per_day=0.1) > one > threshold_for(10, 6)
    with pytest.raises(UsageError, match="expected both above zero"):
        threshold_for(0, 6)


def test_a_budget_is_shared_by_the_classes_there_are() -> None:
    everything = budget(CLASSES, 2.0)
    assert sum(SHARES.values()) == pytest.approx(1.0)
    assert sum(everything.values()) == pytest.approx(2.0)
    assert everything["cell_low"] == everything["cell_high"] == pytest.approx(0.66)
    few = budget(("cell_low", "cell_high", "map_low", "map_high"), 1.0)
    assert sum(few.values()) == pytest.approx(1.0)
    assert few["cell_low"] / few["map_low"] == pytest.approx(33.0)
    assert budget(("score",), 3.0) == {"score": pytest.approx(3.0)}
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="expected a number above zero"):
            budget(CLASSES, wrong)
