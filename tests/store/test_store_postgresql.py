"""The same store in PostgreSQL; `CALOSCOPE_TEST_POSTGRESQL` is the URL of a database to make a schema in."""

import os
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, inspect, make_url

from caloscope.errors import Fault, StoreError
from caloscope.monitor.alone import alone
from caloscope.records import Cell, LumiId, LumiState, Reason
from caloscope.store import Checkpoint, Entry, FileRow, LumiRow, RunRow, Store
from caloscope.store.noticing import Notice
from caloscope.store.upgrading import upgrade

from .making import BUNDLE, LABEL, MAP, RUN, bundle, incident, key, scored, unknown

ADDED = {
    "results": ("source", "stages", "version", "settled"),
    "files": ("attempts", "next_try", "stages", "version"),
}
"""Columns that came with schema 5."""


@pytest.fixture
def url() -> Iterator[str]:
    """The URL of an empty schema, dropped at the end."""
    given = os.environ.get("CALOSCOPE_TEST_POSTGRESQL")
    if not given:
        pytest.skip("CALOSCOPE_TEST_POSTGRESQL does not name a PostgreSQL database")
    schema = f"caloscope_{uuid.uuid4().hex}"
    engine = create_engine(given, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    located = make_url(given).update_query_dict({"options": f"-csearch_path={schema}"})
    yield located.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    engine.dispose()


def test_postgresql_gives_the_same_answers(url: str) -> None:
    bad: dict[Cell, int] = {(0, 0): 0, (1, 1): 3}
    with pytest.raises(StoreError, match="found an empty database"):
        Store(url, read_only=True)
    with Store(url) as store:
        store.register_bundle(bundle())
        store.record([unknown(1, Reason.MAP_MISSING, content="")])
        for lumi in range(1, 31):
            state = Checkpoint(LABEL, MAP, BUNDLE, RUN, lumi, b"s")
            store.record([scored(lumi, bad)], [incident(1, 2, lumi, factor=None)], [state])
        store.record([scored(29), scored(30)], [incident(1, 2, 28, closed=29)], (), LumiId(RUN, 29))
        store.note_file(FileRow("a.root", 2**40, 1_700_000_000_000_000_000, "DONE"))
        mask = store.add_mask(MAP, [(0, 0)], "anna", "dead")
    with Store(url, read_only=True) as store:
        assert store.latest() == (LABEL, RUN, 30)
        assert [row.lumi for row in store.flags()] == [n for n in range(1, 29) for _ in bad]
        assert store.incidents() == [incident(1, 2, 28, closed=29)]
        # The last twenty, of which the revision made two untrue.
        assert [each.lumi for each in store.checkpoints(LABEL, MAP, BUNDLE)] == list(range(11, 29))
        assert store.arrays(key(30))["codes"].shape == (4, 6)
        assert store.file("a.root", 2**40, 1_700_000_000_000_000_000) is not None
        assert store.masks(MAP) == [mask]
        assert [change.id for change in store.changes_since(0)] == list(range(1, store.last_change() + 1))
        with pytest.raises(StoreError, match="reading only"):
            store.revoke_mask(mask.id)


def test_postgresql_keeps_the_same_books(url: str) -> None:
    lumi = LumiRow(LABEL, RUN, 1, LumiState.COLLISIONS, "told", off=("EB+",), trigger="k", fill=2**40)
    waiting = FileRow("b.root", 1, 1, "WAITING", Fault.UNREADABLE, "EIO", attempts=2, next_try=1.5)
    with Store(url) as store:
        store.register_bundle(bundle())
        for shift in (0.0, 0.5):
            store.record_all([Entry(lumis=[replace(lumi, shift=shift)])])
        store.record_all([Entry([scored(n, {(0, 0): 0})]) for n in range(1, 21)])
        store.record([], [incident(1, 3, 5, closed=6)])
        store.note_files([waiting, FileRow("a.root", 1, 1, "DONE")])
        store.note_file(replace(waiting, attempts=3))
        store.note_run(LABEL, RUN, at=1.0)
        store.note_run(LABEL, RUN, at=2.0, ended_by="marker")
        assert store.lumis(LABEL, RUN) == store.newest_lumis(LABEL, 3) == [replace(lumi, shift=0.5)]
        assert store.runs_known(LABEL) == [RunRow(LABEL, RUN, 1.0, 2.0, 2.0, "marker")]
        assert [row.attempts for row in store.waiting_files()] == [3]
        assert store.count_files() == {"DONE": 1, "WAITING": 1}
        assert len(store.files_known(["a.root", "b.root", "c.root"])) == 2
        assert store.thin(5, 10, 4) == 12
        whole = [row.id.lumi for row in store.results(LABEL, RUN) if store.arrays(row.key)]
        assert whole == [3, 6, 10, *range(16, 21)]
        assert store.thin(5, 10, 4, forget=5) == 1
        assert not store.arrays(key(10))
        assert [row.lumi for row in store.flags()] == list(range(1, 21))
        assert store.trim_changes(3) == store.oldest_change() - 1
        assert [change.kind for change in store.changes_since(0)][-1] == "run"


def test_postgresql_is_upgraded(url: str) -> None:
    with Store(url) as store:
        store.register_bundle(bundle())
        store.record([scored(1)])
        store.note_file(FileRow("a.root", 1, 1, "DONE"))
    engine = create_engine(url)
    with engine.begin() as connection:  # what schema 5 brought is taken away again
        for table in ("lumis", "runs"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        for table, names in ADDED.items():
            for name in names:
                connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {name}")
        connection.exec_driver_sql("DROP INDEX files_by_status")
        connection.exec_driver_sql("UPDATE meta SET value = '4'")
    with pytest.raises(StoreError, match="caloscope store upgrade"):
        Store(url)
    assert upgrade(url) == ("4", "5")
    with engine.connect() as connection:
        found = {index["name"] for index in inspect(connection).get_indexes("results")}
        assert {"results_unsettled", "results_kept"} <= found
    engine.dispose()
    with Store(url) as store:
        store.record([scored(2)])
        assert [(row.source, row.stages) for row in store.results(LABEL, RUN)] == [("", {}), ("", {})]
        assert [row.attempts for row in store.files()] == [1]
        assert store.thin(1, 100) == 1


def test_one_monitor_at_a_time_has_the_right_to_write(url: str) -> None:
    with Store(url) as first, Store(url) as second, Store(url, read_only=True) as reader:
        with first.claimed() as ours:
            assert ours
            assert reader.is_claimed()
            with second.claimed() as theirs:
                assert not theirs
            with (
                pytest.raises(StoreError, match="found another monitor that writes into it"),
                alone(second, 0.2),
            ):
                pass
            assert reader.is_claimed(), "who asks in vain takes it from nobody"
        assert not reader.is_claimed()
        with alone(second, 0.2):
            assert reader.is_claimed()


def test_a_commit_is_noticed(url: str) -> None:
    with Store(url) as store:
        store.register_bundle(bundle())
        notice = Notice(url)
        assert notice.changed()
        assert not notice.wait(0.05)
        store.record([scored(1)])
        assert notice.wait(2.0)
        assert not notice.changed()
        notice.close()


def test_masks_are_as_they_were_then(url: str) -> None:
    masked: dict[int, dict[Cell, int]] = {lumi: {(1, 2): 3 if lumi > 2 else 0} for lumi in (1, 2, 3)}
    found = replace(incident(1, 1, 3), cells=((1, 2),))
    with Store(url) as store:
        store.register_bundle(bundle())
        for lumi, bad in masked.items():
            store.record([scored(lumi, bad)], [found])
        store.add_mask(MAP, [(1, 2)], "anna", "noise")
        assert [store.as_then([found], LumiId(RUN, lumi))[0].masked for lumi in (1, 2, 3)] == [
            False,
            False,
            True,
        ]
