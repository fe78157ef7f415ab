"""The default detector: what it learns, how it scales, and what it does when something is not known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.detectors.base import Expectation, Noise, NotKnown, Observation
from caloscope.detectors.reference import Reference
from caloscope.errors import UsageError
from caloscope.records import LumiId, Reason

SHAPE = (6, 8)


def observe(
    counts: NDArray[np.floating | np.integer], events: int | None, pileup: float | None, lumi: int = 1
) -> Observation:
    return Observation(LumiId(1, lumi), counts.astype(np.float64), events, pileup)


def tower_counts(lumis: int, *, fano: float = 8.0, seed: int = 1) -> list[Observation]:
    """Over-dispersed counts, 0.5 per event at pileup 50, 2 % more per unit of pileup; one cell is dead."""
    rng = np.random.default_rng(seed)
    found = []
    for lumi in range(1, lumis + 1):
        pileup, events = float(rng.uniform(35, 60)), int(rng.poisson(600))
        mean = np.full(SHAPE, 0.5 * events * (1 + 0.02 * (pileup - 50)))
        mean[2, 3] = 1e-9
        counts = rng.poisson(rng.gamma(mean / (fano - 1), fano - 1))
        found.append(observe(counts, events, pileup, lumi))
    return found


def channel_counts(lumis: int, *, p: float = 0.4, seed: int = 1) -> list[Observation]:
    """Binomial counts; the last column counts in every event."""
    rng = np.random.default_rng(seed)
    probability = np.full(SHAPE, p)
    probability[:, -1] = 1.0
    draw = [int(rng.poisson(1500)) for _ in range(lumis)]
    return [observe(rng.binomial(n, probability), n, None, i) for i, n in enumerate(draw, start=1)]


def expectation(detector: Reference, observation: Observation) -> Expectation:
    answer, _ = detector.look(observation, {})
    assert isinstance(answer, Expectation)
    return answer


def test_it_learns_rate_pileup_slope_and_noise() -> None:
    detector = Reference.fit(tower_counts(300), "overdispersed")
    assert detector.slope * 1.0 == pytest.approx(0.02 / (1 + 0.02 * (detector.pileup_mean - 50)), rel=0.05)
    assert np.median(detector.dispersion) == pytest.approx(8.0, rel=0.1)
    expected = expectation(detector, observe(np.full(SHAPE, 290.0), 500, 58.0)).mean
    assert np.median(expected) == pytest.approx(0.5 * 500 * 1.16, rel=0.02)
    ungoverned = expectation(detector, observe(np.full(SHAPE, 900.0), 500, 58.0)).mean
    assert np.median(ungoverned) == pytest.approx(1.1 * 0.5 * 500 * 1.16, rel=0.02)


def test_a_cell_that_never_counted_is_never_alive() -> None:
    detector = Reference.fit(tower_counts(10), "overdispersed")
    assert not detector.alive[2, 3]
    assert detector.alive.sum() == detector.alive.size - 1


def test_binomial_noise_is_binomial_with_a_floor() -> None:
    detector = Reference.fit(channel_counts(50), "binomial")
    answer = expectation(detector, observe(np.full(SHAPE, 400.0), 1000, None))
    assert answer.trials == 1000
    np.testing.assert_allclose(answer.mean[:, :-1], 400.0, rtol=0.02)
    assert (answer.mean < answer.trials).all()
    inflation = 1 + 999 * answer.dispersion[:, :-1]
    assert ((inflation >= 1.0) & (inflation < 1.2)).all()
    assert not answer.degraded, "an HCAL map needs no pileup"


def test_three_lumisections_are_enough_and_the_error_says_so() -> None:
    short, long = (Reference.fit(channel_counts(n), "binomial") for n in (3, 300))
    assert 8 < np.median(short.relative_error) / np.median(long.relative_error) < 12


def test_events_are_estimated_from_the_channels_that_always_count() -> None:
    detector = Reference.fit(channel_counts(20), "binomial")
    counts = np.random.default_rng(4).binomial(800, 0.4, SHAPE)
    counts[:, -1] = 800
    counts[:3, :-1] = 0  # half of the map is dead: that is no lack of events
    wide = Reference.fit([*channel_counts(20)], "binomial")
    answer = expectation(wide, observe(counts, None, None))
    assert answer.degraded == (Reason.EVENTS_ESTIMATED,)
    assert answer.trials == pytest.approx(800, rel=0.03)
    assert detector.alive.all()


@pytest.mark.parametrize("events", [500, None])
def test_without_pileup_the_map_is_its_own_measure_and_says_so(events: int | None) -> None:
    detector = Reference.fit(tower_counts(100), "overdispersed")
    counts = np.full(SHAPE, 300.0)
    counts[:, :4] = 0.0
    answer = expectation(detector, observe(counts, events, None))
    assert Reason.PILEUP_ESTIMATED in answer.degraded
    assert (Reason.EVENTS_ESTIMATED in answer.degraded) == (events is None)
    assert np.median(answer.mean[answer.testable]) == pytest.approx(300.0, rel=0.1)


@pytest.mark.parametrize(("ratio", "taken"), [(1.05, 1.05), (0.95, 0.95), (0.6, 1 / 1.1), (3.0, 1.1)])
def test_a_common_mode_is_taken_for_conditions_only_as_far_as_they_reach(ratio: float, taken: float) -> None:
    detector = Reference.fit(tower_counts(200), "overdispersed")
    healthy = expectation(detector, observe(np.full(SHAPE, 300.0), 600, 50.0)).mean
    normal = expectation(detector, observe(healthy, 600, 50.0)).mean
    moved = expectation(detector, observe(normal * ratio, 600, 50.0)).mean
    assert np.median(moved[detector.alive] / normal[detector.alive]) == pytest.approx(taken, rel=0.02)


def test_pileup_that_hardly_moved_teaches_no_slope() -> None:
    same = [observe(o.counts, o.events, 50.0 + 0.1 * (i % 3), i) for i, o in enumerate(tower_counts(40))]
    detector = Reference.fit(same, "overdispersed")
    assert not detector.slope_learned
    answer = expectation(detector, observe(np.full(SHAPE, 240.0), 600, 38.0))
    assert not answer.degraded, "nothing is missing: the map is its own measure"
    assert np.median(answer.mean[answer.testable]) == pytest.approx(240.0, rel=0.02)


@pytest.mark.parametrize(
    ("counts", "events", "reason"),
    [(0.0, 0, Reason.NO_EVENTS), (0.0, None, Reason.NO_EVENTS), (4.0, 8, Reason.FEW_EVENTS)],
)
def test_it_says_when_it_cannot_know(counts: float, events: int | None, reason: Reason) -> None:
    detector = Reference.fit(tower_counts(20), "overdispersed")
    answer, _ = detector.look(observe(np.full(SHAPE, counts), events, 50.0), {})
    assert isinstance(answer, NotKnown)
    assert answer.reason is reason


@pytest.mark.parametrize("noise", ["binomial", "overdispersed"])
def test_one_lumisection_is_too_little(noise: Noise) -> None:
    with pytest.raises(UsageError, match="1 lumisections with at least 30 events, expected 2 or more"):
        Reference.fit(channel_counts(1), noise)
