"""Non-negative factors: they add up to the maps that they were made from, and a faulty cell has no say."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.detectors.base import NotKnown, Observation
from caloscope.detectors.nmf import Nmf, factorise
from caloscope.errors import BundleError
from caloscope.records import LumiId, Reason

from .looking import answer_of, badness, expectation, faulty, poisson, simulated, training, victims

SHAPE = (20, 30)
ONE = np.linspace(150.0, 900.0, 600).reshape(SHAPE)
OTHER = ONE[:, ::-1] * np.linspace(0.6, 1.4, 20)[:, np.newaxis]


def mixed(lumis: int, seed: int) -> list[Observation]:
    """Mixtures of two conditions, each lumisection another one."""
    shares = np.random.default_rng(seed).uniform(0, 1, lumis)
    maps = (poisson(a * ONE + (1 - a) * OTHER, 1, 9_000 * seed + i)[0] for i, a in enumerate(shares))
    return [replace(each, id=LumiId(1 + place // 20, 1 + place % 20)) for place, each in enumerate(maps)]


def test_factors_are_not_negative_and_add_up() -> None:
    rng = np.random.default_rng(1)
    strength = np.full(200, 30.0)
    ratio = rng.uniform(0.5, 1.5, (60, 2)) @ rng.uniform(0.5, 1.5, (2, 200)) / 2.0
    ratio /= ratio.mean(axis=0)
    residual = ((ratio - 1.0) * strength).astype(np.float32)
    parts, amounts = factorise(residual, strength, np.ones(60), 2)
    assert (parts >= 0).all()
    assert (amounts >= 0).all()
    left = [
        np.mean((ratio * strength - f.amounts @ f.parts) ** 2)
        for f in (factorise(residual, strength, np.ones(60), n) for n in (1, 2))
    ]
    assert left[1] < 0.3 * left[0]


def test_maps_are_rebuilt_as_mixtures() -> None:
    detector = Nmf.fit(mixed(120, 1), "overdispersed")
    assert len(detector.components) >= 2
    assert (detector.components >= 0).all()
    found = np.array([badness(answer_of(detector, each), each.counts) for each in mixed(30, 2)])
    assert found.std() == pytest.approx(1.0, abs=0.1)
    assert abs(found.mean()) < 0.05


def test_it_looks_for_no_factors_where_there_is_one_map() -> None:
    detector = Nmf.fit(poisson(ONE, 100, 1, runs=5), "overdispersed")
    assert detector.components.shape == (0, *SHAPE)
    assert detector.settings()["components"] == 0


def test_a_faulty_cell_has_no_say_in_what_it_should_count() -> None:
    detector = Nmf.fit(mixed(120, 1), "overdispersed")
    shown = mixed(1, 3)[0]
    spoilt = shown.counts.copy()
    spoilt[:, 0], spoilt[5, 29] = 0.0, 5 * spoilt[5, 29]
    found = expectation(detector, replace(shown, counts=spoilt)).mean
    np.testing.assert_allclose(found, expectation(detector, shown).mean, rtol=0.03)


def test_a_lumisection_that_cannot_be_judged_says_why() -> None:
    detector = Nmf.fit(mixed(60, 1), "overdispersed")
    shown, nothing = mixed(1, 3)[0], np.zeros(SHAPE)
    for odd, reason in (
        (replace(shown, events=12), Reason.FEW_EVENTS),
        (replace(shown, events=None, counts=nothing), Reason.NO_EVENTS),
        (replace(shown, counts=nothing), Reason.OUT_OF_RANGE),
        (replace(shown, pileup=None, counts=nothing), Reason.NO_BEAM),
    ):
        answer = answer_of(detector, odd)
        assert isinstance(answer, NotKnown)
        assert answer.reason is reason
    blurred = expectation(detector, replace(shown, events=None, pileup=None))
    assert blurred.degraded == (Reason.EVENTS_ESTIMATED, Reason.PILEUP_ESTIMATED)


@pytest.mark.parametrize("name", ["EB/digi", "HCAL/digi"])
def test_it_finds_a_dead_and_a_hot_cell_in_simulated_maps(name: str) -> None:
    detector = Nmf.fit(training(name), "binomial" if name.startswith("HCAL") else "overdispersed")
    healthy = simulated(name, 3, 10)
    found = np.array([badness(answer_of(detector, each), each.counts) for each in healthy])
    # Channels of HF count in every event: theirs is always zero.
    assert 0.75 < found[:, detector.alive].std() < 1.15
    shown = faulty(name, healthy[2])
    dead, hot = victims(name)
    off = badness(answer_of(detector, shown), shown.counts)
    assert off[dead] < -4
    assert off[hot] > 12


def test_components_that_do_not_fit_are_refused() -> None:
    detector = Nmf.fit(mixed(120, 1), "overdispersed")
    settings, arrays = detector.settings(), detector.arrays()
    with pytest.raises(BundleError, match="not negative"):
        Nmf.restore(settings, {**arrays, "components": -detector.components}, None)
    with pytest.raises(BundleError, match="no array lowest"):
        Nmf.restore(settings, {name: each for name, each in arrays.items() if name != "lowest"}, None)
