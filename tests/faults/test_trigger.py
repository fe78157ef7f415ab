"""Dead and noisy trigger primitives, which act on the towers around them."""

import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.faults import Fault, act, outcome, truth
from caloscope.faults.trigger import around
from tests.faults.making import EVENTS, at_work, maker


def test_a_dead_primitive_depresses_its_neighbours() -> None:
    """Neighbours of really dead towers are at 0.947 +- 0.02 (measured on run 276582)."""
    made = maker("EB")
    mean = np.full(made.view.shape, 293.0)
    fault = Fault(made.map, (20, 0), "dead", mechanism="trigger")
    factor = outcome(mean, [at_work(fault, made.view)], made.view, made.capacity) / mean
    for place in ((19, 0), (21, 0), (20, 1), (20, 71), (19, 71)):
        assert factor[place] == pytest.approx(0.947, abs=0.02)
    assert 0.8 < factor[20, 0] < 0.95  # it keeps what others seed
    assert factor[20, 36] == 1.0
    half = Fault(made.map, (20, 0), "factor", 0.5, mechanism="trigger")
    weaker = outcome(mean, [at_work(half, made.view)], made.view, made.capacity) / mean
    np.testing.assert_allclose(1.0 - weaker, 0.5 * (1.0 - factor))


def test_a_tower_can_lose_its_readout_and_its_trigger() -> None:
    made = maker("EB")
    faults = [
        at_work(Fault(made.map, (20, 17), "dead"), made.view, number=1),
        at_work(Fault(made.map, (20, 17), "dead", mechanism="trigger"), made.view, number=2),
    ]
    expected = outcome(made.mean, faults, made.view, made.capacity)
    wrong = truth(made.mean, expected, faults, made.view)
    assert wrong is not None
    assert wrong.factor[20, 17] == 0.0
    assert wrong.fault[20, 17] == 1
    assert wrong.fault[20, 18] == -2


def test_a_noisy_primitive_reads_the_towers_around_in_full() -> None:
    made = maker("EB")
    fault = Fault(made.map, (20, 17), "noisy", 0.1, mechanism="trigger")
    faults = [at_work(fault, made.view)]
    counts = np.zeros(made.view.shape, np.uint32)
    alive = np.full(made.view.shape, 1e-3)
    found = act(counts, alive, faults, made.view, made.capacity, [3])
    block = found[19:22, 16:19]
    assert (block == block[0, 0]).all()  # one seed has all of them read in the same events
    assert block[0, 0] % 25 == 0
    assert abs(int(block[0, 0]) // 25 - 0.1 * EVENTS) < 5 * np.sqrt(0.1 * EVENTS)
    assert found.sum() == block.sum()
    always = [at_work(Fault(made.map, "all", "noisy", 1.0, mechanism="trigger"), made.view)]
    assert (act(counts, alive, always, made.view, made.capacity, [3]) == made.capacity).all()


def test_towers_around_go_round_the_seam_and_stay_on_the_detector() -> None:
    barrel, endcap = maker("EB").view, maker("EE+").view
    corner = np.zeros(barrel.shape, np.bool_)
    corner[0, 0] = True
    assert sorted(map(tuple, np.argwhere(around(barrel, corner)).tolist())) == [
        (0, 0), (0, 1), (0, 71), (1, 0), (1, 1), (1, 71),
    ]  # fmt: skip
    assert not (around(endcap, endcap.exists) & ~endcap.exists).any()


def test_no_trigger_outside_of_ecal() -> None:
    made = maker("HCAL")
    with pytest.raises(UsageError, match="ECAL"):
        outcome(
            made.mean,
            [at_work(Fault(made.map, "HEP07", "dead", mechanism="trigger"), made.view)],
            made.view,
            400.0,
        )
