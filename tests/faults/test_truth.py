"""The truth about a map: how far each cell is from healthy, and whose doing it is."""

import numpy as np

from caloscope.faults import Fault, Kind, outcome, truth
from tests.faults.making import at_work, maker

CASES: tuple[tuple[Kind, int, float], ...] = (("dead", 0, 1.0), ("hot", 0, 1.0), ("noisy", 1, np.inf))


def test_no_fault_no_truth() -> None:
    made = maker("EB")
    assert truth(made.mean, made.mean, [], made.view) is None


def test_the_faulty_cell_is_named_and_no_other() -> None:
    made = maker("HCAL")
    cell = (1, 20, 20)
    assert made.view.exists[cell]
    faults = [at_work(Fault(made.map, cell, "factor", 0.25), made.view, number=7)]
    wrong = truth(made.mean, outcome(made.mean, faults, made.view, made.capacity), faults, made.view)
    assert wrong is not None
    assert wrong.factor.dtype == np.float32
    assert wrong.fault.dtype == np.int16
    assert wrong.factor[cell] == 0.25
    assert wrong.fault[cell] == 7
    assert np.count_nonzero(wrong.fault) == 1
    assert np.count_nonzero(wrong.factor != 1.0) == 1


def test_the_larger_effect_wins_and_own_faults_win_over_neighbours() -> None:
    made = maker("EB")
    faults = [
        at_work(Fault(made.map, "EB+05", "factor", 0.9), made.view, number=1),
        at_work(Fault(made.map, (20, 17), "hot", 5.0), made.view, number=2),
        at_work(Fault(made.map, (20, 16), "dead", mechanism="trigger"), made.view, number=3),
    ]
    wrong = truth(made.mean, outcome(made.mean, faults, made.view, made.capacity), faults, made.view)
    assert wrong is not None
    assert wrong.fault[20, 17] == 2
    assert wrong.fault[20, 18] == 1
    assert wrong.fault[20, 16] == 3
    assert wrong.fault[20, 15] == -3
    assert wrong.fault[0, 60] == 0


def test_what_changes_nothing_is_no_fault_and_noise_in_a_dead_cell_is() -> None:
    made = maker("EB")
    dead = tuple(int(i) for i in np.argwhere(made.mean == 0.0)[0])
    for kind, number, factor in CASES:
        faults = [at_work(Fault(made.map, dead, kind), made.view)]
        wrong = truth(made.mean, outcome(made.mean, faults, made.view, made.capacity), faults, made.view)
        assert wrong is not None
        assert wrong.fault[dead] == number
        assert wrong.factor[dead] == factor


def test_a_change_beyond_the_reach_of_all_faults_goes_to_the_nearest() -> None:
    made = maker("EB")
    faults = [
        at_work(Fault(made.map, (3, 70), "factor", 0.5, mechanism="readouts"), made.view, number=1),
        at_work(Fault(made.map, (3, 5), "dead"), made.view, number=2),
    ]
    expected = outcome(made.mean, faults, made.view, made.capacity)
    expected[3, 0] *= 0.98
    wrong = truth(made.mean, expected, faults, made.view)
    assert wrong is not None
    assert wrong.fault[3, 0] == -1
