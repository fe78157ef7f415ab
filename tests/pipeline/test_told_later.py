"""Conditions, and the maps of other producers, that become known before, with or after a map.

The record is the same as if all had come in order, for what comes too late changes nothing.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.bundle import Bundle
from caloscope.faults import Fault
from caloscope.pipeline import Pipeline
from caloscope.pipeline.timeline import KEPT
from caloscope.records import Lumisection, LumiState, Reason
from caloscope.store import Store

from .making import LABEL, RUN
from .two_toys import (
    CELL,
    TIN,
    TOY,
    Everything,
    dark,
    everything,
    files,
    fill,
    said,
    scored,
    thinned,
    trained,
)

LUMIS = 48
SHIFT, TRIGGER, RAMP, POWER, DARK, AGAIN = 10, 20, 26, 32, 38, 44
"""Where something begins."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    return trained(tmp_path_factory.mktemp("bundles"))


def eventful() -> list[Lumisection]:
    """All that can happen in a run, and a cell that is dead in a part of it."""
    return [changed(each) for each in fill(LUMIS, [Fault(TOY, CELL, "dead", onset=6, end=30)])]


def changed(each: Lumisection) -> Lumisection:
    trigger = f"column {1 + sum(each.lumi >= place for place in (TRIGGER, AGAIN))}"
    here = thinned(each, 0.8) if each.lumi >= SHIFT else each
    here = thinned(here, 0.85, TIN) if each.lumi >= TRIGGER else here
    told = replace(here, conditions=said(LumiState.COLLISIONS, trigger=trigger))
    if RAMP <= each.lumi < RAMP + 3:
        return replace(here, conditions=said(LumiState.RAMP, trigger=trigger))
    if POWER <= each.lumi < POWER + 3:
        return replace(here, conditions=said(LumiState.COLLISIONS, "TOY left", trigger=trigger))
    if DARK <= each.lumi < DARK + 4:
        return dark(each)  # of which nobody tells
    return told if each.lumi % 7 else here  # nor of some others


@pytest.fixture(scope="module")
def in_order(bundles: list[Bundle], tmp_path_factory: pytest.TempPathFactory) -> Everything:
    path = tmp_path_factory.mktemp("order") / "store.sqlite"
    return scored(path, bundles, [part for each in eventful() for part in files(each)])


def test_in_order_everything_that_happened_is_on_record(in_order: Everything) -> None:
    """Else the tests below compare nothing with nothing."""
    reasons = {row.reason for row in in_order.recorded.results}
    assert {Reason.RAMP, Reason.POWER_OFF, None} <= reasons
    assert {place.lumi for _, place, _, retriggered in in_order.judged_by if retriggered} == {AGAIN}
    states = {row.lumi: (row.state, row.origin) for row in in_order.rows}
    assert states[DARK] == states[DARK + 3] == (LumiState.NO_BEAM, "maps")
    assert states[RAMP] == (LumiState.RAMP, "told")
    assert {each.cause for each in in_order.conditions} == {"SHIFT", "TRIGGER", "STATE", "POWER"}
    dead = [each for each in in_order.recorded.incidents if not each.standing]
    assert [(each.map, each.cells) for each in dead] == [(TOY, (CELL,))]


@pytest.mark.parametrize("together", [True, False], ids=["one file", "three files"])
def test_each_order_of_the_files_of_a_lumisection_is_the_same(
    tmp_path: Path, bundles: list[Bundle], in_order: Everything, *, together: bool
) -> None:
    arrivals = eventful() if together else [part for each in eventful() for part in reversed(files(each))]
    assert scored(tmp_path / "store.sqlite", bundles, arrivals) == in_order


@pytest.mark.parametrize("seed", range(4))
def test_any_order_with_restarts_is_the_same(
    tmp_path: Path, bundles: list[Bundle], in_order: Everything, seed: int
) -> None:
    """Each file is up to 12 lumisections late. Whether each is recorded by itself makes no difference."""
    chance = random.Random(seed)
    parts = [part for each in eventful() for part in files(each)]
    arrivals = sorted(parts, key=lambda part: part.lumi + chance.uniform(0, 12))
    restarts = set(chance.sample(range(len(arrivals)), 8))
    found = scored(tmp_path / "store.sqlite", bundles, arrivals, restarts, each=seed % 2 == 1)
    assert found == in_order


def test_one_producer_may_be_ahead_of_the_others_by_far(
    tmp_path: Path, bundles: list[Bundle], in_order: Everything
) -> None:
    """What is told of the conditions of the whole run comes first."""
    parts = [part for each in eventful() for part in files(each)]
    arrivals = sorted(parts, key=lambda part: part.source != "Info")
    assert scored(tmp_path / "store.sqlite", bundles, arrivals, {30, 70}) == in_order


def test_conditions_that_are_ahead_by_more_than_is_kept_at_hand(
    tmp_path: Path, bundles: list[Bundle]
) -> None:
    """The trigger before the first map is in the store alone by then."""
    told = [
        replace(
            each if each.lumi < 5 else thinned(each, 0.85, TIN),
            conditions=said(LumiState.COLLISIONS, trigger=f"column {1 + (each.lumi >= 5)}"),
        )
        for each in fill(100)
    ]
    parts = [part for each in told for part in files(each) if part.lumi <= 8 or part.source == "Info"]
    expected = scored(tmp_path / "in-order.sqlite", bundles, parts)
    assert not [each for each in expected.recorded.incidents if not each.standing]
    ahead = sorted(parts, key=lambda part: part.source != "Info")
    assert scored(tmp_path / "ahead.sqlite", bundles, ahead, {50, 100}, each=True) == expected


