"""Faults in simulated HCAL: they touch their channels alone, and never make more counts than there can be."""

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.faults.active import Active, Schedule
from caloscope.faults.clock import Clock
from caloscope.faults.fault import Fault, Kind
from caloscope.geometry import view
from caloscope.records import Cell, LumiId
from caloscope.simulate import STEADY, Conditions, healthy

from .hcal_measuring import ON, lumi, made

BOX: tuple[Cell, ...] = tuple((0, row, column) for row in range(20, 25) for column in range(40, 45))


def active(kind: Kind, amount: float | None = None, where: str | tuple[Cell, ...] = BOX) -> Active:
    fault = Fault("HCAL/digi", where, kind, amount, seed=5)
    return Active(fault, 1, fault.cells(ON), 1.0, 1, 1.0)


FAULTS: tuple[tuple[Kind, float | None], ...] = (
    ("dead", None),
    ("factor", 0.6),
    ("hot", 1.3),
    ("hot", 100.0),
    ("noisy", 0.5),
    ("stuck", 1.0),
    ("garbage", 1.0),
    ("scrambled", None),
    ("drift", -0.2),
    ("full-readout", None),
)


@pytest.mark.parametrize(("kind", "amount"), FAULTS)
def test_channels_that_no_fault_touches_count_exactly_the_same(kind: Kind, amount: float | None) -> None:
    detector, fault = made(), active(kind, amount)
    for number in (1, 2):
        at = lumi(number)
        healthy, faulty = detector.draw(at), detector.draw(at, [fault])
        assert np.array_equal(healthy[~fault.cells], faulty[~fault.cells])
        assert not np.array_equal(healthy[fault.cells], faulty[fault.cells])
        assert (faulty <= at.events).all()
        assert np.array_equal(faulty, detector.draw(at, [fault]))


@pytest.mark.parametrize(("kind", "amount"), FAULTS)
def test_what_is_expected_with_a_fault_is_the_mean_of_the_draws(kind: Kind, amount: float | None) -> None:
    detector, fault, lumis = made(), active(kind, amount), 120
    draws, means = [], []
    for number in range(1, lumis + 1):
        at = lumi(number, 400)
        draws.append(detector.draw(at, [fault])[fault.cells].astype(np.float64))
        means.append(detector.expected(at, [fault])[fault.cells])
    off = np.mean(draws, axis=0) - np.mean(means, axis=0)
    error = np.maximum(np.std(draws, axis=0) / np.sqrt(lumis), 0.05)
    assert np.abs(off / error).max() < 4.5


def test_a_dead_readout_box_is_dead_and_nothing_else() -> None:
    detector, fault = made(), active("dead", None, "HBP05")
    counts = detector.draw(lumi(), [fault])
    assert not counts[fault.cells].any()
    assert not detector.expected(lumi(), [fault])[fault.cells].any()
    assert np.count_nonzero(fault.cells) == 72


def test_the_same_fault_in_rec_hits() -> None:
    detector, fault = made("HCAL/rechit"), active("factor", 0.5)
    healthy, faulty = detector.draw(lumi()), detector.draw(lumi(), [fault])
    assert np.array_equal(healthy[~fault.cells], faulty[~fault.cells])
    assert (faulty <= healthy).all()


def test_no_channel_has_more_rec_hits_than_digis_whatever_is_wrong() -> None:
    on = view("HCAL", "2018")
    digis, hits = (healthy(load()[name], on, 1, stability=STEADY) for name in ("HCAL/digi", "HCAL/rechit"))
    faults = [Fault("HCAL/*", "HEP07", "factor", 0.5), Fault("HCAL/*", "HBM03", "noisy", 0.4)]
    clock = Clock.of([LumiId(1, 1)])
    for number in range(1, 6):
        at = Conditions(1, number, 800, 45.0, 45.0)
        active = [Schedule(faults, name, on, clock).at(at.id) for name in ("HCAL/digi", "HCAL/rechit")]
        both = digis.draw(at, active[0]).astype(int), hits.draw(at, active[1]).astype(int)
        assert (both[1] <= both[0]).all()
        changed = both[0] != digis.draw(at)
        assert changed.sum() > 200
