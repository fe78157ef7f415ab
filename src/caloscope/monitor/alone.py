"""One monitor writes into a store: a second one would score everything twice and rewrite the same output."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from caloscope.errors import StoreError
from caloscope.store import Store

PATIENCE: Final = 5.0
"""Seconds that the monitor before this one may take to end."""


@contextmanager
def alone(store: Store, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the right to monitor into a store, in a file or on a PostgreSQL server; others are not guarded.

    The right ends with the process, however that ends. Raises `StoreError` where another one has it.
    """
    with ExitStack() as holding:
        path = store.location
        if path is not None:
            lock = holding.enter_context(_lock_of(path).open("ab"))
            _wait(lambda: _flocked(lock), str(path), patience)
        elif store.can_be_claimed:
            # Each try has a connection of its own, so that none is kept in vain.
            _wait(lambda: _claimed(store, holding), "the server's store", patience)
        yield


def _wait(take: Callable[[], bool], name: str, patience: float) -> None:
    until = time.monotonic() + patience
    while not take():
        if time.monotonic() > until:
            raise StoreError(
                f"{name}: found another monitor that writes into it, expected to be the only one"
            )
        time.sleep(0.1)


def _flocked(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _claimed(store: Store, holding: ExitStack) -> bool:
    with ExitStack() as trying:
        if not trying.enter_context(store.claimed()):
            return False
        holding.push(trying.pop_all())
    return True


def is_held(path: Path) -> bool:
    """Whether a monitor has that right for a store's file now, as far as this user may know.

    Nobody waits for the answer, and nothing is created.
    """
    try:
        with _lock_of(path).open("rb") as lock:
            # Shared, so that two that ask at the same time do not take each other for a monitor.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _lock_of(path: Path) -> Path:
    """The file beside a store that its monitor holds; it stays, for what counts is who holds it."""
    return path.with_name(f"{path.name}-monitor")
