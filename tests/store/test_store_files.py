"""The ledger of files: tried again, taken up again, asked for many at a time."""

from dataclasses import replace
from pathlib import Path

from caloscope import __version__
from caloscope.errors import Fault
from caloscope.store import FileRow

from .making import opened

WAITING = FileRow(
    "spool/a.root",
    10,
    20,
    "WAITING",
    Fault.UNREADABLE,
    "found EIO",
    attempts=2,
    next_try=1_700_000_000.5,
    stages={"read": 0.25},
    version="0.0.9",
)


def test_every_field_comes_back(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.note_files([WAITING, FileRow("spool/b.root", 1, 1, "DONE")])
        (found,) = store.waiting_files()
        assert replace(found, noted_at=None) == WAITING
        assert [(row.version, row.stages, row.attempts) for row in store.files("DONE")] == [
            (__version__, {}, 1)
        ]


def test_another_attempt_is_noted(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        store.note_file(WAITING)
        store.note_file(WAITING)
        assert store.last_change() == 1
        store.note_file(replace(WAITING, attempts=3, next_try=1_700_000_002.5))
        (found,) = store.waiting_files()
        assert (found.attempts, found.next_try) == (3, 1_700_000_002.5)
        store.note_file(replace(WAITING, status="DONE", fault=None, attempts=3, next_try=None))
        assert store.waiting_files() == []
        assert store.last_change() == 3


def test_what_is_started_is_no_news(tmp_path: Path) -> None:
    started = FileRow("spool/a.root", 10, 20, "STARTED")
    with opened(tmp_path / "s.db") as store:
        store.note_file(started)
        assert [row.path for row in store.started_files()] == ["spool/a.root"]
        store.note_file(replace(started, status="DONE", lumis=1))
        assert store.started_files() == []
        assert store.last_change() == 0


def test_a_second_look_that_only_takes_longer_is_not_noted(tmp_path: Path) -> None:
    done = FileRow("spool/a.root", 10, 20, "DONE", seconds=0.5, stages={"read": 0.5})
    with opened(tmp_path / "s.db") as store:
        store.note_file(done)
        store.note_file(replace(done, seconds=0.7, stages={"read": 0.7}))
        (found,) = store.files()
        assert (found.seconds, found.stages) == (0.5, {"read": 0.5})


def test_counts_by_status(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store:
        assert store.count_files() == {}
        store.note_files([WAITING, *(FileRow("x", n, n, "DONE") for n in range(3))])
        assert store.count_files() == {"WAITING": 1, "DONE": 3}


def test_files_are_asked_for_by_path(tmp_path: Path) -> None:
    odd = "spool/\udcff.root"
    with opened(tmp_path / "s.db") as store:
        rows = [FileRow(f"spool/{number}.root", number, 1, "DONE") for number in range(1200)]
        store.note_files([*rows, FileRow("spool/7.root", 7, 2, "DONE"), FileRow(odd, 1, 1, "DONE")])
        asked = [*(f"spool/{number}.root" for number in range(1, 2000)), odd]
        found = store.files_known(asked)
        assert len(found) == 1199 + 2
        assert ("spool/0.root", 0, 1) not in found
        assert found[odd, 1, 1].path == "spool/\\udcff.root"
        assert {key[1:] for key in found if key[0] == "spool/7.root"} == {(7, 1), (7, 2)}
        assert store.files_known([]) == {}


def test_looking_for_what_waits_does_not_walk_through_months(tmp_path: Path) -> None:
    with opened(tmp_path / "s.db") as store, store._read() as connection:
        for status in ("STARTED", "WAITING"):
            query = f"EXPLAIN QUERY PLAN SELECT * FROM files WHERE status = '{status}' ORDER BY noted_at"
            (plan, *_) = [row[-1] for row in connection.exec_driver_sql(query)]
            assert "files_by_status" in plan
