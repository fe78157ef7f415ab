"""Data sets as sources: records that cover several lumisections, and real numbers."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from caloscope import dataset, training
from caloscope.errors import Fault, UsageError
from caloscope.faults import Fault as Sick
from caloscope.monitor import Intake, in_time_order, replay
from caloscope.pipeline import Pipeline
from caloscope.records import Lumisection
from caloscope.store import Store

from ..pipeline.growing import EVERY, spans, with_record
from ..pipeline.making import LABEL, MAP, RUN, TEXT, cached_bundle, fill, recorded, scored, seen, spec

CELL = (1, 4)


def written(path: Path, given: list[Lumisection], kind: Literal["counts", "float"] = "counts") -> Path:
    """A data set of the map."""
    on = seen()
    info = dataset.MapInfo(MAP, on.name, "hits", "overdispersed", "Toy", on.version, kind, on.shape)
    rows = [dataset.Row(each.run, each.lumi, each.began_at, dict(each.maps)) for each in given]
    dataset.write(path, rows, len(rows), [info], label=LABEL, era="any", provenance={})
    return path


def as_kept(given: list[Lumisection]) -> list[Lumisection]:
    """What a data set gives back: pileup in single precision."""
    records = [each.maps[MAP] for each in given]
    kept = [replace(record, pileup=float(np.float32(record.pileup or 0))) for record in records]
    return [with_record(each, record) for each, record in zip(given, kept, strict=True)]


def real_numbers(given: list[Lumisection]) -> list[Lumisection]:
    """The same with halves in it."""
    records = [each.maps[MAP] for each in given]
    halves = [
        replace(record, counts=record.counts.astype(np.float32) + np.float32(0.5)) for record in records
    ]
    return [with_record(each, record) for each, record in zip(given, halves, strict=True)]


def test_records_with_spans_are_replayed_as_they_were_converted(tmp_path: Path) -> None:
    bundle = cached_bundle(tmp_path)
    runs = [fill(60, [Sick(MAP, CELL, "dead", onset=22)]), fill(40, run=RUN + 1)]
    folder = tmp_path / "data"
    folder.mkdir()
    for name, given in zip(("z.h5", "a.h5"), runs, strict=True):
        written(folder / name, spans(given))
    with Store(str(tmp_path / "store.sqlite")) as store:
        intake = Intake(store, [bundle], LABEL)
        done = replay(in_time_order(folder.iterdir(), intake), intake)
        assert (done.files, done.results, done.quarantined) == (2, 10, [])
        rows = store.results(LABEL, RUN)
        (incident,) = [each for each in store.incidents(label=LABEL) if not each.standing]
        found = recorded(store)
    assert {row.span for row in rows} == {EVERY}
    assert (incident.cells, incident.opened.lumi, incident.onset.lumi) == ((CELL,), 30, 21)
    expected = scored(tmp_path / "direct.sqlite", bundle, as_kept([*spans(runs[0]), *spans(runs[1])]))
    assert (found.codes, found.evidence, found.flags) == (expected.codes, expected.evidence, expected.flags)
    assert found.incidents == expected.incidents


def test_a_detector_learns_from_records_with_spans(tmp_path: Path) -> None:
    bundle = training.train(
        spans(fill(200, run=1)), spec(), seen(), tmp_path / "spans.bundle", calorimeter=TEXT
    )
    assert bundle.card.training["lumisections"] == 20


def test_real_numbers_are_neither_scored_nor_learned_from(tmp_path: Path) -> None:
    given = real_numbers(fill(40))
    path = written(tmp_path / "real.h5", given, "float")
    with Store(str(tmp_path / "store.sqlite")) as store:
        intake = Intake(store, [cached_bundle(tmp_path)], LABEL)
        taken = intake.take(path)
        assert taken.error is not None
        assert taken.error.fault is Fault.INVALID_COUNTS
        assert f"found real numbers in {MAP}, expected counts" in str(taken.error)
        assert (taken.results, store.labels()) == ((), [])
        assert [row.status for row in store.files()] == ["QUARANTINED"]
        with pytest.raises(UsageError, match=f"found real numbers for {MAP} in {RUN}:1, expected counts"):
            Pipeline(store, [cached_bundle(tmp_path)], LABEL).take(given[0])
    with pytest.raises(UsageError, match=f"found real numbers for {MAP}, expected counts"):
        training.train(given, spec(), seen(), tmp_path / "real.bundle", calorimeter=TEXT)
