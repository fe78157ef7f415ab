"""Lumisections that nobody can judge, in which cells are absent beyond doubt."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope import training
from caloscope.bundle import Bundle
from caloscope.faults import Fault
from caloscope.pipeline import Pipeline
from caloscope.records import Cell, Code, Direction, Incident, Lumisection, Quality, Reason, Severity
from caloscope.simulate import Fill, lumisections
from caloscope.store import Store

from .making import (
    DEAD,
    EVENTS,
    LABEL,
    MAP,
    RUN,
    SHAPE,
    TEXT,
    TRAINING_RUN,
    at,
    detector,
    fill,
    seen,
    spec,
)

CELL, OTHER = (2, 4), (0, 0)
PILEUP = 190.0
"""Far outside what the bundle was learned from."""

ALIVE = SHAPE[0] * SHAPE[1] - 1
"""Cells but for `DEAD`, which never counted."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Learned in a fill in which pileup falls, so that it knows what it learned and what not."""
    good = Fill(TRAINING_RUN, 60, seed=1, events=EVENTS, lifetime=130.0)
    folder = tmp_path_factory.mktemp("bundles") / "toy.bundle"
    given = lumisections(good, detector(), [Fault(MAP, DEAD, "dead")])
    return training.train(given, spec(), seen(), folder, calorimeter=TEXT)


def outside(lumisection: Lumisection, *, without: tuple[Cell, ...] = (), share: float = 1.0) -> Lumisection:
    """The same lumisection at a pileup that nobody knows; a share of its counts, none in some cells."""
    record = lumisection.maps[MAP]
    counts = np.floor(record.counts * share).astype(np.uint32)
    for cell in without:
        counts[cell] = 0
    return replace(lumisection, maps={MAP: replace(record, counts=counts, pileup=PILEUP)})


def incidents(store: Store) -> Mapping[Cell, Incident]:
    """By their first cell."""
    return {each.cells[0]: each for each in store.incidents(label=LABEL) if not each.standing}


def test_a_cell_that_counts_nothing_is_bad_and_the_others_are_unknown(tmp_path: Path, bundle: Bundle) -> None:
    given = fill(4)
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        pipeline.take(given[0])
        (result,) = pipeline.take(outside(given[1], without=(CELL,)))
        assert (result.quality, result.flag_reason, result.reason) == (Quality.BAD, Reason.ABSENT, None)
        assert (result.codes[CELL], result.codes[DEAD]) == (Code.BAD, Code.MASKED_BAD)
        assert np.count_nonzero(result.codes == Code.UNKNOWN) == ALIVE - 1
        (row,) = [each for each in store.flags(label=LABEL) if each.code == Code.BAD]
        assert (row.y, row.x, row.reason, row.direction) == (*CELL, Reason.ABSENT, "low")
        (incident,) = incidents(store).values()
        assert (incident.cells, incident.opened, incident.onset) == ((CELL,), at(2), at(2))
        assert (incident.reason, incident.factor) == (Reason.ABSENT, 0.0)
        assert "OUT_OF_RANGE: pileup 190" in result.detail
        (after,) = pipeline.take(given[2])
        assert (after.quality, after.bad_cells) == (Quality.BAD, 0), "three good ones end it"


def test_nothing_absent_is_unknown_with_the_detectors_reason(tmp_path: Path, bundle: Bundle) -> None:
    with Store(str(tmp_path / "store.sqlite")) as store:
        (result,) = Pipeline(store, [bundle], LABEL).take(outside(fill(1)[0]))
        assert (result.quality, result.reason) == (Quality.UNKNOWN, Reason.OUT_OF_RANGE)
        assert not incidents(store)


def test_what_may_be_nothing_by_chance_is_not_absent(tmp_path: Path, bundle: Bundle) -> None:
    """A twentieth of the counts is 120 a cell: with the noise of readouts that can be none."""
    with Store(str(tmp_path / "store.sqlite")) as store:
        dim = outside(fill(1)[0], without=(CELL,), share=0.05)
        (result,) = Pipeline(store, [bundle], LABEL).take(dim)
        assert (result.quality, result.bad_cells) == (Quality.UNKNOWN, 0)


def test_a_few_absent_cells_are_no_absent_map(tmp_path: Path, bundle: Bundle) -> None:
    """Parts of the detector are as large as ever, though little can be said of most of their cells."""
    left = tuple((y, x) for y in range(5) for x in range(3))
    given = fill(2)
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        pipeline.take(outside(given[0], without=((0, 0), (0, 4), (4, 4), (4, 0))))
        assert {each.cells: each.severity for each in incidents(store).values()} == {
            (cell,): Severity.CELL for cell in ((0, 0), (0, 4), (4, 4), (4, 0))
        }
    with Store(str(tmp_path / "half.sqlite")) as store:
        Pipeline(store, [bundle], LABEL).take(outside(given[1], without=left))
        (incident,) = incidents(store).values()
        assert (incident.hardware, incident.severity, incident.cells) == ("TOY left", Severity.REGION, left)


