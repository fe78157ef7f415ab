"""Conditions of lumisections, runs, and what is known of the making of a result."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from caloscope import __version__
from caloscope.errors import StoreError
from caloscope.records import LumiId, LumiState
from caloscope.store import Entry, LumiRow, RunRow

from .making import LABEL, MAP, RUN, key, opened, scored


def conditions(lumi: int, *, run: int = RUN, label: str = LABEL, shift: float = 0.0) -> LumiRow:
    """Conditions with something in every field."""
    return LumiRow(
        label,
        run,
        lumi,
        LumiState.COLLISIONS,
        "told",
        detail="stable beams",
        off=("EB+", "HO"),
        trigger="key 7",
        fill=6371,
        events={MAP: 1000 + lumi},
        levels={MAP: -0.125},
        shift=shift,
        book='{"told": 1}',
    )


def test_conditions_come_back_ascending(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        rows = [conditions(lumi) for lumi in (3, 1, 2)]
        store.record_all([Entry(lumis=rows[:1]), Entry(lumis=rows[1:])])
        store.record_all(
            [Entry(lumis=[conditions(1, run=RUN + 1), conditions(9, label="A"), conditions(9, run=7)])]
        )
        assert store.lumis(LABEL, RUN) == [conditions(lumi) for lumi in (1, 2, 3)]
        assert [row.lumi for row in store.lumis(LABEL, RUN, first=2, last=2)] == [2]
        newest = store.newest_lumis(LABEL, 3)
        assert [row.id for row in newest] == [LumiId(RUN, 2), LumiId(RUN, 3), LumiId(RUN + 1, 1)]
        assert store.lumis("other", RUN) == store.newest_lumis("other", 5) == []


def test_new_conditions_take_the_place_of_old_ones_and_are_told_once(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        for _ in range(2):
            store.record_all([Entry(lumis=[conditions(1), conditions(2)])])
        told = [(change.kind, change.label, change.run, change.lumi) for change in store.changes_since(0)]
        assert told == [("conditions", LABEL, RUN, 1), ("conditions", LABEL, RUN, 2)]
        before = store.last_change()
        later = replace(conditions(1), state=LumiState.RAMP, fill=None, events={}, off=())
        store.record_all([Entry(lumis=[conditions(1, shift=0.5)]), Entry(lumis=[conditions(2), later])])
        assert store.lumis(LABEL, RUN) == [later, conditions(2)]
        assert [change.lumi for change in store.changes_since(before)] == [1]


def test_conditions_are_written_with_the_results_or_not_at_all(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record_all([Entry([scored(1)], lumis=[conditions(1)])])
        with pytest.raises(StoreError, match="expected the recorded"):
            store.record_all([Entry([scored(2)], lumis=[conditions(2)]), Entry([scored(1, content="other")])])
        assert store.lumis(LABEL, RUN) == [conditions(1)]


def test_a_revision_leaves_conditions_alone_that_it_does_not_bring(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record_all([Entry([scored(n) for n in (1, 2)], lumis=[conditions(1), conditions(2)])])
        again = [scored(n, content="new") for n in (1, 2)]
        store.record_all([Entry(again, revised_from=LumiId(RUN, 1), lumis=[conditions(2, shift=-0.25)])])
        assert store.lumis(LABEL, RUN) == [conditions(1), conditions(2, shift=-0.25)]


def test_numbers_that_are_none_are_not_known(tmp_path: Path) -> None:
    levels = {MAP: math.nan, "EE+/digi": math.inf, "EE-/digi": 0.5}
    row = replace(conditions(1), levels=levels, shift=math.nan, detail="\udcff\0")
    with opened(tmp_path / "s.db") as store:
        for _ in range(2):
            store.record_all([Entry(lumis=[row])])
        (found,) = store.lumis(LABEL, RUN)
        assert (found.levels, found.shift, found.detail) == ({"EE-/digi": 0.5}, 0.0, "\\udcff\\0")
        assert store.last_change() == 1


def test_a_result_knows_its_source_its_stages_and_the_version(tmp_path: Path) -> None:
    stages = {"prepare": 0.0012345678, "detector": math.nan, "evidence": 0.5}
    with opened(tmp_path / "s.db") as store:
        store.record([replace(scored(1), source="spool/\udcff.root", stages=stages), scored(2)])
        first, second = store.results(LABEL, RUN)
        assert (first.source, first.version) == ("spool/\\udcff.root", __version__)
        assert first.stages == {"prepare": 0.001235, "evidence": 0.5}
        assert (second.source, second.stages) == ("", {})
        assert store.result(key(1)) == first


def test_the_first_end_of_a_run_is_its_end(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.note_run(LABEL, RUN + 1, at=50.0)
        store.note_run(LABEL, RUN, at=10.0)
        store.note_run(LABEL, RUN, at=20.0)
        assert store.last_change() == 0
        store.note_run(LABEL, RUN, at=30.0, ended_by="marker")
        store.note_run(LABEL, RUN, at=40.0, ended_by="next run")
        store.note_run(LABEL, RUN, at=5.0)
        store.note_run("A", RUN, at=1.0, ended_by="marker")
        assert store.runs_known(LABEL) == [
            RunRow(LABEL, RUN, 10.0, 5.0, 30.0, "marker"),
            RunRow(LABEL, RUN + 1, 50.0, 50.0),
        ]
        assert store.runs_known("A") == [RunRow("A", RUN, 1.0, 1.0, 1.0, "marker")]
        told = [(change.kind, change.label, change.run) for change in store.changes_since(0)]
        assert told == [("run", LABEL, RUN), ("run", "A", RUN)]
