"""What is deleted, what is never deleted, and that the file stops growing."""

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.dialects import sqlite

from caloscope.errors import StoreError, UsageError
from caloscope.records import LumiId, Quality
from caloscope.store import Checkpoint, Entry, Store
from caloscope.store.retention import _NEW, _STILL_KEPT

from .making import BUNDLE, LABEL, MAP, RUN, bundle, incident, key, opened, scored, unknown


def whole(store: Store, run: int = RUN) -> list[int]:
    """Lumisections of a run that still have their arrays."""
    return [row.id.lumi for row in store.results(LABEL, run, map=MAP) if store.arrays(row.key)]


def filled(path: Path, lumis: Iterable[int] = range(1, 31)) -> Store:
    """A store with a flag in every lumisection."""
    store = opened(path)
    store.record([scored(lumi, {(0, 0): 0}) for lumi in lumis])
    return store


def test_old_score_maps_go_and_all_else_stays(tmp_path: Path) -> None:
    with filled(tmp_path / "s.db") as store:
        store.record([], [incident(1, 3, 30)], [Checkpoint(LABEL, MAP, BUNDLE, RUN, 30, b"s")])
        results, changes = store.results(LABEL, RUN), store.last_change()
        flags = [(row.lumi, row.y, row.x, row.code, row.direction, row.reason) for row in store.flags()]
        assert store.thin(10, 5) == 15
        assert whole(store) == [3, 5, 10, 15, *range(20, 31)]
        assert store.results(LABEL, RUN) == results
        now = [(row.lumi, row.y, row.x, row.code, row.direction, row.reason) for row in store.flags()]
        assert now == flags
        assert store.incidents() == [incident(1, 3, 30)]
        assert len(store.checkpoints(LABEL, MAP, BUNDLE)) == 1
        assert store.last_change() == changes
        assert store.arrays(key(4)) == {}
        assert store.quality(key(4)) is Quality.BAD


def test_evidence_of_a_flag_whose_map_is_gone_is_the_peak_of_its_interval(tmp_path: Path) -> None:
    with filled(tmp_path / "s.db", range(1, 5)) as store:
        before = [row.evidence for row in store.flags()]
        store.thin(1, 1000)
        assert before == [1.0, 2.0, 3.0, 4.0]
        assert [row.evidence for row in store.flags()] == [4.0, 4.0, 4.0, 4.0]


def test_a_second_time_nothing_is_left_to_do(tmp_path: Path) -> None:
    with filled(tmp_path / "s.db") as store:
        assert store.thin(10, 5) == 16
        assert store.thin(10, 5) == 0
        store.record([scored(31), scored(32)])
        assert store.thin(10, 5) == 2
        assert whole(store) == [5, 10, 15, 20, *range(23, 33)]


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_the_size_of_a_step_changes_nothing(tmp_path: Path, at_once: int) -> None:
    with filled(tmp_path / "s.db") as store:
        assert store.thin(10, 5, at_once) == 16
        assert whole(store) == [5, 10, 15, 20, *range(21, 31)]


def test_a_call_may_be_short(tmp_path: Path) -> None:
    with filled(tmp_path / "s.db") as store:
        assert store.thin(10, 100, 4, most=5) == 8
        assert whole(store) == list(range(9, 31))
        assert [store.thin(10, 100, 4, most=5) for _ in range(3)] == [8, 4, 0]


def test_lumisections_in_which_an_incident_opened_or_closed_stay(tmp_path: Path) -> None:
    again = replace(
        incident(2, 9, 14, closed=15), gaps=((LumiId(RUN, 11), LumiId(RUN, 13)),), bundle="b2", map="EE+/digi"
    )
    with filled(tmp_path / "s.db") as store:
        store.register_bundle(bundle("b2", "EE+/digi", "EE+"))
        store.record([scored(lumi, map_name="EE+/digi", name="b2") for lumi in range(1, 31)])
        store.record([], [incident(1, 4, 6, closed=7), again])
        store.thin(2, 1000)
        assert whole(store) == [4, 7, 29, 30]
        others = [row.id.lumi for row in store.results(LABEL, RUN, map="EE+/digi") if store.arrays(row.key)]
        assert others == [9, 11, 13, 15, 29, 30]


def test_after_a_second_horizon_only_those_of_incidents_stay(tmp_path: Path) -> None:
    with filled(tmp_path / "s.db") as store:
        store.record([], [incident(1, 4, 6, closed=7)])
        assert store.thin(5, 5, forget=15) == 21
        assert whole(store) == [4, 7, 20, 25, *range(26, 31)]  # 5, 10 and 15 were kept for their numbers
        assert store.thin(5, 5, forget=15) == 0
        store.record([scored(lumi) for lumi in range(31, 37)])
        assert store.thin(5, 5, forget=15) == 6  # 26 to 31 but 30, and 20
        assert whole(store) == [4, 7, 25, 30, *range(32, 37)]


def test_what_was_kept_is_forgotten_where_that_is_asked_for_later(tmp_path: Path) -> None:
    with filled(tmp_path / "s.db") as store:
        assert store.thin(5, 5) == 20
        assert store.thin(5, 5, 1, forget=5) == 5
        assert whole(store) == list(range(26, 31))


def test_an_incident_that_is_known_only_later_keeps_what_is_still_there(tmp_path: Path) -> None:
    with filled(tmp_path / "s.db") as store:
        store.thin(5, 5)
        store.record([], [incident(1, 10, 30)])
        store.thin(5, 5, forget=5)
        assert whole(store) == [10, *range(26, 31)]


