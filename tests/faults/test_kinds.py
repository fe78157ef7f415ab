"""What single kinds and mechanisms do: thinning, whole readouts, exchanges, limits, drift, full readout."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caloscope.errors import UsageError
from caloscope.faults import Fault, Kind, Mechanism, act, capacity, outcome
from caloscope.faults.change import exchange
from caloscope.faults.limits import crystals
from caloscope.geometry import view
from caloscope.geometry.readout import full_readout_share
from tests.faults.making import EVENTS, at_work, maker


@pytest.mark.parametrize("name", ["EB", "HCAL", "TOY"])
def test_thinning_keeps_each_count_by_itself(name: str) -> None:
    made = maker(name)
    counts = np.where(made.view.exists, 1000, 0).astype(np.uint32)
    faults = [at_work(Fault(made.map, "all", "factor", 0.3), made.view)]
    found = act(counts, counts.astype(float), faults, made.view, np.inf, [2])[made.view.exists]
    # 1,000 counts, each kept with probability 0.3: mean 300, variance 210
    cells = len(found)
    assert abs(found.mean() - 300.0) < 5.0 * np.sqrt(210.0 / cells)
    assert abs(found.var() / 210.0 - 1.0) < 5.0 * np.sqrt(2.0 / cells)


def test_lost_readouts_keep_the_fano_factor_and_lost_digis_do_not() -> None:
    one, rng = view("EB", "2018"), np.random.default_rng(3)
    share = full_readout_share(one)
    mean = np.full(one.shape, 400.0)
    fano: dict[str, list[float]] = {}
    mechanisms: tuple[Mechanism, ...] = ("readouts", "channels")
    for mechanism in mechanisms:
        fault = Fault("EB/digi", "all", "factor", 0.5, mechanism=mechanism)
        drawn = []
        for stream in range(300):
            healthy = 25 * rng.poisson(share * mean / 25.0) + rng.poisson((1.0 - share) * mean)
            counts = healthy.astype(np.uint32)
            found = act(counts, mean, [at_work(fault, one)], one, 25.0 * 2000, [stream])
            drawn.append((counts, found))
        before, after = (np.array([pair[i] for pair in drawn], dtype=float) for i in (0, 1))
        fano[mechanism] = [
            float((each.var(axis=0, ddof=1) / each.mean(axis=0)).mean()) for each in (before, after)
        ]
    healthy_fano, thinned = fano["readouts"]
    assert thinned == pytest.approx(healthy_fano, rel=0.02)
    healthy_fano, thinned = fano["channels"]
    assert thinned == pytest.approx(1.0 + 0.5 * (healthy_fano - 1.0), rel=0.02)


def test_scrambled_cells_exchange_counts_and_keep_the_sum() -> None:
    made, rng = maker("HCAL"), np.random.default_rng(4)
    fault = Fault(made.map, "HBP03", "scrambled", seed=9)
    cells = fault.cells(made.view)
    healthy = made.counts(rng)
    for strength in (1.0, 0.5, 0.01):
        found = act(healthy, made.mean, [at_work(fault, made.view, strength)], made.view, made.capacity, [1])
        assert found.sum() == healthy.sum()
        assert found.max() <= EVENTS
    whole = act(healthy, made.mean, [at_work(fault, made.view)], made.view, made.capacity, [1])
    np.testing.assert_array_equal(np.sort(whole[cells]), np.sort(healthy[cells]))
    np.testing.assert_array_equal(whole[cells], healthy[cells][exchange(int(cells.sum()), 9)])


@given(cells=st.integers(0, 300), seed=st.integers(0, 2**63 - 1))
def test_an_exchange_leaves_no_cell_in_its_place(cells: int, seed: int) -> None:
    source = exchange(cells, seed)
    assert sorted(source) == list(range(cells))
    assert cells < 2 or (source != np.arange(cells)).all()


def test_a_channel_that_counts_in_every_event_cannot_get_hot() -> None:
    made = maker("HCAL")
    full = np.where(made.view.exists, EVENTS, 0)
    kinds: tuple[Kind, ...] = ("hot", "noisy")
    for kind in kinds:
        faults = [at_work(Fault(made.map, "HFP", kind), made.view)]
        found = act(full.astype(np.uint32), full.astype(float), faults, made.view, made.capacity, [1])
        np.testing.assert_array_equal(found, full)
        np.testing.assert_array_equal(outcome(full.astype(float), faults, made.view, made.capacity), full)


def test_faults_on_one_cell_act_one_after_the_other() -> None:
    made = maker("EB")
    faults = [
        at_work(Fault(made.map, (4, 4), "factor", 0.5), made.view, number=1),
        at_work(Fault(made.map, (4, 4), "hot", 3.0), made.view, number=2),
    ]
    expected = outcome(made.mean, faults, made.view, made.capacity)
    assert expected[4, 4] == pytest.approx(1.5 * made.mean[4, 4])
    dead_first = [at_work(Fault(made.map, (4, 4), "dead"), made.view), faults[1]]
    assert outcome(made.mean, dead_first, made.view, made.capacity)[4, 4] == 0.0
    # a fault is drawn from its own number, whatever acts on other cells before it
    other = at_work(Fault(made.map, (9, 9), "garbage"), made.view, number=3)
    counts = made.counts(np.random.default_rng(1))
    alone = act(counts, made.mean, faults, made.view, made.capacity, [5])
    beside = act(counts, made.mean, [other, *faults], made.view, made.capacity, [5])
    assert alone[4, 4] == beside[4, 4]


def test_drift_follows_the_days() -> None:
    made = maker("EB")
    for amount, days, factor in ((-0.01, 30.0, 0.99**30), (0.01, 30.0, 1.01**30), (-1.0, 0.1, 0.0)):
        faults = [at_work(Fault(made.map, "EB+01", "drift", amount), made.view, days=days)]
        expected = outcome(made.mean, faults, made.view, made.capacity)
        assert expected[20, 2] == pytest.approx(factor * made.mean[20, 2])


def test_full_readout_reads_what_is_there() -> None:
    made = maker("EE+")
    mean = np.where(made.view.exists, 100.0, 0.0)
    mean[14, 6] = 0.0
    faults = [at_work(Fault(made.map, "all", "full-readout"), made.view)]
    found = act(np.rint(mean).astype(np.uint32), mean, faults, made.view, made.capacity, [1])
    assert found[10, 5] == 25 * EVENTS
    assert found[14, 6] == 0
    rim = made.view.exists & (crystals(made.view) < 25)
    np.testing.assert_array_equal(found[rim], EVENTS * crystals(made.view)[rim])
    assert crystals(made.view).sum() == 7324


def test_how_much_can_be_counted() -> None:
    assert capacity(view("EB", "2018"), 500) == 12_500
    assert capacity(view("HO", "2018"), 500) == 500
    toy = maker("TOY").view
    assert capacity(toy, 500) == np.inf
    assert capacity(toy, 500, "binomial") == 500
    kinds: tuple[Kind, ...] = ("noisy", "stuck", "garbage")
    for kind in kinds:
        faults = [at_work(Fault("TOY/hits", "west", kind), toy)]
        with pytest.raises(UsageError, match="nobody knows"):
            outcome(np.ones(toy.shape), faults, toy, np.inf)
