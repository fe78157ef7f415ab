"""The default detector: what it learns, how it scales, and what it does when something is not known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.detectors.base import Expectation, Memory, Noise, NotKnown, Observation
from caloscope.detectors.reference import Reference
from caloscope.errors import UsageError
from caloscope.records import LumiId, Reason

from .plain_view import plain

SHAPE = (6, 8)
VIEW = plain(SHAPE)


def observe(
    counts: NDArray[np.floating | np.integer],
    events: int | None,
    pileup: float | None,
    lumi: int = 1,
    run: int = 1,
) -> Observation:
    return Observation(LumiId(run, lumi), counts.astype(np.float64), events, pileup)


def tower_counts(lumis: int, *, fano: float = 8.0, seed: int = 1, runs: int = 1) -> list[Observation]:
    """Over-dispersed counts, 0.5 per event at pileup 50, 2 % more per unit of pileup; one cell is dead."""
    rng = np.random.default_rng(seed)
    found = []
    for lumi in range(1, lumis + 1):
        pileup, events = float(60.0 - 25.0 * lumi / lumis), int(rng.poisson(600))
        mean = np.full(SHAPE, 0.5 * events * (1 + 0.02 * (pileup - 50)))
        mean[2, 3] = 1e-9
        counts = rng.poisson(rng.gamma(mean / (fano - 1), fano - 1))
        found.append(observe(counts, events, pileup, lumi, 1 + lumi * runs // (lumis + 1)))
    return found


def channel_counts(lumis: int, *, p: float = 0.4, seed: int = 1) -> list[Observation]:
    """Binomial counts; the last column counts in every event."""
    rng = np.random.default_rng(seed)
    probability = np.full(SHAPE, p)
    probability[:, -1] = 1.0
    draw = [int(rng.poisson(1500)) for _ in range(lumis)]
    return [observe(rng.binomial(n, probability), n, None, i) for i, n in enumerate(draw, start=1)]


def towers(lumis: int, **more: int) -> Reference:
    return Reference.fit(tower_counts(lumis, **more), "overdispersed", VIEW)


def channels(lumis: int) -> Reference:
    return Reference.fit(channel_counts(lumis), "binomial", VIEW)


def expectation(detector: Reference, observation: Observation) -> Expectation:
    answer, _ = detector.look(observation, {})
    assert isinstance(answer, Expectation), answer
    return answer


@pytest.mark.parametrize("pileup", [36.0, 47.0, 58.0])
def test_it_learns_rate_pileup_and_noise(pileup: float) -> None:
    detector = towers(300)
    rate = 0.5 * (1 + 0.02 * (pileup - 50))
    answer = expectation(detector, observe(np.full(SHAPE, 500 * rate), 500, pileup))
    np.testing.assert_allclose(answer.mean[detector.alive], 500 * rate, rtol=0.05)
    assert np.mean(answer.mean[detector.alive]) == pytest.approx(500 * rate, rel=0.01)
    assert np.median(answer.dispersion) == pytest.approx(8.0, rel=0.1)


def test_a_cell_that_never_counted_is_never_alive() -> None:
    detector = towers(10)
    assert not detector.alive[2, 3]
    assert detector.alive.sum() == detector.alive.size - 1


def test_binomial_noise_is_binomial() -> None:
    detector = channels(50)
    answer = expectation(detector, observe(np.full(SHAPE, 400.0), 1000, None))
    assert answer.trials == 1000
    np.testing.assert_allclose(answer.mean[:, :-1], 400.0, rtol=0.02)
    inflation = 1 + 999 * answer.dispersion[:, :-1]
    assert ((inflation >= 1.0) & (inflation < 1.2)).all()
    assert not answer.degraded, "an HCAL map needs no pileup"


def test_a_channel_that_always_counts_may_lose_a_digi() -> None:
    answer = expectation(channels(50), observe(np.full(SHAPE, 400.0), 1000, None))
    always = answer.mean[:, -1]
    assert (always < 1000).all()
    variance = always * (1 - always / 1000) * (1 + 999 * answer.dispersion[:, -1])
    assert ((always - 999) / np.sqrt(variance) < 6).all()
    assert answer.covariance is not None
    group = answer.covariance.group.reshape(SHAPE)
    assert (group[:, -1] == -1).all(), "it follows nothing"
    assert (group[:, :-1] == 0).all()


def test_the_error_of_the_mean_falls_as_the_reference_grows() -> None:
    short, long = (expectation(channels(n), observe(np.full(SHAPE, 400.0), 1000, None)) for n in (3, 300))
    change, error = np.median(long.relative_error), np.sqrt(0.6 / 0.4 / 4500)
    stiffness = -0.6 / 0.4 * np.log(0.6)
    assert np.median(short.relative_error) == pytest.approx(np.hypot(change, error / stiffness), rel=0.1)


@pytest.mark.parametrize(("runs", "calmer"), [(1, True), (4, False)])
def test_nothing_changes_from_run_to_run_in_the_one_run_that_was_learned(runs: int, calmer: bool) -> None:
    detector = towers(60, runs=runs)
    here = expectation(detector, tower_counts(60)[30])
    elsewhere = expectation(detector, observe(here.mean, 600, 47.0, run=9))
    alive = here.mean > 0
    assert (here.relative_error[alive] < elsewhere.relative_error[alive]).all() == calmer
    back = Reference.restore(detector.settings(), detector.arrays(), None)
    assert (expectation(back, tower_counts(60)[30]).relative_error == here.relative_error).all()


@pytest.mark.parametrize(("pileup", "believed"), [(71.0, True), (73.0, False), (29.0, True), (27.0, False)])
def test_pileup_is_believed_a_fifth_beyond_what_was_learned(pileup: float, believed: bool) -> None:
    answer, _ = towers(60).look(observe(tower_counts(1)[0].counts, 600, pileup), {})
    assert isinstance(answer, NotKnown) != believed
    assert believed or (isinstance(answer, NotKnown) and answer.reason is Reason.OUT_OF_RANGE)


def test_events_are_estimated_from_the_channels_that_always_count() -> None:
    counts = np.random.default_rng(4).binomial(800, 0.4, SHAPE)
    counts[:, -1] = 800
    counts[:3, :-1] = 0  # half of the map is dead: that is no lack of events
    answer = expectation(channels(20), observe(counts, None, None))
    assert answer.degraded == (Reason.EVENTS_ESTIMATED,)
    assert answer.trials == pytest.approx(800, rel=0.03)


@pytest.mark.parametrize("events", [500, None])
def test_without_pileup_the_map_is_its_own_measure_and_says_so(events: int | None) -> None:
    counts = np.full(SHAPE, 250.0)
    counts[:, :4] = 0.0
    answer = expectation(towers(200), observe(counts, events, None))
    assert Reason.PILEUP_ESTIMATED in answer.degraded
    assert (Reason.EVENTS_ESTIMATED in answer.degraded) == (events is None)
    assert np.median(answer.mean[answer.testable]) == pytest.approx(250.0, rel=0.1)
    told = expectation(towers(200), observe(counts, 500, 50.0))
    assert answer.covariance is not None
    assert told.covariance is not None
    assert (answer.covariance.common >= 2 * told.covariance.common).all()


def test_a_map_that_moves_as_a_whole_is_left_for_the_evidence_to_see() -> None:
    detector = towers(200)
    low = expectation(detector, observe(np.full(SHAPE, 0.7 * 300.0), 600, 50.0))
    assert np.median(low.mean[detector.alive]) == pytest.approx(300.0, rel=0.03)


def test_pileup_that_hardly_moved_teaches_nothing() -> None:
    same = [replace(o, pileup=50.0 + 0.1 * (i % 3)) for i, o in enumerate(tower_counts(40))]
    detector = Reference.fit(same, "overdispersed", VIEW)
    assert not detector.knowledge.mean.follows
    answer = expectation(detector, observe(np.full(SHAPE, 240.0), 600, 38.0))
    assert answer.degraded == (Reason.PILEUP_ESTIMATED,), "what it does is taken from the map"
    assert np.median(answer.mean[answer.testable]) == pytest.approx(240.0, rel=0.02)


def test_a_run_in_which_a_cell_was_dead_does_not_spoil_it() -> None:
    shown = tower_counts(120, runs=6)
    for observation in shown:
        if observation.id.run == 3:
            observation.counts[4, 4] = 0.0
    detector = Reference.fit(shown, "overdispersed", VIEW)
    answer = expectation(detector, observe(np.full(SHAPE, 300.0), 600, 50.0))
    assert answer.mean[4, 4] == pytest.approx(300.0, rel=0.06)
    assert answer.dispersion[4, 4] < 1.5 * 8.0


@pytest.mark.parametrize(
    ("counts", "events", "reason"),
    [(0.0, 0, Reason.NO_EVENTS), (0.0, None, Reason.NO_EVENTS), (4.0, 8, Reason.FEW_EVENTS)],
)
def test_it_says_when_it_cannot_know(counts: float, events: int | None, reason: Reason) -> None:
    answer, _ = towers(60).look(observe(np.full(SHAPE, counts), events, 50.0), {})
    assert isinstance(answer, NotKnown)
    assert answer.reason is reason


@pytest.mark.parametrize("noise", ["binomial", "overdispersed"])
def test_one_lumisection_is_too_little(noise: Noise) -> None:
    with pytest.raises(UsageError, match="1 lumisections with at least 30 events, expected 2 or more"):
        Reference.fit(channel_counts(1), noise, VIEW)


def test_a_step_of_the_events_unsettles_once() -> None:
    detector, memory = towers(60), dict[str, NDArray[np.generic]]()
    unsettled = []
    for lumi, events in enumerate([600, 612, 590, 700, 705, 690], start=1):
        answer, found = detector.look(observe(np.full(SHAPE, 0.5 * events), events, 50.0, lumi), memory)
        memory = dict[str, NDArray[np.generic]](found)
        assert isinstance(answer, Expectation)
        unsettled.append(answer.unsettled)
    assert unsettled == [False, False, False, True, False, False]
    fresh: Memory = memory
    answer, _ = detector.look(observe(np.full(SHAPE, 150.0), 300, 50.0, 1, run=2), fresh)
    assert isinstance(answer, Expectation)
    assert not answer.unsettled, "another run is another beginning"


def test_a_record_of_several_lumisections_is_no_step() -> None:
    detector = towers(60)
    _, memory = detector.look(observe(np.full(SHAPE, 300.0), 600, 50.0), {})
    three = replace(observe(np.full(SHAPE, 900.0), 1800, 50.0, 4), span=3)
    answer, _ = detector.look(three, memory)
    assert isinstance(answer, Expectation)
    assert not answer.unsettled
