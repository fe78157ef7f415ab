"""What is late, missing, repeated or contradictory."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.bundle import Bundle
from caloscope.errors import Fault as Refused
from caloscope.errors import SourceError
from caloscope.faults import Fault
from caloscope.pipeline import Pipeline
from caloscope.pipeline.timeline import KEPT
from caloscope.records import Lumisection, MapRecord, Quality, Reason
from caloscope.store import ResultRow, Store

from .making import DEAD, LABEL, MAP, RUN, at, fill, recorded, scored, trained, without_map

CELL = (2, 4)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("bundles"))


def rows(store: Store) -> dict[int, ResultRow]:
    """The run's results by lumisection."""
    return {row.id.lumi: row for row in store.results(LABEL, RUN)}


def changed(lumisection: Lumisection) -> Lumisection:
    """The same lumisection with one count more."""
    record = lumisection.maps[MAP]
    counts = record.counts.copy()
    counts[0, 0] += 1
    return replace(lumisection, maps={MAP: replace(record, counts=counts)}, source="other.root")


def test_too_late_is_unknown_and_outside_the_evidence(tmp_path: Path, bundle: Bundle) -> None:
    lumisections = fill(KEPT + 10, [Fault(MAP, CELL, "dead", onset=4)])
    late, others = lumisections[5], [each for each in lumisections if each.lumi != 6]
    without = scored(tmp_path / "without.sqlite", bundle, others)
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for lumisection in others:
            pipeline.take(lumisection)
        (result,) = pipeline.take(late)
        assert (result.quality, result.reason) == (Quality.UNKNOWN, Reason.LATE)
        assert pipeline.take(late) == []
        with pytest.raises(SourceError, match="CONFLICT"):
            pipeline.take(changed(late))
        found = recorded(store)
    assert found.incidents == without.incidents
    assert [row for row in found.flags if row.lumi != 6] == [row for row in without.flags if row.lumi != 6]
    assert [row for row in found.results if row.id.lumi != 6] == without.results
    (told,) = [row for row in found.flags if row.lumi == 6]
    assert (told.code, told.reason) == (2, Reason.LATE)


def test_the_window_is_the_same_after_a_restart(tmp_path: Path, bundle: Bundle) -> None:
    lumisections = fill(KEPT + 1)
    answers = []
    for name, restarted in (("one", False), ("two", True)):
        with Store(str(tmp_path / name)) as store:
            pipeline = Pipeline(store, [bundle], LABEL)
            for lumisection in lumisections[1:]:
                pipeline.take(lumisection)
            pipeline = Pipeline(store, [bundle], LABEL) if restarted else pipeline
            (result,) = pipeline.take(lumisections[0])
            answers.append((result.quality, result.reason))
    assert answers == [(Quality.UNKNOWN, Reason.LATE)] * 2


def test_a_missing_map_is_unknown_until_it_comes(tmp_path: Path, bundle: Bundle) -> None:
    lumisections = fill(6)
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for lumisection in lumisections:
            pipeline.take(without_map(lumisection) if lumisection.lumi == 3 else lumisection)
        assert (rows(store)[3].quality, rows(store)[3].reason) == (Quality.UNKNOWN, Reason.MAP_MISSING)
        assert [result.key.lumi for result in pipeline.take(lumisections[2])] == [3, 4, 5, 6]
        assert pipeline.take(without_map(lumisections[2])) == []
        found = recorded(store)
    assert found == scored(tmp_path / "in-order.sqlite", bundle, lumisections)


def test_a_missing_map_comes_at_the_far_end_of_the_window(tmp_path: Path, bundle: Bundle) -> None:
    """What came before the window is forgotten, but not the incidents that were open then."""
    lumisections = fill(KEPT + 10, [Fault(MAP, CELL, "dead", onset=2)])
    gone = lumisections[-KEPT]
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for lumisection in lumisections:
            pipeline.take(without_map(lumisection) if lumisection is gone else lumisection)
        results = pipeline.take(gone)
        assert [result.key.lumi for result in results] == [each.lumi for each in lumisections[-KEPT:]]
        found = recorded(store)
    assert found == scored(tmp_path / "in-order.sqlite", bundle, lumisections)


