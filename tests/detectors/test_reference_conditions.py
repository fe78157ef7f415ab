"""Conditions of which nothing was learned: what may be laid to them, and what is refused."""

from collections.abc import Sequence
from dataclasses import replace
from typing import overload

import numpy as np
import pytest

from caloscope.detectors.base import Answer, Expectation, Memory, Noise, NotKnown, Observation
from caloscope.detectors.reference import Reference
from caloscope.detectors.reference.astray import mended
from caloscope.detectors.reference.cells import Cells
from caloscope.detectors.reference.samples import Samples
from caloscope.records import LumiId, Reason

from .plain_view import plain

SHAPE, EVENTS, HAZARD = (16, 24), 600, 0.5
VIEW = plain(SHAPE)


def towers(pileup: float, lumi: int, factor: float = 1.0) -> Observation:
    """Counts that go with pileup, 0.5 per event at 50."""
    mean = np.full(SHAPE, 0.01 * pileup * EVENTS * factor)
    counts = np.random.default_rng(lumi).poisson(mean)
    return Observation(LumiId(1, lumi), counts.astype(np.float64), EVENTS, pileup)


def channels(activity: float, lumi: int, pileup: float | None = None, factor: float = 1.0) -> Observation:
    """Hazards from half to three times the usual one, times an activity; a last column that always counts."""
    hazard = HAZARD * activity * np.linspace(0.5, 3.0, SHAPE[0])[:, None] * np.ones(SHAPE)
    share = -np.expm1(-hazard) * factor
    share[:, -1] = factor
    counts = np.random.default_rng(lumi).binomial(EVENTS, share)
    return Observation(LumiId(1, lumi), counts.astype(np.float64), EVENTS, pileup)


def learned(noise: Noise, pileup: float | None) -> Reference:
    if noise == "binomial":
        return Reference.fit([channels(1.0, lumi, pileup) for lumi in range(1, 31)], noise, VIEW)
    told = 50.0 if pileup is None else pileup
    shown = [replace(towers(told, lumi), pileup=pileup) for lumi in range(1, 31)]
    return Reference.fit(shown, noise, VIEW)


def answer(detector: Reference, shown: Observation) -> Answer:
    return detector.look(shown, {})[0]


def expected(detector: Reference, shown: Observation) -> Expectation:
    found = answer(detector, shown)
    assert isinstance(found, Expectation), found
    return found


def refused(detector: Reference, shown: Observation) -> NotKnown:
    found = answer(detector, shown)
    assert isinstance(found, NotKnown)
    assert found.reason is Reason.OUT_OF_RANGE
    return found


def test_heavy_ions_of_which_no_pileup_is_told_are_out_of_range() -> None:
    assert "expected everywhere" in refused(learned("binomial", None), channels(1.9, 99)).detail


@pytest.mark.parametrize("activity", [0.8, 1.0, 1.3])
def test_what_pileup_does_over_a_fill_is_judged_without_it(activity: float) -> None:
    found = expected(learned("binomial", None), channels(activity, 99))
    assert (Reason.PILEUP_ESTIMATED in found.degraded) == (activity != 1.0)


@pytest.mark.parametrize("pileup", [None, 55.0])
def test_a_channel_map_at_seventy_percent_is_judged_and_low(pileup: float | None) -> None:
    """Probabilities that all fall alike are no condition: those change hazards."""
    detector = learned("binomial", pileup)
    memory: Memory = {}
    for lumi in range(100, 120):
        shown = channels(1.0, lumi, pileup, factor=0.7)
        found, memory = detector.look(shown, memory)
        assert isinstance(found, Expectation), found
        assert np.median(shown.counts / found.mean) < 0.9


@pytest.mark.parametrize("noise", ["binomial", "overdispersed"])
@pytest.mark.parametrize("pileup", [0.002, 19.0, 85.0])
def test_a_pileup_far_from_that_of_the_training_is_refused(noise: Noise, pileup: float) -> None:
    shown = replace(channels(1.0, 99) if noise == "binomial" else towers(50.0, 99), pileup=pileup)
    assert f"pileup {pileup:.1f}, learned from 55 to 55" in refused(learned(noise, 55.0), shown).detail


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_no_map_at_another_level_is_laid_to_a_pileup_that_is_told(factor: float) -> None:
    shown = towers(52.0, 99, factor)
    found = expected(learned("overdispersed", 55.0), shown)
    due = np.median(shown.counts / found.mean)
    assert abs(np.log(due)) > 0.6 * abs(np.log(factor))


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_where_nobody_tells_the_pileup_a_level_may_be_its_doing(factor: float) -> None:
    """Over a fill it does that much: better a fault of the whole map unseen than a false one each fill."""
    shown = replace(towers(52.0, 99, factor), pileup=None)
    found = expected(learned("overdispersed", None), shown)
    assert np.median(shown.counts / found.mean) == pytest.approx(1.0, abs=0.05)
    assert Reason.PILEUP_ESTIMATED in found.degraded


@pytest.mark.parametrize("pileup", [50.0, 35.0, 24.0])
def test_a_map_follows_a_pileup_that_falls_over_a_long_fill(pileup: float) -> None:
    shown = towers(pileup, 99)
    found = expected(learned("overdispersed", 55.0), shown)
    assert np.median(shown.counts / found.mean) == pytest.approx(1.0, abs=0.02)
    assert (Reason.PILEUP_ESTIMATED in found.degraded) == (pileup < 52.0)


def test_single_channels_that_always_count_need_beam() -> None:
    """Of a family that counts by itself in every event the guess stays, whatever the rest of the map does."""
    noisy = [channels(1.0, lumi) for lumi in range(1, 31)]
    for shown in noisy:
        shown.counts[3, :5] = EVENTS
    detector = Reference.fit(noisy, "binomial", VIEW)
    assert detector.knowledge.mean.sure.reshape(SHAPE)[3, :5].all()
    dark = channels(0.01, 99)
    found = answer(detector, dark)
    assert isinstance(found, NotKnown)
    assert found.guess is not None
    assert (found.guess[3, :5] < 0.1 * EVENTS).all()


class Fresh(Sequence[Observation]):
    """Observations made each time they are asked for; one cell is dead in the third."""

    def __init__(self, lumis: int) -> None:
        self.lumis = lumis

    def __len__(self) -> int:
        return self.lumis

    @overload
    def __getitem__(self, place: int) -> Observation: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Observation]: ...
    def __getitem__(self, place: int | slice) -> Observation | Sequence[Observation]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(self.lumis))]
        if place >= self.lumis:
            raise IndexError(place)
        shown = towers(55.0, place + 1)
        if place == 2:
            shown.counts[4, 4] = 0.0
        return shown


def test_maps_that_are_learned_from_are_not_held_together() -> None:
    found = mended(Samples.of(Fresh(8), 30), Cells.of(VIEW), "overdispersed")
    observations = found.samples.observations
    assert len(observations) == 8
    assert observations[1] is not observations[1], "each is made when it is looked at"
    assert list(found.cells) == [2]
    repaired = [float(each.counts[4, 4]) for each in observations]
    assert repaired[2] == pytest.approx(0.55 * EVENTS, rel=0.1)
    assert repaired[1] == float(Fresh(8)[1].counts[4, 4])
