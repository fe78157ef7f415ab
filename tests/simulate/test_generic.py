"""Healthy maps of calorimeters that are not CMS's."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from caloscope.detectors.base import Array
from caloscope.errors import UsageError
from caloscope.faults.active import Active
from caloscope.faults.fault import Fault
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.generic import GenericMap, generic
from caloscope.simulate.stability import DEFAULT, STEADY

from .making import at, detector, small

BOTH = ["PLATE/hits", "RING/hits"]
LUMIS = 1000


def pulls(found: GenericMap, places: list[Conditions]) -> Array:
    """Counts less what is expected, over the root of that, (lumisections, cells)."""
    exists = found.view.exists
    mean = np.array([found.expected(each)[exists] for each in places])
    return np.asarray((np.array([found.draw(each)[exists] for each in places]) - mean) / np.sqrt(mean))


@pytest.mark.parametrize("name", BOTH)
def test_counts_have_the_mean_and_the_covariance_that_it_tells(name: str) -> None:
    found = detector(name)
    drawn = pulls(found, [at(lumi) for lumi in range(1, LUMIS + 1)])
    mean = found.expected(at())[found.view.exists]
    variance = np.diag(found.covariance(at())) / mean
    assert abs(drawn.mean(axis=0) / np.sqrt(variance / LUMIS)).max() < 5
    assert (drawn**2).mean() == pytest.approx(variance.mean(), rel=5 * np.sqrt(2.0 / drawn.size) + 0.005)
    np.testing.assert_allclose((drawn**2).mean(axis=0), variance, rtol=6 * np.sqrt(2.2 / LUMIS))
    covariance = drawn.T @ drawn / LUMIS
    off = covariance[~np.eye(len(mean), dtype=bool)]
    assert abs(off.mean()) < 5 * variance.mean() / np.sqrt(LUMIS * len(off))


def test_patterns_are_as_announced() -> None:
    binomial, other = detector("PLATE/hits"), detector("RING/hits")
    rate = binomial.rate[binomial.view.exists]
    assert 0.05 <= rate.min() < 0.15
    assert 0.8 < rate.max() <= 0.9
    assert not binomial.rate[~binomial.view.exists].any()
    assert other.rate.mean() == pytest.approx(0.5, rel=4 * 0.15 / 8)
    assert np.log(other.rate).std() == pytest.approx(0.15, rel=4 / np.sqrt(128))
    assert (binomial.noise, other.noise) == ("binomial", "overdispersed")
    assert np.diag(other.covariance(at())) == pytest.approx(4 * 500 * other.rate.ravel())


@pytest.mark.parametrize("name", BOTH)
def test_the_same_seed_gives_the_same_detector(name: str) -> None:
    first, second, other = (detector(name, seed, DEFAULT) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.rate, second.rate)
    assert (first.rate != other.rate).any()
    np.testing.assert_array_equal(first.draw(at(7)), second.draw(at(7)))
    assert (first.draw(at(7)) != first.draw(at(8))).any()
    assert (first.draw(at(7)) != first.draw(at(7, seed=10))).any()


@pytest.mark.parametrize("name", BOTH)
def test_conditions_change_the_rates(name: str) -> None:
    found = detector(name)

    def total(**changes: Any) -> float:
        return float(found.expected(at(**changes)).sum())

    usual = total()
    assert total(pileup=60.0) > usual > total(pileup=20.0) > total(pileup=0.0) > 0
    assert total(dataset="JetHT") > usual
    assert total(activity=1.2) > usual
    assert total(beam="none", pileup=0.0) < 0.05 * usual
    assert total(events=0) == 0
    assert not found.draw(at(events=0)).any()
    if name == "RING/hits":
        assert total(pileup=60.0) == pytest.approx(1.1 * usual)
    else:
        assert found.expected(at(pileup=500.0, activity=20.0)).max() <= 500


@pytest.mark.parametrize("name", BOTH)
def test_response_changes_from_run_to_run(name: str) -> None:
    found = detector(name, 3, DEFAULT)
    exists = found.view.exists
    means = np.array([found.expected(at(run=run))[exists] for run in range(1, 60)])
    spread = means.std(axis=0) / means.mean(axis=0)
    assert spread.min() > 0.001
    assert spread.max() < 0.05


@pytest.mark.parametrize("name", BOTH)
def test_faults_touch_their_cells_and_no_others(name: str) -> None:
    found = detector(name)
    cell = (0, 6, 6) if name == "PLATE/hits" else (0, 9)
    fault = Fault(name, cell, "factor", 0.5)
    active = [Active(fault, 1, fault.cells(found.view), 1.0, 1, 1.0)]
    ratio = found.expected(at(), active) / np.where(found.rate > 0, found.expected(at()), 1.0)
    assert ratio[cell] == pytest.approx(0.5)
    sound = np.ones(found.view.shape, bool)
    sound[cell] = False
    counted = []
    for lumi in range(1, 101):
        healthy, faulty = found.draw(at(lumi)), found.draw(at(lumi), active)
        np.testing.assert_array_equal(healthy[sound], faulty[sound])
        counted.append((healthy[cell], faulty[cell]))
    healthy_sum, faulty_sum = np.array(counted, np.int64).sum(axis=0).tolist()
    assert faulty_sum / healthy_sum == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(healthy_sum))


def test_a_pattern_may_be_given() -> None:
    spec, on = small("PLATE/hits")
    pattern = np.linspace(0.0, 1.0, on.exists.size).reshape(on.shape)
    found = generic(spec, on, 3, STEADY, pattern)
    np.testing.assert_array_equal(found.rate[on.exists], pattern[on.exists])
    assert found.draw(at())[1, 11, 15] == 500  # a cell that counts in every event
    with pytest.raises(UsageError, match=r"PLATE/hits: found 2 an event in the pattern, expected 1"):
        generic(spec, on, 3, STEADY, pattern * 2)
    ring, around = small("RING/hits")
    with pytest.raises(UsageError, match="expected 1e"):
        generic(ring, around, 3, STEADY, np.full(around.shape, 1e9))
    many = generic(ring, around, 3, STEADY, np.full(around.shape, 1e6))
    assert many.draw(at(events=5000)).min() == np.iinfo(np.uint32).max


def test_quantities_of_one_view_fluctuate_by_themselves() -> None:
    spec, on = small("RING/hits")
    other = generic(replace(spec, name="RING/energy"), on, 3, STEADY, detector("RING/hits").rate)
    first = np.array([detector("RING/hits").draw(at(lumi)).ravel() for lumi in range(1, 200)], float)
    second = np.array([other.draw(at(lumi)).ravel() for lumi in range(1, 200)], float)
    both = [np.corrcoef(first[:, i], second[:, i])[0, 1] for i in range(64)]
    assert abs(np.mean(both)) < 4 / np.sqrt(199 * 64)
