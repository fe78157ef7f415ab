"""The plain pull: a standard normal where counts are Poisson, and what it makes of what is not known."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.detectors.base import NotKnown, Observation, Score
from caloscope.detectors.pull import Pull
from caloscope.errors import BundleError, UsageError
from caloscope.records import LumiId, Reason

from .looking import EVENTS, answer_of, badness, faulty, poisson, simulated, training, victims

SHAPE = (20, 30)
MEAN = np.linspace(20.0, 900.0, 600).reshape(SHAPE)


def following(lumis: int, seed: int) -> list[Observation]:
    """Poisson counts that follow events, and pileup by 2 % a unit; one cell is dead."""
    rng = np.random.default_rng(seed)
    found = []
    for lumi in range(1, lumis + 1):
        pileup, events = float(rng.uniform(30, 60)), int(rng.integers(300, 900))
        mean = MEAN * (events / EVENTS) * (1 + 0.02 * (pileup - 45))
        mean[3, 4] = 0.0
        found.append(Observation(LumiId(1, lumi), rng.poisson(mean).astype(np.float64), events, pileup))
    return found


@pytest.mark.parametrize("lumis", [3, 200])
def test_pulls_of_poisson_counts_are_standard_normal_however_long_the_reference(lumis: int) -> None:
    # New references every time: the error of one is the same for all that is compared with it.
    pulls = []
    for seed in range(40 if lumis == 3 else 4):
        detector = Pull.fit(poisson(MEAN, lumis, 2 * seed), "overdispersed")
        pulls += [badness(answer_of(detector, each), each.counts) for each in poisson(MEAN, 3, 2 * seed + 1)]
    found = np.array(pulls)
    tolerance = 4.0 / np.sqrt(found.size / 3)
    assert abs(found.mean()) < tolerance
    assert found.std() == pytest.approx(1.0, abs=2 * tolerance)
    assert np.abs(found).max() < 7.0


def test_it_follows_events_and_pileup_by_one_line_for_all_cells() -> None:
    detector = Pull.fit(following(300, 1), "overdispersed")
    assert detector.typical.slope_learned
    assert detector.typical.slope == pytest.approx(
        0.02 / (1 + 0.02 * (detector.typical.pileup_mean - 45)), rel=0.03
    )
    assert not detector.alive[3, 4]
    pulls = np.array([badness(answer_of(detector, each), each.counts) for each in following(40, 2)])
    assert pulls.std() == pytest.approx(1.0, abs=0.06)


def test_what_is_not_told_is_taken_from_the_map_and_said_so() -> None:
    detector = Pull.fit(following(300, 1), "overdispersed")
    shown = following(1, 5)[0]
    for blurred, reasons in (
        (replace(shown, events=None), (Reason.EVENTS_ESTIMATED,)),
        (replace(shown, pileup=None), (Reason.PILEUP_ESTIMATED,)),
        (replace(shown, events=None, pileup=None), (Reason.EVENTS_ESTIMATED, Reason.PILEUP_ESTIMATED)),
    ):
        answer = answer_of(detector, blurred)
        assert isinstance(answer, Score)
        assert answer.degraded == reasons
        assert badness(answer, shown.counts).std() == pytest.approx(1.0, abs=0.15)


def test_an_lumisection_that_cannot_be_judged_says_why() -> None:
    detector = Pull.fit(following(300, 1), "overdispersed")
    shown, nothing = following(1, 5)[0], np.zeros(SHAPE)
    stray = nothing.copy()
    stray[2, 3] = 4.0
    for odd, reason in (
        (replace(shown, events=12), Reason.FEW_EVENTS),
        (replace(shown, events=None, counts=np.floor(shown.counts / 100)), Reason.FEW_EVENTS),
        (replace(shown, events=None, counts=nothing), Reason.NO_EVENTS),
        (replace(shown, events=0, counts=nothing), Reason.NO_EVENTS),
        (replace(shown, pileup=5.0), Reason.OUT_OF_RANGE),
        (replace(shown, counts=nothing), Reason.OUT_OF_RANGE),
        (replace(shown, counts=np.floor(0.3 * shown.counts)), Reason.OUT_OF_RANGE),
        (replace(shown, counts=3.0 * shown.counts), Reason.OUT_OF_RANGE),
        (replace(shown, counts=stray), Reason.OUT_OF_RANGE),
        (replace(shown, pileup=None, counts=stray), Reason.NO_BEAM),
        (replace(shown, pileup=0.0, counts=stray), Reason.OUT_OF_RANGE),
    ):
        answer = answer_of(detector, odd)
        assert isinstance(answer, NotKnown)
        assert answer.reason is reason
    half = shown.counts.copy()
    half[:10] = 0.0
    assert isinstance(answer_of(detector, replace(shown, counts=half)), Score)


def test_healthy_cells_hardly_ever_pass_the_first_threshold() -> None:
    detector = Pull.fit(poisson(MEAN, 100, 1, fano=12.0), "overdispersed")
    assert 3.0 * 4.5 < detector.threshold < 4.5 * 7.0
    values = np.array([answer_of(detector, each).value for each in poisson(MEAN, 60, 2, fano=12.0)])  # type: ignore[union-attr]
    assert (values > detector.threshold).sum() < 8, "36,000 cells, a tail that is longer than a Gaussian's"


@pytest.mark.parametrize("name", ["EB/digi", "HCAL/digi"])
def test_it_finds_a_dead_and_a_hot_cell_in_simulated_maps(name: str) -> None:
    noise = "binomial" if name.startswith("HCAL") else "overdispersed"
    detector = Pull.fit(training(name), noise)  # type: ignore[arg-type]
    shown = faulty(name, simulated(name, 3, 10)[2])
    answer = answer_of(detector, shown)
    dead, hot = victims(name)
    found = badness(answer, shown.counts)
    assert found[dead] < -6
    assert found[hot] > 15
    assert isinstance(answer, Score)
    assert answer.value[hot] > answer.threshold


def test_a_detector_that_cannot_be_is_refused() -> None:
    detector = Pull.fit(poisson(MEAN, 5, 1), "overdispersed")
    settings, arrays = detector.settings(), detector.arrays()
    for spoilt in ({"threshold": 0.0}, {"threshold": "high"}, {"noise": "white"}, {"slope": float("nan")}):
        with pytest.raises(BundleError, match="pull: found"):
            Pull.restore({**settings, **spoilt}, arrays, None)
    with pytest.raises(BundleError, match="shape"):
        Pull.restore(settings, {**arrays, "alive": np.ones((2, 2), np.bool_)}, None)
    with pytest.raises(BundleError, match="not negative"):
        Pull.restore(settings, {**arrays, "rate": -np.ones(SHAPE)}, None)


def test_too_little_to_learn_from_is_said() -> None:
    with pytest.raises(UsageError, match="1 lumisections with at least 30 events, expected 2"):
        Pull.fit(poisson(MEAN, 1, 1), "overdispersed")
    with pytest.raises(UsageError, match="nothing counted"):
        Pull.fit(poisson(np.zeros(SHAPE), 4, 1), "overdispersed")
