"""Map a function over portions of work: here, on several cores, or on a Dask cluster."""

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from caloscope.errors import UsageError

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
    where Dask is not installed or does not answer.
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
    # Fresh processes: a fork would copy the threads' locks of whoever calls.
    with multiprocessing.get_context("spawn").Pool(workers, initializer=_leave_interrupts_to_us) as pool:
        yield from pool.imap_unordered(function, works)


def _leave_interrupts_to_us() -> None:
    """A key press in the terminal reaches every process; the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _on_cluster(
    function: Callable[[Work], Result], works: Iterable[Work], scheduler: str
) -> Iterator[Result]:
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise UsageError("--scheduler needs Dask: pip install 'caloscope[cluster]'") from error
    try:
        client = Client(scheduler, timeout="5s")  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise UsageError(f"{scheduler}: found no Dask scheduler there ({error})") from error
    with client:
        futures = client.map(function, list(works), pure=False)
        for _, result in as_completed(futures, with_results=True):  # type: ignore[no-untyped-call]
            yield result