def test_what_comes_too_late_is_told_and_changes_no_verdict(tmp_path: Path, bundles: list[Bundle]) -> None:
    given = fill(KEPT + 10)
    late = replace(given[3], maps={}, conditions=said(LumiState.RAMP))
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, bundles, LABEL)
        for each in given:
            pipeline.score(each)
        pipeline.commit()
        before = everything(store)
        assert pipeline.take(late) == []
        after = everything(store)
        assert after.recorded == before.recorded
        assert {row.lumi for row in after.rows if row.state is LumiState.RAMP} == {4}
        assert pipeline.take(late) == []


def test_a_map_that_comes_too_late_changes_no_verdict_of_the_others(
    tmp_path: Path, bundles: list[Bundle]
) -> None:
    """Nor does it say that there was beam where the others saw none."""
    given = [dark(each) if each.lumi == 4 else each for each in fill(KEPT + 10)]
    without = [replace(each, maps={TOY: each.maps[TOY]}) if each.lumi == 4 else each for each in given]
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, bundles, LABEL)
        for each in without:
            pipeline.score(each)
        pipeline.commit()
        before = everything(store)
        (result,) = pipeline.take(replace(given[3], maps={TIN: given[3].maps[TIN]}))
        assert result.reason is Reason.LATE
        after = everything(store)
        others = [row for row in after.recorded.results if row.key != result.key]
        assert others == before.recorded.results
        assert after.recorded.incidents == before.recorded.incidents
        states = [(row.state, row.origin) for row in after.rows]
        assert states == [(row.state, row.origin) for row in before.rows]
        assert states[3] == (LumiState.NO_BEAM, "maps")


def test_a_map_that_is_missing_does_not_say_that_there_was_beam(
    tmp_path: Path, bundles: list[Bundle]
) -> None:
    given = dark(fill(1)[0])
    without = replace(given, maps={TOY: given.maps[TOY]}, missing=frozenset({TIN}))
    found = scored(tmp_path / "store.sqlite", bundles, [without])
    assert [(row.state, row.origin) for row in found.rows] == [(LumiState.NO_BEAM, "maps")]


def test_the_stricter_of_two_files_counts_whichever_came_first(tmp_path: Path, bundles: list[Bundle]) -> None:
    (given,) = fill(1)
    ramp, scan = (
        replace(given, maps={}, conditions=said(state)) for state in (LumiState.RAMP, LumiState.SPECIAL)
    )
    for number, (first, second) in enumerate(((ramp, scan), (scan, ramp))):
        found = scored(tmp_path / f"{number}.sqlite", bundles, [first, given, second])
        assert {row.reason for row in found.recorded.results} == {Reason.SPECIAL}


def test_nothing_of_it_has_happened_before_it_is_on_record(tmp_path: Path, bundles: list[Bundle]) -> None:
    """Conditions too go back to what is in the store, and may be taken again."""
    given = eventful()[: RAMP + 5]
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, bundles, LABEL)
        for each in given[:RAMP]:
            pipeline.score(each)
        pipeline.commit()
        before = everything(store)
        for each in given[RAMP:]:
            pipeline.score(each)
        pipeline.forget()
        pipeline.commit()
        assert everything(store) == before
        for each in given:
            pipeline.score(each)
        pipeline.commit()
        again = everything(store, bundles)
    assert again == scored(tmp_path / "other.sqlite", bundles, given)


def later(arrivals: Sequence[Lumisection], of: Lumisection, by: int) -> list[Lumisection]:
    """One arrival so many places later."""
    place = next(number for number, each in enumerate(arrivals) if each is of)
    rest = [*arrivals[:place], *arrivals[place + 1 :]]
    return [*rest[: place + by], of, *rest[place + by :]]


def test_incidents_go_away_when_it_becomes_known_why(tmp_path: Path, bundles: list[Bundle]) -> None:
    """A half without voltage is an incident until somebody says that it has none."""
    given = []
    for each in fill(14):
        record = each.maps[TOY]
        counts = record.counts.copy()
        counts[:, :3] = 0
        off = replace(
            each,
            maps={**each.maps, TOY: replace(record, counts=counts)},
            conditions=said(LumiState.COLLISIONS, "TOY left"),
        )
        given.append(off if 5 <= each.lumi <= 8 else each)
    arrivals = [part for each in given for part in files(each)]
    infos = [part for part in arrivals if part.source == "Info"]
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, bundles, LABEL)
        for each in arrivals:
            if each.source != "Info":
                pipeline.score(each)
        pipeline.commit()
        assert [each.hardware for each in store.incidents(label=LABEL) if not each.standing] == ["TOY left"]
        for each in infos:
            pipeline.score(each)
        pipeline.commit()
        assert not [each for each in store.incidents(label=LABEL) if not each.standing]
        after = everything(store, bundles)
    assert after == scored(tmp_path / "in-order.sqlite", bundles, arrivals)
    moved = arrivals
    for info in infos:
        moved = later(moved, info, 9)
    assert scored(tmp_path / "moved.sqlite", bundles, moved) == after
    assert np.all([row.run == RUN for row in after.rows])
