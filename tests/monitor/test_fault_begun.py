"""The fault table, what was begun: files that end the monitor, that change, whose names are no text."""

import os
import threading
from pathlib import Path

import pytest

from caloscope.errors import Fault
from caloscope.monitor import Intake
from caloscope.monitor.jobs import Job, Jobs
from caloscope.monitor.pulse import SILENT
from caloscope.monitor.reception import Reception
from caloscope.monitor.retry import DEATHS
from caloscope.monitor.taken import Taken, stamp
from caloscope.records import LumiId
from caloscope.store import FileRow, Store

from ..pipeline.making import LABEL, RUN, fill
from .files import drop, file_name
from .living import living, toy

OTHER_BYTES = os.fsdecode(b"bytes\xff.root")


class Dead(BaseException):
    """The monitor's end, as a fault in a library would bring it about."""


class Mortal(Intake):
    """Ends when it opens a bad file."""

    def first(self, path: Path, *, run: int | None = None) -> LumiId:
        if path.name.startswith("bad"):
            raise Dead
        return super().first(path, run=run)


def test_files_that_end_the_monitor_when_their_order_is_asked_for_are_left_alone(tmp_path: Path) -> None:
    given = fill(40)
    paths = [drop(tmp_path, each, name=f"c{each.lumi}.root") for each in reversed(given[2:])]
    paths.insert(17, drop(tmp_path, given[0], name="bad1.root"))
    paths.insert(36, drop(tmp_path, given[1], name="bad2.root"))
    deaths, jobs = 0, list[Job]()
    with Store(str(tmp_path / "store.sqlite")) as store:
        while not jobs:
            assert deaths <= 2 * DEATHS, "it never gets past them"
            queue, intake = Jobs(), Mortal(store, [toy()], LABEL)
            reception = Reception(tmp_path, store, intake, queue, SILENT, threading.Event())
            reception.arrive(paths)
            try:
                reception.receive()
            except Dead:
                deaths += 1
                continue
            jobs = [queue.take() for _ in range(len(queue))]
        known = store.files_known([str(path) for path in paths])
    assert deaths == 2 * DEATHS
    bad, good = jobs[:2], jobs[2:]
    assert [(job.path.name, job.suspect) for job in bad] == [("bad1.root", DEATHS), ("bad2.root", DEATHS)]
    assert [job.place for job in good] == [LumiId(RUN, each.lumi) for each in given[2:]]
    assert all(job.suspect <= 1 for job in good)
    assert {row.status for row in known.values()} == {"STARTED"}
    assert len(known) == 40


def test_a_file_that_ended_the_monitor_too_often_is_not_opened_for_its_order(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    given = fill(3)
    bad = drop(spool, given[2], name="bad.root")
    with Store(str(tmp_path / "store.sqlite")) as store:
        store.note_file(FileRow(str(bad), *stamp(bad), "STARTED", attempts=DEATHS))
    others = [drop(spool, each, name=f"a{each.lumi}.root") for each in given[:2]]
    with living(tmp_path, intake=Mortal) as site:
        site.done(*(path.name for path in others))
        site.until(lambda: site.row("bad.root"))
        row = site.row("bad.root")
        assert row is not None
        assert (row.status, row.fault) == ("QUARANTINED", Fault.CRASHES)
        assert site.store.started_files() == []


@pytest.mark.parametrize("status", ["WAITING", "STARTED"])
def test_a_name_that_is_no_text_is_taken_up_again_as_itself(tmp_path: Path, status: str) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    path = drop(spool, fill(1)[0]).rename(spool / OTHER_BYTES)
    with Store(str(tmp_path / "store.sqlite")) as store:
        assert status in ("WAITING", "STARTED")
        if status == "WAITING":
            store.note_file(
                FileRow(str(path), *stamp(path), "WAITING", Fault.UNREADABLE, attempts=3, next_try=1)
            )
        else:
            store.note_file(FileRow(str(path), *stamp(path), "STARTED"))
    with living(tmp_path) as site:
        site.until(lambda: site.rows() and site.rows()[0].status != "WAITING")
        (row,) = site.rows()
        assert (row.status, row.fault, row.lumis) == ("DONE", None, 1)
        assert [each.id.lumi for each in site.store.results(LABEL, RUN)] == [1]
        assert not site.pulse.troubled("source")


def test_a_name_that_is_no_text_and_is_gone_does_not_wait_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "spool" / OTHER_BYTES
    with Store(str(tmp_path / "store.sqlite")) as store:
        store.note_file(FileRow(str(path), 7, 7, "WAITING", Fault.UNREADABLE, attempts=3, next_try=1))
    with living(tmp_path) as site:
        site.until(lambda: site.store.files("QUARANTINED"))
        assert [row.fault for row in site.rows()] == [Fault.VANISHED]


class Touched(Intake):
    """Somebody touches the first file after it was noticed, before it is read."""

    def score(self, path: Path, **asked: object) -> Taken:
        if path.name.endswith("L000000001.root") and path.stat().st_mtime != 1:
            os.utime(path, (1, 1))
        return super().score(path, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("lumis", [2, 8])
def test_a_file_that_changes_before_it_is_read_leaves_nothing_begun(tmp_path: Path, lumis: int) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    names = [drop(spool, each).name for each in fill(lumis)]
    with living(tmp_path, intake=Touched) as site:
        site.done(*names)
        site.until(lambda: not site.store.started_files())
        rows = [row for row in site.rows() if Path(row.path).name == file_name(fill(1)[0])]
        assert {row.status for row in rows if row.mtime_ns == 10**9} == {"DONE"}
        (before,) = [row for row in rows if row.mtime_ns != 10**9]
        assert before.status == "QUARANTINED"
        assert before.detail.endswith("another file took its place")
