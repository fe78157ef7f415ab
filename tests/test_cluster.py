"""The same function over portions of work: here, in processes, on a Dask cluster."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator

import pytest

from caloscope import cluster
from caloscope.errors import CaloscopeError, UsageError

from .dask_cluster import started_scheduler


def square(number: int) -> int:
    return number * number


def whose(_: int) -> int:
    return os.getpid()


def complain(number: int) -> int:
    raise ValueError(f"no {number}")


@pytest.mark.parametrize("workers", [1, 2])
def test_every_portion_is_done_once(workers: int) -> None:
    assert sorted(cluster.each(square, range(5), workers=workers)) == [0, 1, 4, 9, 16]


def test_one_worker_works_here_and_more_elsewhere() -> None:
    assert set(cluster.each(whose, [1, 2])) == {os.getpid()}
    assert os.getpid() not in set(cluster.each(whose, [1, 2], workers=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_reaches_the_caller(workers: int) -> None:
    with pytest.raises(ValueError, match="no 3"):
        list(cluster.each(complain, [3], workers=workers))


def end_oneself(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_is_killed_is_an_error_and_no_wait_for_ever() -> None:
    with pytest.raises(CaloscopeError, match=r"a worker process was ended.*goes on from here"):
        list(cluster.each(end_oneself, [1, 2, 3], workers=2))


def sleep(number: int) -> int:
    time.sleep(0 if number == 0 else 60)
    return number


def test_workers_are_ended_when_nobody_asks_any_more() -> None:
    results = iter(cluster.each(sleep, range(4), workers=2))
    assert next(results) == 0
    start = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 30
    assert not multiprocessing.active_children()


def test_fewer_than_one_worker_is_refused() -> None:
    with pytest.raises(UsageError, match="0 workers"):
        cluster.each(square, [], workers=0)


@pytest.fixture
def scheduler() -> Iterator[str]:
    yield from started_scheduler(1)


def test_a_dask_cluster_does_the_same(scheduler: str) -> None:
    assert sorted(cluster.each(abs, [-1, 2, -3], scheduler=scheduler)) == [1, 2, 3]


def test_no_scheduler_is_a_clear_error() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(UsageError, match="found no Dask scheduler"):
        list(cluster.each(abs, [1], scheduler="tcp://127.0.0.1:9"))
