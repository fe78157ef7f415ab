"""Maps that grow through the run: differences are judged, a record of k lumisections as one observation."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.bundle import Bundle
from caloscope.faults import Fault
from caloscope.pipeline import ConflictError, Pipeline
from caloscope.pipeline.timeline import KEPT
from caloscope.records import Code, Lumisection, MapResult, Quality, Reason
from caloscope.store import Store

from .growing import EVERY, restarted, snapshots, spans, with_record
from .making import LABEL, MAP, RUN, SHAPE, at, cached_bundle, fill, recorded, without_map

CELL = (1, 4)
DEAD_FROM, DEAD_UNTIL = 34, 61
"""First lumisection of the fault, and the first without it."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return cached_bundle(tmp_path_factory.mktemp("cumulative"))


def results(folder: Path, bundle: Bundle, arrivals: Sequence[Lumisection]) -> list[MapResult]:
    """What the pipeline answers, one after the other."""
    with Store(str(folder / "results.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        return [result for each in arrivals for result in pipeline.take(each)]


def told(found: Sequence[MapResult]) -> list[tuple[int, int, Reason | None]]:
    """Lumisection, span and reason of each."""
    return [(each.key.lumi, each.span, each.reason) for each in found]


def test_the_first_has_no_baseline_and_each_other_is_judged_once_for_its_span(
    tmp_path: Path, bundle: Bundle
) -> None:
    given = fill(50)
    first, *rest = results(tmp_path, bundle, snapshots(given))
    assert (first.quality, first.reason, first.span) == (Quality.UNKNOWN, Reason.NO_BASELINE, 1)
    assert first.detail == f"the first of run {RUN}"
    assert first.counts is None
    assert first.events is None
    assert told(rest) == [(lumi, EVERY, None) for lumi in (20, 30, 40, 50)]
    for result, expected in zip(rest, spans(given)[1:], strict=True):
        record = expected.maps[MAP]
        assert result.counts is not None
        assert result.quality is Quality.GOOD
        np.testing.assert_array_equal(result.counts, record.counts)
        assert (result.events, result.image_events) == (record.events, record.events)
        assert result.pileup == record.pileup


def test_a_data_set_of_the_differences_gives_the_same_answers(tmp_path: Path, bundle: Bundle) -> None:
    given = fill(90, [Fault(MAP, CELL, "dead", onset=DEAD_FROM, end=DEAD_UNTIL)])
    live, converted = tmp_path / "live", tmp_path / "converted"
    live.mkdir()
    converted.mkdir()
    _, *found = results(live, bundle, snapshots(given))
    again = results(converted, bundle, spans(given)[1:])
    assert told(found) == told(again)
    for one, other in zip(found, again, strict=True):
        np.testing.assert_array_equal(one.codes, other.codes)
        assert one.evidence is not None
        assert other.evidence is not None
        np.testing.assert_array_equal(one.evidence, other.evidence)


def test_a_fault_and_its_cure_are_found_with_the_next_record(tmp_path: Path, bundle: Bundle) -> None:
    given = fill(90, [Fault(MAP, CELL, "dead", onset=DEAD_FROM, end=DEAD_UNTIL)])
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for each in snapshots(given):
            pipeline.take(each)
        found = {row.key.lumi: row.quality for row in store.results(LABEL, RUN)}
        (incident,) = [each for each in store.incidents(label=LABEL) if not each.standing]
    bad = {lumi for lumi, quality in found.items() if quality is Quality.BAD}
    assert bad == {40, 50, 60}
    assert (incident.cells, incident.opened, incident.last) == ((CELL,), at(40), at(60))
    assert incident.onset == at(31), "it may have begun in the first lumisection of its record"
    assert incident.closed == at(70), "one record without it is more than three lumisections without it"


def test_a_record_with_the_end_of_a_fault_in_it_is_still_bad(tmp_path: Path, bundle: Bundle) -> None:
    """The cell is dead for four of its ten lumisections: it is no dead cell any more, and far from good."""
    given = fill(80, [Fault(MAP, CELL, "dead", onset=21, end=55)])
    found = results(tmp_path, bundle, snapshots(given))
    assert [each.key.lumi for each in found if each.quality is Quality.BAD] == [30, 40, 50, 60]


def test_snapshots_that_never_came_make_the_span_longer(tmp_path: Path, bundle: Bundle) -> None:
    given = snapshots(fill(70))
    found = results(tmp_path, bundle, [given[0], given[1], given[5], without_map(given[6])])
    assert told(found) == [
        (10, 1, Reason.NO_BASELINE),
        (20, 10, None),
        (60, 40, None),
        (70, 1, Reason.MAP_MISSING),
    ]


def test_what_takes_the_place_of_a_missing_map_is_the_baseline_of_the_next(
    tmp_path: Path, bundle: Bundle
) -> None:
    given = snapshots(fill(40))
    found = results(tmp_path, bundle, [given[0], without_map(given[1]), given[2], given[1]])
    assert told(found) == [
        (10, 1, Reason.NO_BASELINE),
        (20, 1, Reason.MAP_MISSING),
        (30, 20, None),
        (20, 10, None),
        (30, 10, None),
    ]


def test_a_producer_that_starts_again_is_no_baseline_and_then_is_one(tmp_path: Path, bundle: Bundle) -> None:
    found = results(tmp_path, bundle, restarted())
    unknown = [(each.key.run, each.key.lumi) for each in found if each.reason is Reason.NO_BASELINE]
    assert unknown == [(RUN, 10), (RUN, 50), (RUN + 1, 10)]
    (reset,) = [each for each in found if (each.key.run, each.key.lumi) == (RUN, 50)]
    assert reset.detail.startswith("a reset: events fell from ")
    assert {each.span for each in found if each.reason is None} == {EVERY}


def test_a_map_that_did_not_grow_is_dead(tmp_path: Path, bundle: Bundle) -> None:
    given = snapshots(fill(30))
    stuck = replace(given[2].maps[MAP], counts=given[1].maps[MAP].counts)
    *_, last = results(tmp_path, bundle, [*given[:2], with_record(given[2], stuck)])
    assert (last.quality, last.flag_reason, last.span) == (Quality.BAD, Reason.EMPTY_MAP, EVERY)
    assert last.bad_cells == SHAPE[0] * SHAPE[1] - 1


def test_the_same_again_is_nothing_new_and_others_are_a_conflict(tmp_path: Path, bundle: Bundle) -> None:
    given = snapshots(fill(30))
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for each in given:
            pipeline.take(each)
        before = recorded(store)
        assert pipeline.take(given[1]) == []
        with pytest.raises(ConflictError):
            pipeline.take(with_record(given[1], replace(given[1].maps[MAP], cumulative=False)))
        assert recorded(store) == before


def test_one_that_comes_too_late_is_told_without_its_counts(tmp_path: Path, bundle: Bundle) -> None:
    given = snapshots(fill(KEPT + 4), every=1)
    *_, late = results(tmp_path, bundle, [*given[:1], *given[2:], given[1]])
    assert (late.key.lumi, late.reason, late.counts, late.events) == (2, Reason.LATE, None, None)
    assert set(np.unique(late.codes)) <= {Code.UNKNOWN, Code.MASKED_UNKNOWN, Code.ABSENT, Code.MASKED_BAD}


def test_lumisections_of_their_own_between_snapshots_are_judged_as_ever(
    tmp_path: Path, bundle: Bundle
) -> None:
    """ECAL's "by lumi" histograms: each snapshot holds the last lumisection and no other."""
    given = [each for each in fill(40) if each.lumi % EVERY == 0]
    found = results(tmp_path, bundle, given)
    assert told(found) == [(lumi, 1, None) for lumi in (10, 20, 30, 40)]
