"""Sources that tell different things of one lumisection, and what people take back."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from caloscope.bundle import Bundle
from caloscope.pipeline import Gate, Pipeline
from caloscope.pipeline.told import LABEL as OF_LABEL
from caloscope.pipeline.told import TABLE, key_of, merged
from caloscope.records import Conditions, Lumisection, LumiState, Quality
from caloscope.store import LumiRow, ResultRow, Store

from .making import LABEL, RUN, fill, trained

COLLISIONS = Conditions(LumiState.COLLISIONS, source="Info")
RAMP = Conditions(LumiState.RAMP, source="Info")
KEY = Conditions(trigger="/cdaq/physics/v3", source="Info")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("bundles"))


def telling(lumisection: Lumisection, said: Conditions) -> Lumisection:
    """A file of the same lumisection that holds no map."""
    return replace(lumisection, maps={}, missing=frozenset(), conditions=said)


def taken(
    path: Path, bundle: Bundle, arrivals: Sequence[Lumisection]
) -> tuple[list[ResultRow], list[LumiRow]]:
    """What is on record when they came in this order, but for when that was."""
    with Store(str(path)) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for each in arrivals:
            pipeline.take(each)
        results = [replace(row, scored_at=0.0, seconds=0.0, stages={}) for row in store.results(LABEL, RUN)]
        return results, store.lumis(LABEL, RUN)


def test_files_that_differ_may_come_in_any_order(tmp_path: Path, bundle: Bundle) -> None:
    lumis = fill(3)
    said = [telling(lumis[1], each) for each in (COLLISIONS, RAMP, KEY)]
    found = [
        taken(tmp_path / f"{number}.sqlite", bundle, [*lumis, *order])
        for number, order in enumerate(permutations(said))
    ]
    assert all(each == found[0] for each in found)
    results, rows = found[0]
    assert [str(row.reason) for row in results] == ["None", "RAMP", "None"]
    assert (rows[1].state, rows[1].trigger, rows[1].detail) == (LumiState.RAMP, KEY.trigger, "as Info says")


def test_the_trigger_is_that_of_the_strongest_source() -> None:
    by_label = Conditions(LumiState.COSMICS, source=OF_LABEL)
    files = {key_of(each): each for each in (KEY, RAMP)}
    assert merged({**files, OF_LABEL: by_label}).trigger == KEY.trigger
    table = Conditions(trigger="column 3", source=TABLE)
    found = merged({**files, TABLE: table})
    assert (found.trigger, found.state, found.source) == ("column 3", LumiState.RAMP, "Info")


def test_a_label_that_says_nothing_any_more_is_forgotten(tmp_path: Path, bundle: Bundle) -> None:
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL, Gate(labels={f"{LABEL}*": LumiState.COSMICS}))
        for each in fill(3):
            pipeline.take(each)
        assert {row.quality for row in store.results(LABEL, RUN)} == {Quality.UNKNOWN}
        pipeline.retune(Gate(labels={}))
        pipeline.commit()
        assert {row.quality for row in store.results(LABEL, RUN)} == {Quality.GOOD}
