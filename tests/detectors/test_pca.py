"""Principal components: what they explain and leave, and that a faulty cell has no say in its mean."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.detectors import learned
from caloscope.detectors.base import Noise, NotKnown, Observation
from caloscope.detectors.pca import COMPONENTS, Pca
from caloscope.errors import BundleError, UsageError
from caloscope.records import LumiId, Reason

from .looking import EVENTS, answer_of, badness, expectation, faulty, poisson, simulated, training, victims

SHAPE = (20, 30)
MEAN = np.linspace(200.0, 900.0, 600).reshape(SHAPE)
TILT = np.linspace(-0.2, 0.2, 30) * np.ones(SHAPE)


def tilted(lumis: int, seed: int, *, fano: float = 1.0) -> list[Observation]:
    """Maps that lean to one side or the other, each lumisection by another amount."""
    amounts = np.random.default_rng(seed).uniform(-1, 1, lumis)
    maps = (poisson(MEAN * (1 + a * TILT), 1, 7_000 * seed + i, fano=fano)[0] for i, a in enumerate(amounts))
    return [replace(each, id=LumiId(1 + place // 20, 1 + place % 20)) for place, each in enumerate(maps)]


def off(detector: Pca, shown: list[Observation]) -> NDArray[np.float64]:
    return np.array([badness(answer_of(detector, each), each.counts) for each in shown])


def test_it_finds_the_one_shape_that_there_is() -> None:
    detector = Pca.fit(tilted(120, 1), "overdispersed")
    assert detector.settings()["components"] == 1
    assert detector.settings()["components_tried"] == ", ".join(str(number) for number in COMPONENTS)
    shape = detector.components[0].mean(axis=0)
    assert abs(np.corrcoef(shape, TILT[0])[0, 1]) > 0.99
    assert off(detector, tilted(30, 2)).std() == pytest.approx(1.0, abs=0.04)


def test_it_looks_for_no_shapes_where_there_are_none() -> None:
    detector = Pca.fit(poisson(MEAN, 100, 1, runs=5), "overdispersed")
    assert detector.components.shape == (0, *SHAPE)
    assert off(detector, poisson(MEAN, 30, 2)).std() == pytest.approx(1.0, abs=0.04)


def test_what_is_left_is_the_noise() -> None:
    detector = Pca.fit(tilted(200, 1, fano=8.0), "overdispersed")
    assert len(detector.widths) >= 1
    assert np.median(detector.known.dispersion) == pytest.approx(8.0, rel=0.15)
    assert (detector.known.dispersion >= 1.05).all()
    assert 0.9 < off(detector, tilted(30, 2, fano=8.0)).std() < 1.02


def test_a_faulty_cell_has_no_say_in_what_it_should_count() -> None:
    detector = Pca.fit(tilted(120, 1), "overdispersed")
    shown = tilted(1, 3)[0]
    healthy = expectation(detector, shown).mean
    spoilt = shown.counts.copy()
    spoilt[:, 0], spoilt[5, 29] = 0.0, 5 * spoilt[5, 29]
    found = expectation(detector, replace(shown, counts=spoilt)).mean
    np.testing.assert_allclose(found, healthy, rtol=0.02)


def test_a_map_that_changes_as_a_whole_is_followed_only_as_far_as_conditions_go() -> None:
    detector = Pca.fit(tilted(120, 1), "overdispersed")
    shown = tilted(1, 3)[0]
    assert detector.known.typical.pileup_high == 50.0
    weak = replace(shown, counts=np.floor(0.45 * shown.counts))
    assert expectation(detector, weak).mean.sum() == pytest.approx(0.5 * MEAN.sum(), rel=0.05)


def test_the_same_lumisections_give_the_same_detector() -> None:
    first, second = (Pca.fit(tilted(40, 1), "overdispersed") for _ in range(2))
    np.testing.assert_array_equal(first.components, second.components)


@pytest.mark.parametrize("noise", ["binomial", "overdispersed"])
def test_three_lumisections_are_enough_for_the_typical_map(noise: Noise) -> None:
    detector = Pca.fit(poisson(MEAN / 2, 3, 1), noise)
    assert len(detector.widths) == 0
    answer = expectation(detector, poisson(MEAN / 2, 1, 2)[0])
    assert (answer.relative_error > 0.002).all()
    np.testing.assert_allclose(answer.mean, MEAN / 2, rtol=0.25)
    with pytest.raises(UsageError, match="expected 2"):
        Pca.fit(poisson(MEAN, 1, 1), noise)


def test_a_lumisection_that_cannot_be_judged_says_why() -> None:
    detector = Pca.fit(tilted(40, 1), "overdispersed")
    shown, nothing = tilted(1, 3)[0], np.zeros(SHAPE)
    for odd, reason in (
        (replace(shown, events=12), Reason.FEW_EVENTS),
        (replace(shown, events=None, counts=nothing), Reason.NO_EVENTS),
    ):
        answer = answer_of(detector, odd)
        assert isinstance(answer, NotKnown)
        assert answer.reason is reason
    blurred = expectation(detector, replace(shown, events=None, pileup=None))
    assert blurred.degraded == (Reason.EVENTS_ESTIMATED, Reason.PILEUP_ESTIMATED)
    np.testing.assert_allclose(blurred.mean, expectation(detector, shown).mean, rtol=0.05)


def test_more_activity_never_expects_more_counts_than_events() -> None:
    rng = np.random.default_rng(1)
    hazard = np.linspace(0.05, 6.0, 600).reshape(SHAPE)
    hazard[-1] = 20.0

    def shown(lumi: int, level: float) -> Observation:
        p = -np.expm1(-hazard * level * (1 + TILT * (level - 1)))
        return Observation(LumiId(1, lumi), rng.binomial(EVENTS, p).astype(np.float64), EVENTS, None)

    detector = Pca.fit([shown(lumi, rng.uniform(0.7, 1.3)) for lumi in range(1, 60)], "binomial")
    for level in (0.6, 0.8, 1.2, 1.4):
        each = shown(99, level)
        answer = expectation(detector, each)
        assert answer.trials == EVENTS
        assert (answer.mean < EVENTS).all()
        assert np.abs(badness(answer, each.counts)).max() < 6.0
        assert answer.degraded == (), "a map that never told its pileup needs none"
        untold = expectation(detector, replace(each, events=None))
        assert untold.trials == EVENTS, "channels that always count tell the events"


@pytest.mark.parametrize("name", ["EB/digi", "HCAL/digi"])
def test_it_finds_a_dead_and_a_hot_cell_in_simulated_maps(name: str) -> None:
    detector = Pca.fit(training(name), "binomial" if name.startswith("HCAL") else "overdispersed")
    healthy = simulated(name, 3, 10)
    found = off(detector, list(healthy))[:, detector.alive]
    # Channels of HF count in every event: theirs is always zero.
    assert 0.75 < found.std() < 1.15
    shown = faulty(name, healthy[2])
    dead, hot = victims(name)
    off_now = badness(answer_of(detector, shown), shown.counts)
    assert off_now[dead] < -4
    assert off_now[hot] > 12


def test_components_that_do_not_fit_are_refused() -> None:
    detector = Pca.fit(tilted(120, 1), "overdispersed")
    settings, arrays = detector.settings(), detector.arrays()
    with pytest.raises(BundleError, match="components of shape"):
        Pca.restore({**settings, "components": 3}, arrays, None)
    with pytest.raises(BundleError, match="dispersion"):
        Pca.restore(settings, {**arrays, "dispersion": np.zeros(SHAPE)}, None)


def test_a_fault_in_the_training_data_is_no_scatter() -> None:
    good = poisson(MEAN, 40, 1)
    good[7].counts[2, 3] = 0.0
    clean = Pca.fit(poisson(MEAN, 40, 1), "overdispersed").known.dispersion[2, 3]
    assert Pca.fit(good, "overdispersed").known.dispersion[2, 3] < 2.0 * clean


def test_held_out_lumisections_are_whole_runs_where_there_are_some() -> None:
    runs = np.repeat([1, 2, 3, 4, 5], 6)
    assert set(runs[learned.held_out(runs)]) == {4}
    np.testing.assert_array_equal(np.flatnonzero(learned.held_out(np.ones(8, np.int64))), [6, 7])


def test_what_changes_from_run_to_run_is_an_error_of_the_mean() -> None:
    rng = np.random.default_rng(3)
    runs = []
    for run in range(1, 13):
        changed = MEAN * rng.normal(1.0, 0.04, SHAPE)
        runs += [replace(each, id=LumiId(run, each.id.lumi)) for each in poisson(changed, 15, 100 + run)]
    detector = Pca.fit(runs, "overdispersed")
    assert detector.known.run_change == pytest.approx(0.04, rel=0.2)
    assert (expectation(detector, poisson(MEAN, 1, 2)[0]).relative_error > detector.known.run_change).all()
    steady = Pca.fit(poisson(MEAN, 180, 1, runs=12), "overdispersed")
    assert steady.known.run_change < 0.01
