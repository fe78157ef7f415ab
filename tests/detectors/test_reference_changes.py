"""How far each cell is believed to change from run to run."""

import numpy as np
import pytest

from caloscope.detectors.reference.changes import STEADIEST, _own

RUNS = 20


def drawn(rms: float, error: float, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Changes of cells in runs, measured with an error, less their mean; and one over its variance."""
    rng = np.random.default_rng(3)
    off = rng.normal(0.0, np.hypot(rms, error), (RUNS, cells))
    return off - off.mean(axis=0), np.full((RUNS, cells), error**-2.0)


@pytest.mark.parametrize("times", [1.0, 2.0, 3.0])
def test_a_cell_that_changes_more_than_those_around_it_is_believed_where_it_is_measured_well(
    times: float,
) -> None:
    guess = 0.01**2
    off, known = drawn(0.01 * times, 0.004, 2_000)
    found = _own(off, known, np.full(2_000, guess))
    assert np.sqrt(np.median(found)) == pytest.approx(0.01 * times, rel=0.15)


def test_one_that_is_measured_badly_is_taken_to_be_like_those_around_it() -> None:
    off, known = drawn(0.01, 0.1, 500)
    found = _own(off, known, np.full(500, 0.01**2))
    assert found == pytest.approx(0.01**2, rel=0.4)


def test_a_cell_is_never_taken_to_be_much_steadier_than_the_guess() -> None:
    off, known = drawn(0.0, 0.001, 500)
    assert (_own(off, known, np.full(500, 0.01**2)) == STEADIEST * 0.01**2).all()


def test_a_fault_in_the_good_data_does_not_count_as_a_change() -> None:
    off, known = drawn(0.01, 0.002, 1)
    off[3] = -0.9
    assert _own(off, known, np.full(1, 0.01**2)) < (0.02) ** 2
