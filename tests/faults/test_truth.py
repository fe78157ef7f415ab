"""The truth about a map: how far each cell is from healthy, and whose doing it is."""

import tracemalloc

import numpy as np

from caloscope.faults import Clock, Fault, Kind, Schedule, outcome, truth
from caloscope.records import LumiId
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


def test_exchanged_cells_beside_others_are_compared_though_means_are_no_whole_numbers() -> None:
    made = maker("HCAL")
    mean = made.mean / 80.0  # 5 events: the highest count there is falls between two whole numbers
    mean[mean > 4.7] = 4.7
    faults = [
        at_work(Fault(made.map, "HBP09", "scrambled", seed=1), made.view, number=1),
        at_work(Fault(made.map, (0, 20, 30), "dead"), made.view, number=2),
    ]
    wrong = truth(mean, outcome(mean, faults, made.view, 5.0), faults, made.view)
    assert wrong is not None
    members = faults[0].cells & (np.abs(wrong.factor - 1.0) > 1e-6)
    members[0, 20, 30] = False
    assert members.any()
    assert (wrong.fault[members] == 1).all()
    assert wrong.fault[0, 20, 30] == 2


def test_memory_does_not_grow_with_the_number_of_faults() -> None:
    made = maker("HCAL")
    cells = [tuple(int(i) for i in cell) for cell in np.argwhere(made.view.exists)[:200]]
    faults = [Fault(made.map, cell, "dead") for cell in cells]
    tracemalloc.start()
    schedule = Schedule(faults, made.map, made.view, Clock({1: 0}))
    scheduled, _ = tracemalloc.get_traced_memory()
    active = schedule.at(LumiId(1, 1))
    expected = outcome(made.mean, active, made.view, made.capacity)
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    wrong = truth(made.mean, expected, active, made.view)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert wrong is not None
    assert np.count_nonzero(wrong.fault) == np.count_nonzero(made.mean[*np.array(cells).T])
    assert scheduled < 0.3 * len(faults) * made.view.exists.nbytes
    assert most - before < 20 * made.mean.nbytes
