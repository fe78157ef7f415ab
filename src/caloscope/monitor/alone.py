"""One monitor writes into a store: a second one would score everything twice and rewrite the same output."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from caloscope.errors import StoreError
from caloscope.store import Store

PATIENCE: Final = 5.0
"""Seconds that the monitor before this one may take to end."""


@contextmanager
def alone(store: Store, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the right to monitor into a store of one file; a store on a server is not guarded.

    The right ends with the process, however that ends. Raises `StoreError` where another one has it.
    """
    path = store.location
    if path is None:
        yield
        return
    with _lock_of(path).open("ab") as held:
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > until:
                    found = f"{path}: found another monitor that writes into it"
                    raise StoreError(f"{found}, expected to be the only one") from None
                time.sleep(0.1)
        yield


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
