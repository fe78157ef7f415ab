"""Scores of single lumisections add up beyond their allowance, within a run, until the fault is over."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from caloscope.detectors.base import Array, Score
from caloscope.evidence import EvidenceState, gathered
from caloscope.records import LumiId

from .watching import known

THRESHOLD = 6.0
CELL = (9, 5)
VIEW = known("EE+").view


def score(value: float, sign: int = 1, *, allowance: float = 2.0, accumulated: bool = False) -> Score:
    """One cell with a score, all others with none."""
    values, direction = np.zeros(VIEW.shape), np.zeros(VIEW.shape, np.int8)
    values[CELL], direction[CELL] = value, sign
    return Score(
        values,
        THRESHOLD,
        VIEW.exists,
        accumulated=accumulated,
        allowance=allowance,
        remembered=4.0,
        direction=direction,
    )


def course(scores: Sequence[Score], run: int = 1, state: EvidenceState | None = None) -> list[float]:
    """What the cell comes to, lumisection by lumisection."""
    state = EvidenceState.empty(VIEW) if state is None else state
    found: list[float] = []
    for lumi, each in enumerate(scores, 1):
        value, state = gathered(state, each, LumiId(run, lumi), VIEW.exists)
        assert others(value).max() == 0.0
        found.append(float(value[CELL]))
    return found


def others(value: Array) -> Array:
    mine = np.zeros(VIEW.shape, np.bool_)
    mine[CELL] = True
    return value[VIEW.exists & ~mine]


def test_what_is_weak_in_each_lumisection_passes_the_threshold_in_some() -> None:
    assert course([score(3.5)] * 4) == pytest.approx([3.5, 5.0, 6.5, 7.5])
    assert course([score(1.9)] * 50) == pytest.approx([1.9] * 50)


def test_a_value_in_the_other_direction_counts_against_it() -> None:
    # 2 beyond the allowance, then 1 of the other direction, so that 1 is left.
    assert course([score(4.0), score(3.0, -1), score(2.0)]) == pytest.approx([4.0, 3.0, 3.0])
    assert course([score(4.0), score(30.0, -1), score(2.0)]) == pytest.approx([4.0, 30.0, 2.0])


def test_a_fault_that_is_over_is_soon_forgotten() -> None:
    found = course([score(50.0)] * 30 + [score(0.8)] * 6)
    assert max(found[30:]) < THRESHOLD
    assert found[-1] == pytest.approx(0.8)


def test_it_is_forgotten_as_soon_where_scores_have_an_offset() -> None:
    def shifted(value: float) -> Score:
        return replace(score(30.0 + value, allowance=30.5), threshold=31.0, remembered=1.0)

    found = course([shifted(5.0)] * 10 + [shifted(-0.1)] * 3)
    assert min(found[:10]) > 31.0
    assert max(found[10:]) < 31.0


def test_a_new_run_begins_anew() -> None:
    state = EvidenceState.empty(VIEW)
    for lumi in (1, 2):
        _, state = gathered(state, score(5.0), LumiId(1, lumi), VIEW.exists)
    assert course([score(5.0)], run=1, state=state) == pytest.approx([9.0])
    assert course([score(5.0)], run=2, state=state) == pytest.approx([5.0])


@pytest.mark.parametrize("alone", [score(5.0, allowance=math.inf), score(5.0, accumulated=True)])
def test_what_is_accumulated_or_stands_for_itself_is_left_alone(alone: Score) -> None:
    assert course([alone] * 5) == [5.0] * 5


def test_cells_that_cannot_be_tested_keep_what_they_had() -> None:
    state = EvidenceState.empty(VIEW)
    _, state = gathered(state, score(5.0), LumiId(1, 1), VIEW.exists)
    blind = score(math.nan)
    blind = Score(blind.value, THRESHOLD, np.zeros(VIEW.shape, np.bool_), accumulated=False, allowance=2.0)
    _, state = gathered(state, blind, LumiId(1, 2), VIEW.exists)
    value, _ = gathered(state, score(1.0), LumiId(1, 3), VIEW.exists)
    assert value[CELL] == pytest.approx(4.0)


def test_it_is_kept_with_the_rest_of_the_state() -> None:
    _, state = gathered(EvidenceState.empty(VIEW), score(5.0), LumiId(1, 1), VIEW.exists)
    again = EvidenceState.restored(state.arrays())
    np.testing.assert_array_equal(again.scores, state.scores)
    assert again.fits(VIEW)
    assert state.scores.max() == pytest.approx(3.0)
