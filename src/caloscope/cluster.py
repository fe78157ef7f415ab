"""Map a function over portions of work: here, on several cores, or on a Dask cluster."""

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from caloscope.errors import CaloscopeError, UsageError

Work = TypeVar("Work")
Result = TypeVar("Result")


def each(
    function: Callable[[Work], Result],
    works: Iterable[Work],
    *,
    workers: int = 1,
    scheduler: str | None = None,
) -> Iterator[Result]:
    """What the function makes of each portion, in the order in which they are done.

    With one worker all is done here, one after the other. With more, in that many processes, which are ended
    when the caller stops asking. `scheduler` is the address of a Dask scheduler, such as
    `tcp://node:8786`, whose workers must see the same files. Function, portions and results must be
    picklable; an exception of the function is raised here. Raises `UsageError` for fewer than one worker, and
    where Dask is not installed or does not answer; `CaloscopeError` where a process was killed.
    """
    if workers < 1:
        raise UsageError(f"{workers} workers: expected one or more")
    if scheduler is not None:
        return _on_cluster(function, works, scheduler)
    if workers == 1:
        return map(function, works)
    return _in_processes(function, works, workers)


def _in_processes(
    function: Callable[[Work], Result], works: Iterable[Work], workers: int
) -> Iterator[Result]:
    # Fresh processes: a fork would copy the threads' locks of whoever calls. A pool of the library's older
    # kind would wait for ever for the result of a worker that is killed.
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_leave_interrupts_to_us
    )
    try:
        with _interrupts_later():
            results = [pool.submit(function, one) for one in works]
        for each_done in as_completed(results):
            yield each_done.result()
    except BrokenProcessPool as error:
        lost = "a worker process was ended from outside, perhaps for want of memory"
        raise CaloscopeError(f"{lost}: the same command goes on from here, with fewer --workers") from error
    except BaseException:  # also when the caller stops asking
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Around the start of processes, which inherit that interrupts wait; ours comes at the end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_interrupts_to_us() -> None:
    """A key press in the terminal reaches every process; the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _on_cluster(
    function: Callable[[Work], Result], works: Iterable[Work], scheduler: str
) -> Iterator[Result]:
    try:
        from distributed import Client
        from distributed import as_completed as completed
    except ImportError as error:
        raise UsageError("--scheduler needs Dask: pip install 'caloscope[cluster]'") from error
    try:
        client = Client(scheduler, timeout="5s")  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise UsageError(f"{scheduler}: found no Dask scheduler there ({error})") from error
    # Dask's functions have no types, hence the silenced checks.
    with client:
        futures = client.map(function, list(works), pure=False)
        for _, result in completed(futures, with_results=True):  # type: ignore[no-untyped-call]
            yield result
