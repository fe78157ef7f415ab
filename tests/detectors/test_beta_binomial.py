"""AutoDQM's beta-binomial pull, against scipy's distribution and on maps that are known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from caloscope.detectors.base import NotKnown, Score
from caloscope.detectors.beta_binomial import BetaBinomial
from caloscope.errors import BundleError
from caloscope.records import Reason

from .looking import answer_of, badness, faulty, observe, poisson, simulated, training, victims

SHAPE = (20, 30)
MEAN = np.linspace(50.0, 900.0, 600).reshape(SHAPE)


def by_scipy(counts: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """The pulls' sizes against one reference, cell by cell, straight from the definition."""
    total, whole, found = counts.sum(), reference.sum(), np.zeros(counts.shape)
    for cell in np.ndindex(counts.shape):
        smaller = (1.0 + (reference[cell] * 1e-4) ** 2) ** -0.5
        r, sum_of_all = np.round(smaller * reference[cell]), np.round(smaller * whole)
        law = stats.betabinom(total, r + 1, sum_of_all - r + 1)
        mean = total * reference[cell] / whole
        likeliest = max(law.pmf(np.floor(mean)), law.pmf(np.ceil(mean)))
        found[cell] = np.sqrt(stats.chi2.isf(min(1.0, law.pmf(counts[cell]) / likeliest), 1))
    return found


def test_pulls_are_those_of_the_definition() -> None:
    mean = MEAN[::5, ::6]
    good = poisson(mean, 3, 1)
    shown = poisson(mean, 1, 2)[0]
    shown.counts[0, 0], shown.counts[1, 1] = 0.0, np.round(2 * mean[1, 1])
    answer = answer_of(BetaBinomial.fit(good, "overdispersed"), shown)
    assert isinstance(answer, Score)
    reference = np.sum([each.counts for each in good], axis=0)
    np.testing.assert_allclose(answer.value, by_scipy(shown.counts, reference), rtol=1e-6, atol=1e-6)
    assert answer.direction is not None
    assert answer.direction[0, 0] == -1
    assert answer.direction[1, 1] == 1


def test_healthy_pulls_are_a_standard_normal_whose_density_passes_for_its_tail() -> None:
    detector = BetaBinomial.fit(poisson(MEAN, 4, 1), "overdispersed")
    found = np.array([badness(answer_of(detector, each), each.counts) for each in poisson(MEAN, 50, 2)])
    normal = stats.norm.isf((1.0 - np.array([0.5, 0.9, 0.99])) / 2.0)
    expected = np.sqrt(stats.chi2.isf(np.exp(-(normal**2) / 2.0), 1))
    np.testing.assert_allclose(np.quantile(np.abs(found), [0.5, 0.9, 0.99]), expected, rtol=0.08)
    assert abs(np.sign(found).mean()) < 0.05


def test_a_cell_is_healthy_if_it_is_as_in_one_of_the_reference_runs() -> None:
    low = MEAN.copy()
    low[4, 4] /= 2
    runs = [*poisson(MEAN, 5, 1), *(replace(each, id=each.id._replace(run=2)) for each in poisson(low, 5, 2))]
    detector = BetaBinomial.fit(runs, "overdispersed")
    assert detector.references.shape == (2, *SHAPE)
    for mean in (MEAN, low):
        shown = poisson(mean, 1, 3)[0]
        assert abs(badness(answer_of(detector, shown), shown.counts)[4, 4]) < 4
    between = poisson(MEAN, 1, 3)[0]
    between.counts[4, 4] = 0.0
    assert badness(answer_of(detector, between), between.counts)[4, 4] < -8


def test_the_latest_runs_are_the_references() -> None:
    good = [observe(MEAN, 1, run) for run in range(1, 21)]
    assert len(BetaBinomial.fit(good, "overdispersed").references) == 8


def test_a_change_within_the_tolerance_is_no_fault_however_long_the_reference() -> None:
    reference = [observe(np.full(SHAPE, 1_000_000.0), lumi) for lumi in (1, 2)]
    shown = np.full(SHAPE, 1_000_000.0)
    shown[0, 0], shown[1, 1] = 1_010_000.0, 1_100_000.0
    detector = BetaBinomial.fit(reference, "overdispersed")
    found = badness(answer_of(detector, observe(shown)), shown)
    assert found[0, 0] < 1.5
    assert found[1, 1] > 5


def test_it_needs_neither_events_nor_pileup_but_some_counts() -> None:
    detector = BetaBinomial.fit(poisson(MEAN, 10, 1), "overdispersed")
    shown, nothing = poisson(MEAN, 1, 2)[0], np.zeros(SHAPE)
    told, untold = (answer_of(detector, each) for each in (shown, replace(shown, events=None, pileup=None)))
    assert isinstance(told, Score)
    assert isinstance(untold, Score)
    np.testing.assert_array_equal(told.value, untold.value)
    assert (told.degraded, untold.degraded) == ((), (Reason.EVENTS_ESTIMATED,))
    empty = answer_of(detector, replace(shown, counts=nothing))
    assert (badness(empty, nothing) < -5).all(), "events without counts are a dead map"
    for odd, reason in (
        (replace(shown, events=12), Reason.FEW_EVENTS),
        (replace(shown, events=None, counts=np.floor(shown.counts / 100)), Reason.FEW_EVENTS),
        (replace(shown, events=None, counts=nothing), Reason.NO_EVENTS),
    ):
        answer = answer_of(detector, odd)
        assert isinstance(answer, NotKnown)
        assert answer.reason is reason


def test_chi2_sees_what_no_cell_shows() -> None:
    detector = BetaBinomial.fit(poisson(MEAN, 30, 1), "overdispersed")
    healthy, tilted = (
        detector.chi2(poisson(mean, 1, 3)[0]) for mean in (MEAN, MEAN * np.linspace(0.93, 1.07, 30))
    )
    assert healthy < 1.0
    assert tilted > 1.3 * healthy


@pytest.mark.parametrize("name", ["EB/digi", "HCAL/digi"])
def test_it_finds_a_dead_and_a_hot_cell_in_simulated_maps(name: str) -> None:
    detector = BetaBinomial.fit(training(name), "binomial")
    shown = faulty(name, simulated(name, 3, 10)[2])
    answer = answer_of(detector, shown)
    dead, hot = victims(name)
    found = badness(answer, shown.counts)
    assert found[dead] < -6
    assert found[hot] > 15
    assert isinstance(answer, Score)
    assert (answer.value[dead] > answer.threshold) & (answer.value[hot] > answer.threshold)


def test_a_reference_without_counts_is_refused() -> None:
    detector = BetaBinomial.fit(poisson(MEAN, 3, 1), "overdispersed")
    settings, arrays = detector.settings(), detector.arrays()
    with pytest.raises(BundleError, match="a reference without counts"):
        BetaBinomial.restore(settings, {**arrays, "references": np.zeros((2, *SHAPE))}, None)
    with pytest.raises(BundleError, match="counts_per_event"):
        BetaBinomial.restore({**settings, "counts_per_event": 0}, arrays, None)
