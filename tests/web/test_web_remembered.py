"""Runs kept in memory are what the store holds, whatever was written in whatever order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from caloscope.records import LumiState, Reason
from caloscope.store import Entry, LumiRow, ResultRow, Store
from caloscope.web import remembered
from caloscope.web.remembered import Remembered, grouped

from .filling import BARREL, HADRON, LABEL, RUN, result


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "store.db")) as opened:
        for bundle in (BARREL, HADRON):
            opened.register_bundle(bundle)
        yield opened


def record(store: Store, *lumis: int, run: int = RUN, unknown: Reason | None = None) -> None:
    told = [LumiRow(LABEL, run, lumi, LumiState.RAMP, "told", book="{}") for lumi in lumis]
    store.record_all([Entry([result(HADRON, lumi, run=run, unknown=unknown) for lumi in lumis], lumis=told)])


def in_store(store: Store) -> dict[int, list[ResultRow]]:
    return grouped(store.results(LABEL, RUN))


def test_late_and_changed_lumisections_are_read_again(store: Store) -> None:
    kept = Remembered()
    record(store, 3, 5, 6)
    for lumis, unknown in (((7,), None), ((2, 4), None), ((5,), Reason.RAMP), ((1, 8), None)):
        assert kept.run(store, LABEL, RUN).by_lumi == in_store(store)
        record(store, *lumis, unknown=unknown)
    found = kept.run(store, LABEL, RUN)
    assert found.by_lumi == in_store(store)
    assert list(found.by_lumi) == list(found.lumis) == list(range(1, 9))
    assert {row.book for row in found.lumis.values()} == {""}, "the pipeline's own is not kept"


def test_what_did_not_change_is_not_read_again(store: Store) -> None:
    kept = Remembered()
    record(store, 1, 2)
    first = kept.run(store, LABEL, RUN)
    assert kept.run(store, LABEL, RUN) is first
    record(store, 1, run=RUN + 1)
    again = kept.run(store, LABEL, RUN)
    assert again.by_lumi is first.by_lumi, "another run"
    record(store, 3)
    assert kept.run(store, LABEL, RUN).by_lumi[1] is first.by_lumi[1], "another lumisection"


def test_changes_that_are_gone_or_too_many_make_it_read_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Remembered()
    record(store, 1, 2)
    kept.run(store, LABEL, RUN)
    record(store, 3)
    record(store, 4)
    store.trim_changes(1)
    assert kept.run(store, LABEL, RUN).by_lumi == in_store(store)
    monkeypatch.setattr(remembered, "CHANGES", 2)
    record(store, 5, 6, 7)
    assert kept.run(store, LABEL, RUN).by_lumi == in_store(store)


def test_only_the_newest_of_very_long_runs_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MOST_LUMIS", 3)
    kept = Remembered()
    record(store, 1, 2, 3, 4)
    assert list(kept.run(store, LABEL, RUN).by_lumi) == [2, 3, 4]
    record(store, 5)
    found = kept.run(store, LABEL, RUN)
    assert (list(found.by_lumi), list(found.lumis)) == ([3, 4, 5], [3, 4, 5])


def test_as_many_runs_as_people_look_at(store: Store) -> None:
    kept = Remembered()
    for run in range(RUN, RUN + remembered.RUNS + 2):
        record(store, 1, run=run)
        kept.run(store, LABEL, run)
    assert len(kept._runs) == remembered.RUNS
