"""What lies outside the conditions that the reference knows, and what must not pass for it: faults."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.detectors.base import Answer, Expectation, Memory, NotKnown, Observation
from caloscope.detectors.reference import Reference
from caloscope.records import Reason
from caloscope.simulate import Fill, conditions, realistic

from .looking import detector_of

Counts = NDArray[np.float64]
MAPS = ["EB/digi", "EE+/digi"]


@lru_cache(maxsize=3)
def learned(name: str) -> Reference:
    made = detector_of(name)
    shown = [o for run in range(12) for o in observed(name, realistic(310_000 + run, 40, 5, day=float(run)))]
    return Reference.fit(shown, made.noise, made.view)


def observed(name: str, fill: Fill) -> list[Observation]:
    made = detector_of(name)
    return [
        Observation(c.id, made.draw(c).astype(np.float64), c.events, c.measured) for c in conditions(fill)
    ]


def answers(name: str, shown: list[Observation]) -> list[Answer]:
    memory: Memory = {}
    found = []
    for observation in shown:
        answer, memory = learned(name).look(observation, memory)
        found.append(answer)
    return found


def judged(found: list[Answer]) -> int:
    return sum(isinstance(answer, Expectation) for answer in found)


def reasons(found: list[Answer]) -> set[Reason]:
    return {answer.reason for answer in found if isinstance(answer, NotKnown)}


@pytest.mark.parametrize("name", MAPS)
def test_usual_runs_are_judged_prescale_steps_and_few_events_too(name: str) -> None:
    shown = observed(name, realistic(330_000, 60, 5, pileup=55.0, prescale_steps=3))
    shown += observed(name, realistic(330_001, 60, 5, pileup=48.0, events=400, low_statistics=0.5))
    assert judged(answers(name, shown)) == len(shown)


@pytest.mark.parametrize("name", MAPS)
def test_without_beam_there_is_nothing_to_judge(name: str) -> None:
    found = answers(name, observed(name, Fill(330_000, 10, 5, 500, beam="none")))
    assert reasons(found) == {Reason.NO_BEAM}
    assert judged(found) == 0


@pytest.mark.parametrize("name", MAPS)
def test_heavy_ions_and_beams_that_come_up_are_out_of_range(name: str) -> None:
    ions = answers(name, observed(name, Fill(330_000, 10, 5, 500, beam="ions")))
    assert reasons(ions) == {Reason.OUT_OF_RANGE}
    assert judged(ions) == 0
    rising = answers(name, observed(name, Fill(330_000, 30, 5, 500, ramp=15, dump=True)))
    assert reasons(rising) <= {Reason.OUT_OF_RANGE, Reason.FEW_EVENTS}
    assert judged(rising[:10]) == 0
    assert judged(rising[16:25]) == 9


def test_another_trigger_is_noticed_by_the_shape_of_the_map() -> None:
    found = answers("EB/digi", observed("EB/digi", Fill(330_000, 30, 5, 1500, dataset="JetHT")))
    assert reasons(found) == {Reason.OUT_OF_RANGE}
    assert judged(found[15:]) <= 3
    assert isinstance(found[-1], NotKnown)
    assert "trigger" in found[-1].detail


def test_where_it_does_not_know_it_still_guesses() -> None:
    (shown,) = observed("EB/digi", Fill(330_000, 1, 5, 500, pileup=80.0))
    answer, _ = learned("EB/digi").look(shown, {})
    assert isinstance(answer, NotKnown)
    assert answer.guess is not None
    alive = learned("EB/digi").alive
    assert np.median(shown.counts[alive] / answer.guess[alive]) > 0.9
    assert not answer.guess[~alive].any()


def supermodule(counts: Counts, factor: float) -> None:
    region = next(r for r in detector_of("EB/digi").view.regions if r.kind == "supermodule")
    counts[region.members] *= factor


def half(counts: Counts, factor: float) -> None:
    counts[: len(counts) // 2] *= factor


def other_half(counts: Counts, factor: float) -> None:
    counts[:, : counts.shape[1] // 2] *= factor


def everywhere(counts: Counts, factor: float) -> None:
    counts *= factor


def a_fifth(counts: Counts, factor: float) -> None:
    counts[np.random.default_rng(1).random(counts.shape) < 0.2] *= factor


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        (supermodule, 0.0),
        (supermodule, 1.5),
        (half, 0.0),
        (half, 0.5),
        (other_half, 0.0),
        (other_half, 0.5),
        (everywhere, 0.7),
        (everywhere, 1.3),
        (a_fifth, 0.0),
        (a_fifth, 3.0),
    ],
)
def test_faults_do_not_pass_for_conditions(change: Callable[[Counts, float], None], factor: float) -> None:
    shown = observed("EB/digi", Fill(330_000, 12, 5, 500, pileup=52.0))
    for observation in shown:
        change(observation.counts, factor)
        np.round(observation.counts, out=observation.counts)
    found = answers("EB/digi", shown)
    assert judged(found) == len(found), {a.detail for a in found if isinstance(a, NotKnown)}


@pytest.mark.parametrize("name", MAPS)
def test_what_follows_a_dead_map_is_judged_at_once(name: str) -> None:
    shown = observed(name, realistic(330_000, 30, 5))
    dead = [replace(o, counts=np.zeros_like(o.counts)) if 10 <= k < 16 else o for k, o in enumerate(shown)]
    found = answers(name, dead)
    assert [isinstance(answer, NotKnown) for answer in found] == [10 <= k < 16 for k in range(30)]
