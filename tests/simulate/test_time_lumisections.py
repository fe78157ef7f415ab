"""Simulated lumisections: what they hold, faults through several fills, and their truth."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.faults.fault import Fault
from caloscope.records import Lumisection
from caloscope.simulate.fill import Fill, conditions
from caloscope.simulate.season import campaign
from caloscope.simulate.simulated import clock_of, lumisections, simulated
from caloscope.simulate.stability import DEFAULT

from .making import detector

NAMES = ("PLATE/hits", "RING/hits")
FILL = Fill(run=100, lumis=12, seed=9, label="made", gaps=0.2)
DETECTORS = {name: detector(name, 3, DEFAULT) for name in NAMES}
CELL = (0, 6, 6)


def same(first: Lumisection, second: Lumisection) -> bool:
    return first.id == second.id and all(
        np.array_equal(first.maps[name].counts, record.counts) for name, record in second.maps.items()
    )


def test_a_lumisection_says_what_it_is() -> None:
    places, made = list(conditions(FILL)), list(lumisections(FILL, DETECTORS))
    assert [each.id for each in made] == [each.id for each in places]
    for at, each in zip(places, made, strict=True):
        assert (each.label, each.source, each.began_at) == ("made", "seed 9", at.began_at)
        assert each.assumptions == ("simulated, not measured",)
        assert set(each.maps) == set(NAMES)
        for name, record in each.maps.items():
            assert (record.events, record.pileup) == (at.events, at.measured)
            assert record.counts.dtype == np.uint32
            np.testing.assert_array_equal(record.counts, DETECTORS[name].draw(at))


def test_the_same_seed_gives_the_same_whatever_else_is_drawn() -> None:
    whole = {each.id: each for each in lumisections(FILL, DETECTORS)}
    for name in NAMES:
        for each in lumisections(replace(FILL, lumis=7, gaps=0.0), {name: detector(name, 3, DEFAULT)}):
            assert each.id not in whole or same(whole[each.id], each)
    other = next(lumisections(replace(FILL, seed=10), DETECTORS))
    assert not same(whole[other.id], other)


def test_healthy_lumisections_have_no_truth() -> None:
    fault = Fault("PLATE/hits", CELL, "dead", onset=5)
    found = list(simulated(replace(FILL, gaps=0.0), DETECTORS, [fault]))
    assert [bool(each.truth) for each in found] == [False] * 4 + [True] * 8
    healthy = list(simulated(replace(FILL, gaps=0.0), DETECTORS))
    for sound, each in zip(healthy, found, strict=True):
        assert each.conditions == sound.conditions
        np.testing.assert_array_equal(
            sound.lumisection.maps["RING/hits"].counts, each.lumisection.maps["RING/hits"].counts
        )
        changed = sound.lumisection.maps["PLATE/hits"].counts != each.lumisection.maps["PLATE/hits"].counts
        assert np.argwhere(changed).tolist() == ([list(CELL)] if each.truth else [])
        for name, truth in each.truth.items():
            assert name == "PLATE/hits"
            assert truth.factor.dtype == np.float32
            assert np.argwhere(truth.factor != 1.0).tolist() == [list(CELL)]
            assert truth.factor[CELL] == 0.0
            assert np.argwhere(truth.fault != 0).tolist() == [list(CELL)]
            assert truth.fault[CELL] == 1


def test_truth_may_be_left_out() -> None:
    fault = Fault("*", "all", "factor", 0.8, onset=1)
    told = list(simulated(FILL, DETECTORS, [fault]))
    silent = list(simulated(FILL, DETECTORS, [fault], with_truth=False))
    assert all(set(each.truth) == set(NAMES) for each in told)
    assert not any(each.truth for each in silent)
    assert all(same(a.lumisection, b.lumisection) for a, b in zip(told, silent, strict=True))


def test_faults_count_through_all_fills() -> None:
    fills = [Fill(run, 6, 9, gaps=0.4) for run in (100, 103, 250)]
    fault = Fault("PLATE/hits", CELL, "dead", onset=9, end=15)
    dead = {
        each.lumisection.id
        for each in simulated(fills, DETECTORS, [fault])
        if "PLATE/hits" in each.truth and each.lumisection.maps["PLATE/hits"].counts[CELL] == 0
    }
    there = {each.id for fill in fills for each in conditions(fill)}
    assert dead == there & ({(103, lumi) for lumi in range(3, 7)} | {(250, 1), (250, 2)})
    assert dead
    clock = clock_of(fills)
    assert clock.before == {100: 0, 103: 6, 250: 12}


def test_a_campaign_is_simulated_in_order() -> None:
    fills = campaign(5, 8, 10, 2, days=5.0)
    ids = [each.id for each in lumisections(fills, {"RING/hits": DETECTORS["RING/hits"]})]
    assert ids == sorted(ids)
    assert {run for run, _ in ids} == {fill.run for fill in fills}


def test_what_cannot_be_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="found run 100 after run 100, expected runs that ascend"):
        simulated([FILL, FILL], DETECTORS)
    with pytest.raises(UsageError, match="no cell"):
        simulated(FILL, DETECTORS, [Fault("PLATE/hits", (0, 99, 0), "dead")])


def test_no_beam_is_told_as_unknown_pileup() -> None:
    found = list(lumisections(replace(FILL, gaps=0.0, ramp=3, dump=True), DETECTORS))
    assert found[0].maps["RING/hits"].pileup is None
    assert found[-1].maps["RING/hits"].pileup is None
    assert found[5].maps["RING/hits"].pileup is not None