@pytest.mark.parametrize("when_missing", ["in time", "too late"])
def test_a_map_that_was_missing_comes_too_late(tmp_path: Path, bundle: Bundle, when_missing: str) -> None:
    lumisections = fill(KEPT + 10)
    gone = lumisections[3]
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for lumisection in lumisections:
            if lumisection is not gone:
                pipeline.take(lumisection)
            elif when_missing == "in time":
                pipeline.take(without_map(gone))
        pipeline.take(without_map(gone))
        assert rows(store)[4].reason is Reason.MAP_MISSING
        (result,) = pipeline.take(gone)
        assert (result.quality, result.reason) == (Quality.UNKNOWN, Reason.LATE)
        assert rows(store)[4].reason is Reason.LATE
        assert np.array_equal(store.arrays(result.key)["counts"], gone.maps[MAP].counts)
        assert pipeline.take(gone) == []
        assert len(rows(store)) == KEPT + 10


def test_other_content_for_the_same_lumisection_is_refused(tmp_path: Path, bundle: Bundle) -> None:
    lumisections = fill(5)
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for lumisection in lumisections:
            pipeline.take(lumisection)
        before = recorded(store)
        with pytest.raises(
            SourceError, match=f"other.root: CONFLICT: found other counts for {MAP}"
        ) as caught:
            pipeline.take(changed(lumisections[2]))
        assert caught.value.fault is Refused.CONFLICT
        assert recorded(store) == before


def test_the_never_alive_are_one_standing_incident(tmp_path: Path, bundle: Bundle) -> None:
    found = scored(tmp_path / "store.sqlite", bundle, fill(8))
    (incident,) = found.incidents
    assert incident.standing
    assert incident.masked
    assert incident.closed is None
    assert (incident.cells, incident.reason, incident.opened) == ((DEAD,), Reason.NEVER_ALIVE, at(1))
    assert {row.quality for row in found.results} == {Quality.GOOD}
    assert [(row.lumi, row.y, row.x, row.code, row.reason) for row in found.flags] == [
        (lumi, *DEAD, 3, Reason.NEVER_ALIVE) for lumi in range(1, 9)
    ]


def test_the_standing_incident_begins_with_the_first_lumisection(tmp_path: Path, bundle: Bundle) -> None:
    lumisections = fill(8)
    found = scored(tmp_path / "a.sqlite", bundle, [lumisections[i] for i in (2, 3, 0, 1, 7, 5, 6, 4)])
    assert found.incidents == scored(tmp_path / "b.sqlite", bundle, lumisections).incidents


def test_a_map_of_zeros_is_bad_when_there_were_events(tmp_path: Path, bundle: Bundle) -> None:
    lumisections = fill(6)
    empty = np.zeros_like(lumisections[0].maps[MAP].counts)
    for lumi, events in ((3, 5_000), (4, 0), (5, 5)):
        record = MapRecord(empty, events, 50.0)
        lumisections[lumi - 1] = replace(lumisections[lumi - 1], maps={MAP: record})
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for lumisection in lumisections[:3]:
            pipeline.take(lumisection)
        assert (rows(store)[3].quality, rows(store)[3].flag_reason) == (Quality.BAD, Reason.EMPTY_MAP)
        assert rows(store)[3].bad_cells == empty.size - 1
        for lumisection in lumisections[3:]:
            pipeline.take(lumisection)
        assert (rows(store)[4].quality, rows(store)[4].reason) == (Quality.UNKNOWN, Reason.NO_EVENTS)
        assert (rows(store)[5].quality, rows(store)[5].flag_reason) == (Quality.BAD, Reason.EMPTY_MAP)
        assert {row.reason for row in store.flags(label=LABEL) if row.lumi in (3, 5) and row.code == 0} == {
            Reason.EMPTY_MAP
        }


@pytest.mark.parametrize(
    ("events", "pileup", "degraded"),
    [
        (None, 50.0, (Reason.EVENTS_ESTIMATED,)),
        (5_000, None, (Reason.PILEUP_ESTIMATED,)),
        (None, None, (Reason.EVENTS_ESTIMATED, Reason.PILEUP_ESTIMATED)),
    ],
)
def test_without_events_or_pileup_it_is_scored_and_degraded(
    tmp_path: Path, bundle: Bundle, events: int | None, pileup: float | None, degraded: tuple[Reason, ...]
) -> None:
    lumisections = [
        replace(each, maps={MAP: MapRecord(each.maps[MAP].counts, events, pileup)})
        for each in fill(6, [Fault(MAP, CELL, "dead", onset=3)])
    ]
    found = scored(tmp_path / "store.sqlite", bundle, lumisections)
    assert {row.degraded for row in found.results} == {degraded}
    assert [row.quality for row in found.results] == [Quality.GOOD] * 2 + [Quality.BAD] * 4
    assert {(row.y, row.x) for row in found.flags if row.code == 0} == {CELL}
