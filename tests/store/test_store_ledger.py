import math
from dataclasses import replace
from pathlib import Path

import pytest

from caloscope import __version__
from caloscope.errors import Fault, StoreError
from caloscope.records import Cell, LumiId
from caloscope.store import Checkpoint, FileRow

from .making import BUNDLE, LABEL, MAP, RUN, incident, opened, scored


def checkpoint(lumi: int, blob: bytes = b"state") -> Checkpoint:
    return Checkpoint(LABEL, MAP, BUNDLE, RUN, lumi, blob)


def test_incidents_are_updated_in_place(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([scored(3)], [incident(1, 3, 3)])
        store.record([scored(4)], [incident(1, 3, 4), incident(2, 4, 4)])
        assert store.incidents() == [incident(1, 3, 4), incident(2, 4, 4)]
        before = store.last_change()
        store.record([], [incident(1, 3, 4)])
        assert store.last_change() == before
        store.record([], [incident(1, 3, 4, closed=6)])
        assert store.incidents(open_only=True) == [incident(2, 4, 4)]
        (change,) = store.changes_since(before)
        assert (change.kind, change.lumi, change.map) == ("incident", 6, MAP)


def test_incidents_of_a_run_are_those_open_in_it(tmp_path: Path) -> None:
    early = replace(incident(1, 3, 9), closed=LumiId(RUN + 1, 2))
    with opened(tmp_path / "s.db") as store:
        store.record([], [early, incident(2, 1, 1, run=RUN + 2)])
        assert [each.id for each in store.incidents(run=RUN + 1)] == ["i1"]
        assert [each.id for each in store.incidents(run=RUN + 3)] == ["i2"]
        assert store.incidents(label="other") == store.incidents(map="other") == []


def test_numbers_that_are_not_finite_survive(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        factors = (None, math.nan, math.inf)
        store.record([], [incident(n, 1, 1, factor=factor) for n, factor in enumerate(factors)])
        assert [each.factor for each in store.incidents()] == [None, None, math.inf]


def test_a_record_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([scored(1, {(0, 0): 0})])
        before = store.last_change()
        with pytest.raises(StoreError, match="expected a registered bundle"):
            store.record([scored(2, {(0, 0): 0})], [replace(incident(1, 2, 2), bundle="b9")], [checkpoint(2)])
        assert [row.key.lumi for row in store.results(LABEL, RUN)] == [1]
        assert [row.lumi for row in store.flags()] == [1]
        assert store.last_change() == before


def test_a_revision_takes_back_incidents_and_checkpoints(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        for lumi in range(1, 7):
            store.record([scored(lumi, {(0, 0): 0})], [incident(1, 2, lumi)], [checkpoint(lumi)])
        store.record([], [incident(2, 5, 6)])
        before = store.last_change()
        again = [scored(lumi, content="new") for lumi in (4, 5, 6)]
        store.record(again, [incident(1, 2, 3, closed=5)], [checkpoint(6, b"new")], LumiId(RUN, 4))
        assert store.incidents() == [incident(1, 2, 3, closed=5)]
        kept = [(each.lumi, each.blob) for each in store.checkpoints(LABEL, MAP, BUNDLE)]
        assert kept == [(1, b"state"), (2, b"state"), (3, b"state"), (6, b"new")]
        assert [row.lumi for row in store.flags()] == [1, 2, 3]
        assert [row.content for row in store.results(LABEL, RUN)] == ["c1", "c2", "c3", "new", "new", "new"]
        kinds = [change.kind for change in store.changes_since(before)]
        assert sorted(kinds) == ["incident"] * 2 + ["result"] * 3


def test_a_revision_reaches_into_later_runs(tmp_path: Path) -> None:
    bad: dict[Cell, int] = {(0, 0): 0}
    with opened(tmp_path / "s.db") as store:
        store.record([scored(8, bad), scored(9, bad), scored(1, bad, run=RUN + 1)])
        store.record([scored(9), scored(1, run=RUN + 1)], revised_from=LumiId(RUN, 9))
        assert [(row.run, row.lumi) for row in store.flags()] == [(RUN, 8)]


def test_a_result_that_a_revision_leaves_out_stays_with_its_flags(tmp_path: Path) -> None:
    bad: dict[Cell, int] = {(0, 0): 0}
    with opened(tmp_path / "s.db") as store:
        store.record([scored(lumi, bad) for lumi in (1, 2, 3, 4)])
        store.record([scored(2), scored(4)], revised_from=LumiId(RUN, 2))
        assert [row.lumi for row in store.flags()] == [1, 3]


def test_the_last_twenty_checkpoints_are_kept(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        for lumi in range(1, 31):
            store.record([], [], [checkpoint(lumi, bytes([lumi]))])
        store.record([], [], [checkpoint(30, b"again")])
        kept = store.checkpoints(LABEL, MAP, BUNDLE)
        assert [each.lumi for each in kept] == list(range(11, 31))
        assert kept[-1] == checkpoint(30, b"again")
        assert store.checkpoints(LABEL, MAP, "other") == []


def test_a_file_is_in_the_ledger_once(tmp_path: Path) -> None:
    done = FileRow("spool/a.root", 10, 20, "DONE", lumis=1, seconds=0.5)
    bad = FileRow("spool/b.root", 0, 20, "QUARANTINED", Fault.EMPTY_FILE, "found 0 bytes")
    with opened(tmp_path / "s.db") as store:
        for _ in range(2):
            store.note_file(done)
            store.note_file(bad)
        assert [row.path for row in store.files()] == ["spool/a.root", "spool/b.root"]
        (found,) = store.files("QUARANTINED")
        assert replace(found, noted_at=None) == replace(bad, version=__version__)
        assert [change.kind for change in store.changes_since(0)] == ["file"]
        store.note_file(replace(done, mtime_ns=21))
        assert len(store.files("DONE")) == 2
        assert store.file("spool/a.root", 10, 22) is None
        seen = store.file("spool/a.root", 10, 20)
        assert seen is not None
        assert seen.status == "DONE"
        assert seen.noted_at is not None


def test_a_file_name_that_is_no_text_is_noted(tmp_path: Path) -> None:
    odd = FileRow("spool/\udcff\udcfe.root", 1, 2, "QUARANTINED", Fault.UNKNOWN_FORMAT, "\udcff\0")
    with opened(tmp_path / "s.db") as store:
        store.note_file(odd)
        found = store.file(odd.path, 1, 2)
        assert found is not None
        assert (found.path, found.detail) == ("spool/\\udcff\\udcfe.root", "\\udcff\\0")


def test_a_file_read_in_part_may_be_done_later(tmp_path: Path) -> None:
    part = FileRow("a.root", 10, 20, "PARTIAL", Fault.TRUNCATED, "found 2 of 3", 2)
    with opened(tmp_path / "s.db") as store:
        store.note_file(part)
        store.note_file(replace(part, status="DONE", fault=None, detail="", lumis=3))
        (row,) = store.files()
        assert (row.status, row.fault, row.lumis) == ("DONE", None, 3)
        assert len(store.changes_since(0)) == 2


def test_masks_are_in_force_until_they_end_or_are_revoked(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        ever = store.add_mask(MAP, [(1, 2), (3, 4)], "anna", "dead since 2012")
        short = store.add_mask(MAP, [(0, 0)], "ben", "laser", until=ever.created_at + 100)
        now = short.created_at
        assert store.masks(MAP) == [ever, short]
        assert store.masks(MAP, now=now + 1000) == [ever]
        assert store.masks("EE+/digi") == []
        store.revoke_mask(ever.id)
        assert store.masks(now=now + 1) == [short]
        assert [mask.revoked for mask in store.masks(in_force=False)] == [True, False]
        assert [(change.kind, change.map) for change in store.changes_since(0)] == [("mask", MAP)] * 3
        with pytest.raises(StoreError, match="found no mask 99"):
            store.revoke_mask(99)
