"""What the kernel says of a folder, collected by a thread while the caller does other things."""

import os
import threading
from pathlib import Path
from queue import Empty, SimpleQueue

from watchfiles import watch

STEP_MILLISECONDS = 2
"""A notice waits for one to two steps; shorter ones cost more than they bring."""

DEBOUNCE_MILLISECONDS = 20
"""While changes never cease, they are told after so long."""


class Notices:
    """Names in a folder that changed, from now until `end` or `stop`.

    Where the kernel gives no notices (no more watches allowed, an odd file system) there are none, and the
    caller is left with the clock.
    """

    def __init__(self, folder: Path, stop: threading.Event) -> None:
        self._folder = folder
        self._stop = stop
        self._found: SimpleQueue[set[str]] = SimpleQueue()
        self._ended = _Either(stop)
        self._identity: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None
        self.follow()

    def names(self, seconds: float) -> set[str]:
        """Names that changed since the last time; where there are none, waits for some for so long."""
        found: set[str] = set()
        try:
            if seconds and self._thread is not None and self._thread.is_alive():
                found |= self._found.get(timeout=seconds)
            elif seconds and self._found.empty():
                self._stop.wait(seconds)
            while True:
                found |= self._found.get_nowait()
        except Empty:
            return found

    def follow(self) -> None:
        """Watch the folder that stands under the path now, if that is another one than before."""
        identity = _identity(self._folder)
        lives = self._thread is not None and self._thread.is_alive()
        if identity is None or self._stop.is_set() or (lives and identity == self._identity):
            return
        self.end()
        self._identity, self._ended = identity, _Either(self._stop)
        self._thread = threading.Thread(
            target=self._collect, args=(self._ended,), name="notices", daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        """Watch no longer."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _collect(self, ended: "_Either") -> None:
        try:
            for changes in watch(
                self._folder,
                watch_filter=None,
                stop_event=ended,
                recursive=False,
                step=STEP_MILLISECONDS,
                debounce=DEBOUNCE_MILLISECONDS,
                rust_timeout=1000,
                yield_on_timeout=False,
                raise_interrupt=False,
            ):
                # No paths are needed here, and a path takes longer to make than to split.
                self._found.put({os.path.basename(path) for _, path in changes})  # noqa: PTH119
        except (OSError, RuntimeError):
            return
        finally:
            self._found.put(set())  # whoever waits shall not wait in vain


class _Either:
    """Set where it is set itself, or another event is."""

    def __init__(self, other: threading.Event) -> None:
        self._other = other
        self._own = False

    def set(self) -> None:
        self._own = True

    def is_set(self) -> bool:
        return self._own or self._other.is_set()


def _identity(folder: Path) -> tuple[int, int] | None:
    """Device and inode of the folder; None where it is away."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
