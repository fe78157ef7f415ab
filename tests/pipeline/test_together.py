"""Many lumisections in one transaction: the store says what it says when each is recorded by itself."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from caloscope.bundle import Bundle
from caloscope.errors import SourceError, StoreError
from caloscope.faults import Fault
from caloscope.pipeline import Pipeline
from caloscope.pipeline.checkpoint import decode_step
from caloscope.pipeline.timeline import KEPT
from caloscope.records import Lumisection, Reason
from caloscope.store import Store

from .making import LABEL, MAP, RUN, Recorded, fill, recorded, scored, trained, without_map

CELL = (2, 4)
LUMIS = 2 * KEPT + 8


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("bundles"))


def eventful() -> list[Lumisection]:
    """A cell dies and comes back, half of the map sags; then another run."""
    faults = [Fault(MAP, CELL, "dead", onset=5, end=25), Fault(MAP, "TOY left", "factor", 0.7, onset=30)]
    return [*fill(LUMIS, faults), *fill(6, faults, run=RUN + 1)]


@pytest.fixture(scope="module")
def in_order(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return scored(tmp_path_factory.mktemp("order") / "store.sqlite", bundle, eventful())


@st.composite
def arrivals(draw: st.DrawFn) -> list[int]:
    """Places in `eventful`, none too late; one of -1 - n comes without its map, and with it later."""
    moved = {
        n: n + draw(st.integers(0, KEPT - 1)) + 0.5 for n in draw(st.sets(st.integers(0, LUMIS), max_size=3))
    }
    order = sorted(range(len(eventful())), key=lambda n: moved.get(n, n))
    for place in draw(st.sets(st.sampled_from(order[:-KEPT]), max_size=2)):
        later = order.index(place) + draw(st.integers(1, KEPT - 2))
        order.insert(order.index(place), -1 - place)
        order.remove(place)
        order.insert(later, place)
    return order


@settings(max_examples=6, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given(
    order=arrivals(),
    commits=st.sets(st.integers(0, LUMIS), max_size=4),
    crashes=st.sets(st.integers(1, LUMIS), max_size=3),
)
def test_commits_and_crashes_change_nothing(
    order: list[int], commits: set[int], crashes: set[int], bundle: Bundle, in_order: Recorded
) -> None:
    """After a crash all that was not committed is taken again, by a pipeline that knows the store alone."""
    given_ones, waiting = eventful(), list[Lumisection]()
    with tempfile.TemporaryDirectory() as folder, Store(str(Path(folder) / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for number, place in enumerate(order):
            each = given_ones[place] if place >= 0 else without_map(given_ones[-1 - place])
            pipeline.score(each)
            waiting.append(each)
            if number in crashes:
                pipeline = Pipeline(store, [bundle], LABEL)
                for again in waiting:
                    pipeline.score(again)
            if number in commits:
                pipeline.commit()
                waiting = []
        pipeline.commit()
        assert recorded(store) == in_order


def test_states_are_kept_where_nothing_else_can_tell_them(tmp_path: Path, bundle: Bundle) -> None:
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for rounds in (KEPT + 10, 7, KEPT - 2):
            for lumisection in fill(80)[len(store.results(LABEL, RUN)) :][:rounds]:
                pipeline.score(lumisection)
            pipeline.commit()
            saved = store.checkpoints(LABEL, MAP, bundle.hash)
            states = [decode_step(each.blob, bundle.view)[1] is not None for each in saved]
            assert len(states) == KEPT
            assert states[0]
            assert states[-1]
        assert sum(states) <= 4


def test_what_is_too_late_within_one_transaction_is_told_once(tmp_path: Path, bundle: Bundle) -> None:
    lumisections = fill(KEPT + 10)
    late, others = lumisections[3], [each for each in lumisections if each.lumi != 4]
    record = late.maps[MAP]
    other = replace(late, maps={MAP: replace(record, counts=record.counts + np.uint32(1))})
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for each in others:
            pipeline.score(each)
        assert [result.reason for result in pipeline.score(without_map(late))] == [Reason.MAP_MISSING]
        assert [result.reason for result in pipeline.score(late)] == [Reason.LATE]
        assert pipeline.score(late) == []
        assert pipeline.score(others[2]) == []
        with pytest.raises(SourceError, match="CONFLICT"):
            pipeline.score(other)
        assert store.results(LABEL, RUN) == []
        pipeline.commit()
        reasons = {row.id.lumi: row.reason for row in store.results(LABEL, RUN)}
        assert (len(reasons), reasons[4]) == (KEPT + 10, Reason.LATE)
        assert pipeline.score(late) == []


def test_a_transaction_that_fails_has_not_happened(tmp_path: Path, bundle: Bundle) -> None:
    """Somebody else recorded other counts for one of its lumisections meanwhile."""
    lumisections = fill(12)
    record = lumisections[9].maps[MAP]
    other = replace(lumisections[9], maps={MAP: replace(record, counts=record.counts + np.uint32(1))})
    with Store(str(tmp_path / "store.sqlite")) as store, Store(str(tmp_path / "store.sqlite")) as second:
        pipeline, stranger = Pipeline(store, [bundle], LABEL), Pipeline(second, [bundle], LABEL)
        for each in lumisections[:5]:
            pipeline.take(each)
        for each in lumisections[5:]:
            pipeline.score(each)
        stranger.take(other)
        before = recorded(store)
        with pytest.raises(StoreError, match="expected the recorded"):
            pipeline.commit()
        assert recorded(store) == before
        with pytest.raises(SourceError, match="CONFLICT"):
            pipeline.take(lumisections[9])
        assert [result.key.lumi for result in pipeline.take(lumisections[10])] == [11]