def test_results_that_are_still_kept_are_found_without_a_walk(tmp_path: Path) -> None:
    """SQLite takes an index on a part of a table only where the query names that part as it does."""
    with filled(tmp_path / "s.db") as store, store._read() as connection:
        for statement, index in ((_NEW, "results_unsettled"), (_STILL_KEPT, "results_kept")):
            text = str(statement.compile(dialect=sqlite.dialect())).replace("?", "1")
            (plan,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
            assert f"SEARCH results USING INDEX {index} " in plan[3]


def test_each_map_counts_its_own_lumisections(tmp_path: Path) -> None:
    with filled(tmp_path / "s.db", range(1, 11)) as store:
        store.register_bundle(bundle("b2", "EE+/digi", "EE+"))
        store.record([scored(lumi, map_name="EE+/digi", name="b2") for lumi in range(1, 4)])
        store.record([scored(lumi, run=RUN + 1) for lumi in (1, 2)])
        store.thin(5, 1000)
        assert whole(store) == [8, 9, 10]
        assert whole(store, RUN + 1) == [1, 2]
        assert store.arrays(key(1, map_name="EE+/digi", name="b2"))


def test_a_late_lumisection_is_thinned_in_its_turn(tmp_path: Path) -> None:
    with filled(tmp_path / "s.db", [lumi for lumi in range(1, 31) if lumi != 3]) as store:
        store.thin(10, 5)
        store.record([scored(3)])
        assert store.thin(10, 5) == 1
        assert not store.arrays(key(3))


def test_clocks_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the results were written in the year 2100, by a clock that went back afterwards."""
    with opened(tmp_path / "s.db") as store:
        for lumi, now in ((1, 4.1e9), (2, 4.1e9), (3, 0.0), (4, 0.0)):
            monkeypatch.setattr("time.time", lambda now=now: now)
            store.record([scored(lumi)])
        store.thin(2, 1000)
        assert whole(store) == [3, 4]


def test_a_revision_keeps_flags_whose_maps_are_gone(tmp_path: Path) -> None:
    """Results that a revision does not bring again stay flagged, also where their arrays were thinned."""
    with filled(tmp_path / "s.db", range(1, 7)) as store:
        store.thin(0, 1000)
        store.record([scored(2), scored(4, {(1, 1): 3}), scored(6)], revised_from=LumiId(RUN, 2))
        found = [(row.lumi, row.y, row.x, row.code, row.evidence) for row in store.flags()]
        flags = [(1, 0, 0, 0), (3, 0, 0, 0), (4, 1, 1, 3), (5, 0, 0, 0)]
        assert [row[:4] for row in found] == flags
        assert not any(row[4] is None or math.isnan(row[4]) for row in found)


def test_an_unknown_result_is_thinned_too(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.record([unknown(1), scored(2), scored(3)])
        assert store.thin(1, 1000) == 2


def test_numbers_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        for numbers, message in (
            ((-1, 1), "keep_lumis: found -1, expected at least 0"),
            ((1, 0), "every: found 0, expected at least 1"),
            ((1, 1, 0), "at_once: found 0, expected at least 1"),
        ):
            with pytest.raises(UsageError, match=message):
                store.thin(*numbers)
        with pytest.raises(UsageError, match="forget: found 9, expected at least 10"):
            store.thin(10, 1, forget=9)
        with pytest.raises(UsageError, match="found 0 changes, expected at least 1"):
            store.trim_changes(0)
    with Store(str(tmp_path / "s.db"), read_only=True) as store:
        assert store.thin(1, 1) == 0


def test_a_reader_may_not_thin(tmp_path: Path) -> None:
    filled(tmp_path / "s.db").close()
    with (
        Store(str(tmp_path / "s.db"), read_only=True) as store,
        pytest.raises(StoreError, match="reading only"),
    ):
        store.thin(1, 1000)


def test_old_changes_are_forgotten_and_ids_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caloscope.store.retention._CHANGES_AT_ONCE", 4)
    with opened(tmp_path / "s.db") as store:
        assert (store.trim_changes(1), store.oldest_change()) == (0, 0)
        store.record([scored(lumi) for lumi in range(1, 31)])
        assert store.oldest_change() == 1
        assert store.trim_changes(100) == 0
        assert store.trim_changes(10) == 20
        assert (store.oldest_change(), store.last_change()) == (21, 30)
        assert [change.lumi for change in store.changes_since(25)] == [26, 27, 28, 29, 30]
        assert store.trim_changes(10) == 0
        assert store.trim_changes(1) == 9
        store.record([scored(31)])
        assert [change.id for change in store.changes_since(0)] == [30, 31]


def test_the_file_stops_growing(tmp_path: Path) -> None:
    """What thinning frees is filled again: with it the file grows by rows alone, without it by pictures."""
    random, shape = np.random.default_rng(0), (34, 72)
    noise = [random.integers(0, 2**32, shape, np.uint32) for _ in range(10)]

    def size_after(path: Path, lumis: int, *, thinned: bool) -> int:
        with opened(path) as store:
            for first in range(1, lumis, 50):
                results = [
                    replace(scored(n, shape=shape), counts=noise[n % 10]) for n in range(first, first + 50)
                ]
                store.record_all([Entry(results)])
                if thinned:
                    store.thin(50, 1000)
                    store.trim_changes(100)
        return path.stat().st_size

    early, late = (size_after(tmp_path / f"{n}.db", n, thinned=True) for n in (150, 350))
    free = size_after(tmp_path / "free.db", 350, thinned=False)
    assert late - early < 200 * 600
    assert late < free / 3
