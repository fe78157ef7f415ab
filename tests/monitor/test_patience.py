"""When things are tried again, by a clock of the test."""

import errno
import math
from dataclasses import replace
from pathlib import Path

import pytest

from caloscope import __version__
from caloscope.errors import Fault, SourceError
from caloscope.monitor.backoff import Backoff
from caloscope.monitor.gaps import between, told
from caloscope.monitor.jobs import Job, Jobs
from caloscope.monitor.retry import heals, is_settled
from caloscope.records import LumiId
from caloscope.store import FileRow

from .living import Felt


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def failure(number: int | None, fault: Fault = Fault.UNREADABLE) -> SourceError:
    error = SourceError("a.root", fault, "this", "that")
    error.__cause__ = OSError("damaged") if number is None else OSError(number, "trouble")
    return error


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EACCES, errno.ENOENT, errno.EMFILE])
def test_what_the_system_refuses_may_heal(number: int) -> None:
    assert heals(failure(number))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (failure(errno.EISDIR), False),
        (failure(None), False),
        (SourceError("a.root", Fault.UNREADABLE, "this", "that"), False),
        (SourceError("a.root", Fault.TRUNCATED, "this", "that"), True),
        (SourceError("a.root", Fault.UNREACHABLE, "this", "that"), True),
        (SourceError("a.root", Fault.CONFLICT, "this", "that"), False),
        (SourceError("a.root", Fault.EMPTY_FILE, "this", "that"), False),
    ],
)
def test_what_is_wrong_with_the_content_does_not(error: SourceError, expected: bool) -> None:
    assert heals(error) is expected


ROW = FileRow("/spool/a.root", 1, 2, "QUARANTINED", Fault.WRONG_BINNING, version=__version__)


@pytest.mark.parametrize(
    ("row", "settled"),
    [
        (replace(ROW, status="DONE", fault=None), True),
        (replace(ROW, status="PARTIAL", fault=None), True),
        (ROW, True),
        (replace(ROW, status="STARTED", fault=None), False),
        (replace(ROW, status="WAITING"), False),
        (replace(ROW, fault=Fault.VANISHED), False),
        (replace(ROW, fault=Fault.UNREADABLE, attempts=12), False),
        (replace(ROW, fault=Fault.UNREADABLE), True),
        (replace(ROW, fault=Fault.UNEXPECTED), True),
        (replace(ROW, fault=Fault.UNEXPECTED, version="0.0.1"), False),
        (replace(ROW, fault=Fault.CRASHES, version="0.0.1"), False),
    ],
)
def test_which_known_files_are_read_again_when_they_come_again(row: FileRow, settled: bool) -> None:
    assert is_settled(row) is settled


def test_the_queue_is_in_order_of_time_and_wakes_what_is_due() -> None:
    clock = Clock()
    jobs = Jobs(clock)
    late, early = Job(LumiId(2, 7), Path("a")), Job(LumiId(2, 1), Path("z"))
    for job in (late, early):
        jobs.add(job)
    jobs.add_later(Job(LumiId(1, 1), Path("again"), attempts=1), 5.0)
    jobs.wake()
    assert len(jobs) == 2
    assert jobs.later == 1
    assert jobs.first(5) == [early, late]
    assert jobs.take() is early
    clock.now += 5.0
    jobs.wake()
    assert (jobs.take().path, jobs.take(), jobs.later) == (Path("again"), late, 0)


def test_another_plan_for_a_path_takes_the_place_of_the_first() -> None:
    clock = Clock()
    jobs = Jobs(clock)
    jobs.add_later(Job(LumiId(1, 1), Path("a"), attempts=1), 5.0)
    jobs.add_later(Job(LumiId(1, 1), Path("a"), attempts=2), 9.0)
    planned = jobs.planned(Path("a"))
    assert planned is not None
    assert planned.attempts == 2
    clock.now += 6.0
    jobs.wake()
    assert len(jobs) == 0
    jobs.drop(Path("a"))
    assert jobs.later == 0


def test_what_fails_is_tried_less_and_less_often_and_told_each_time() -> None:
    clock, felt = Clock(), Felt()
    backoff = Backoff("store", felt, first_seconds=1.0, longest_seconds=4.0, clock=clock)
    assert [backoff.is_over] == [True]
    waits = []
    for _ in range(5):
        backoff.failed("disk full")
        began = clock.now
        while not backoff.is_over:
            clock.now += 0.5
        waits.append(clock.now - began)
    assert waits == [1.0, 2.0, 4.0, 4.0, 4.0]
    assert felt.troubles == [("store", "disk full")] * 5
    backoff.worked()
    backoff.worked()
    assert felt.healings == ["store"]
    assert backoff.is_over


def test_gaps_are_told_briefly_whatever_numbers_a_file_claims() -> None:
    assert between([(1, 3), (3, 3), (7, 7)], 1, 9) == [(4, 6), (8, 9)]
    assert between([(5, 5)], 5, 5) == []
    assert between([(1, 1), (2**31 - 1, 2**31 - 1)], 1, 2**31 - 1) == [(2, 2**31 - 2)]
    assert told([(4, 6), (8, 8)]) == "4-6, 8"
    assert told([(n, n) for n in range(1, 60, 2)]).endswith("39, and 10 more")
    assert math.isfinite(len(told([])))
