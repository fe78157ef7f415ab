"""Noticing that somebody wrote: quick, cheap, and never missed."""

import os
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from caloscope.errors import StoreError
from caloscope.store import FileRow, Store
from caloscope.store.noticing import QUICK_SECONDS, Notice, identity

FILE = FileRow("/spool/a.root", 1, 1, "QUARANTINED")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    Store(str(path)).close()
    return path


def test_each_commit_is_noticed_once_and_nothing_else(path: Path) -> None:
    with Store(str(path)) as store:
        notice = Notice(str(path))
        assert notice.quick
        assert notice.changed(), "nothing was seen before"
        assert not notice.changed()
        store.note_file(FILE)
        assert notice.changed()
        assert not notice.changed()
        store.files()
        assert not notice.changed(), "reading changes nothing"
        notice.nudge()
        assert notice.changed()
        notice.close()


def test_one_who_waits_is_woken_by_a_commit_and_by_the_end(path: Path) -> None:
    woken: list[tuple[bool, float]] = []

    def wait() -> None:
        woken.append((notice.wait(20), time.monotonic()))

    with Store(str(path)) as store:
        notice = Notice(str(path))
        notice.changed()
        assert not notice.wait(0.03)
        acts: list[tuple[Callable[[], None], bool]] = [
            (partial(store.note_file, FILE), True),
            (notice.close, False),
        ]
        for act, answer in acts:
            thread = threading.Thread(target=wait)
            thread.start()
            time.sleep(0.05)
            act()
            acted = time.monotonic()
            thread.join(20)
            found, at = woken.pop()
            assert found is answer
            assert at - acted < 20 * QUICK_SECONDS + 0.3  # the machine may be busy


def test_it_keeps_neither_the_log_of_writes_from_being_folded_in_nor_waits_for_a_writer(path: Path) -> None:
    with Store(str(path)) as store:
        notice = Notice(str(path))
        notice.changed()
        store.note_file(FILE)
        notice.changed()
        with store._engine.connect() as connection:
            busy, pages, moved = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            assert (busy, pages, moved) == (0, 0, 0), "a reader that was left open would hold it up"
        notice.changed()
        with store._write():
            began = time.monotonic()
            assert not notice.changed(), "nothing is committed yet"
            assert time.monotonic() - began < 10  # a lock is waited for longer
        notice.close()


def test_a_folder_that_may_not_be_written_is_read_the_slow_way(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(str(path)) as store:
        store.note_file(FILE)
        monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
        notice = Notice(str(path))
        monkeypatch.undo()
        assert not notice.quick
        assert notice.changed()
        assert not notice.changed()
        store.note_file(FileRow("/spool/b.root", 1, 1, "QUARANTINED"))
        assert notice.changed()
        notice.close()


def test_a_file_that_takes_the_place_of_another_is_another(path: Path, tmp_path: Path) -> None:
    first = identity(str(path))
    assert first is not None
    assert identity(f"sqlite:///{path}") == first
    shutil.copy(path, tmp_path / "new.db")
    (tmp_path / "new.db").replace(path)
    assert identity(str(path)) not in (None, first)
    path.unlink()
    assert identity(str(path)) is None
    assert identity("postgresql://nobody@nowhere/none") is None
    assert identity("::://") is None


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="found no such file"):
        Notice(str(tmp_path / "none.db"))