def test_what_is_open_elsewhere_waits(tmp_path: Path, bundle: Bundle) -> None:
    """Neither closed nor a lumisection nearer to it, in this run and in the next."""
    faults = [Fault(MAP, OTHER, "hot", 3.0, onset=3, end=5)]
    given, after = fill(12, faults), fill(8, run=RUN + 1)
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for each in given[:5]:
            pipeline.take(each)
        before = incidents(store)[OTHER]
        assert (before.last, before.closed, before.direction) == (at(4), None, Direction.HIGH)
        for each in [*given[5:], *after[:4]]:
            (result,) = pipeline.take(outside(each, without=(CELL,)))
            assert (result.quality, result.codes[OTHER]) == (Quality.BAD, Code.UNKNOWN)
            assert incidents(store)[OTHER] == before
        for each in after[4:]:
            pipeline.take(each)
        assert incidents(store)[OTHER].closed == at(5, RUN + 1), "in another run one quiet one ends it"


def test_a_large_incident_does_not_shrink_where_little_is_seen(tmp_path: Path, bundle: Bundle) -> None:
    """Half of the map is dead; then one of its cells, and nobody can judge the others."""
    given, after = fill(6, [Fault(MAP, "TOY left", "dead", onset=3)]), fill(14)[6:]
    with Store(str(tmp_path / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for each in given:
            pipeline.take(each)
        (before,) = incidents(store).values()
        assert before.hardware == "TOY left"
        for each in after:
            pipeline.take(outside(each, without=(OTHER,)))
        (incident,) = incidents(store).values()
        assert (incident.id, incident.cells, incident.closed) == (before.id, before.cells, None)
        assert incident.last == at(14)


def test_masked_absent_cells_leave_the_map_unknown(tmp_path: Path, bundle: Bundle) -> None:
    given = fill(8, [Fault(MAP, OTHER, "dead", onset=3)])
    with Store(str(tmp_path / "store.sqlite")) as store:
        store.add_mask(MAP, [CELL], "shifter", "known")
        pipeline = Pipeline(store, [bundle], LABEL)
        (result,) = pipeline.take(outside(given[0], without=(CELL,)))
        assert (result.quality, result.reason) == (Quality.UNKNOWN, Reason.OUT_OF_RANGE)
        assert (result.codes[CELL], result.codes[OTHER]) == (Code.MASKED_BAD, Code.UNKNOWN)
        assert incidents(store)[CELL].masked
        for each in given[1:4]:
            pipeline.take(each)
        assert incidents(store)[OTHER].closed is None
        # The open incident is as little seen as in a lumisection in which nothing is absent.
        given[4].maps[MAP].counts[OTHER] = 2_000
        (result,) = pipeline.take(outside(given[4], without=(CELL,)))
        assert (result.quality, result.reason) == (Quality.UNKNOWN, Reason.OUT_OF_RANGE)
        (result,) = pipeline.take(outside(given[5], without=(CELL, OTHER)))
        assert (result.quality, result.bad_cells) == (Quality.BAD, 1)


def test_a_map_of_zeros_is_bad_as_a_whole(tmp_path: Path, bundle: Bundle) -> None:
    given = fill(1)
    record = given[0].maps[MAP]
    assert record.events is not None
    assert record.events > EVENTS / 2
    with Store(str(tmp_path / "store.sqlite")) as store:
        (result,) = Pipeline(store, [bundle], LABEL).take(outside(given[0], share=0.0))
        assert (result.quality, result.flag_reason) == (Quality.BAD, Reason.EMPTY_MAP)
        assert result.bad_cells == ALIVE


@pytest.mark.parametrize(("pileup", "quality"), [(None, Quality.UNKNOWN), (50.0, Quality.BAD)])
def test_an_empty_map_after_the_beams_are_lost_is_not_bad(
    pileup: float | None, quality: Quality, tmp_path: Path, bundle: Bundle
) -> None:
    """A few cosmic rays and no luminosity: a healthy map may be empty. With collisions it may not."""
    given = fill(1)[0]
    empty = replace(given.maps[MAP], counts=np.zeros(SHAPE, np.uint32), events=6, pileup=pileup)
    with Store(str(tmp_path / "store.sqlite")) as store:
        (result,) = Pipeline(store, [bundle], LABEL).take(replace(given, maps={MAP: empty}))
    assert result.quality is quality
