"""The files that are to be taken: those that can be now, in order of time, and those to try again later."""

import heapq
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from caloscope.records import LumiId
from caloscope.store import FileRow


@dataclass(frozen=True, slots=True, order=True)
class Job:
    """One file to take.

    `place` is its first lumisection, (0, 0) where nobody knows; `stamp` its size and time when it was
    noticed; `noticed` when that was, by a clock that nobody sets back; `waited` seconds from its change to
    then. `attempts` counts the tries before this one that failed. A `suspect` was in the hands of a monitor
    when that died, so many times. `row` is what the ledger says of a file that is tried again.
    """

    place: LumiId
    path: Path
    stamp: tuple[int, int] = field(default=(0, 0), compare=False)
    noticed: float = field(default=0.0, compare=False)
    waited: float | None = field(default=None, compare=False)
    attempts: int = field(default=0, compare=False)
    suspect: int = field(default=0, compare=False)
    row: FileRow | None = field(default=None, compare=False)


class Jobs:
    """A queue by (run, lumisection, path), and one by time of the next try."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ready: list[Job] = []
        self._later: dict[Path, tuple[float, Job]] = {}
        self._begun: set[tuple[Path, tuple[int, int]]] = set()

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def later(self) -> int:
        """Files that wait for another try."""
        return len(self._later)

    def add(self, job: Job) -> None:
        """To be taken in its turn."""
        heapq.heappush(self._ready, job)

    def add_later(self, job: Job, seconds: float) -> None:
        """To be taken after so many seconds; takes the place of what was planned for the same path."""
        self._later[job.path] = (self._clock() + seconds, job)

    def take(self) -> Job:
        """The first; raises `IndexError` where there is none."""
        return heapq.heappop(self._ready)

    def first(self, most: int) -> list[Job]:
        """Those that come first; they stay in the queue."""
        return heapq.nsmallest(most, self._ready)

    def peek(self) -> Job | None:
        """The first; it stays in the queue."""
        return self._ready[0] if self._ready else None

    def planned(self, path: Path) -> Job | None:
        """What is planned for later for a path."""
        found = self._later.get(path)
        return None if found is None else found[1]

    def drop(self, path: Path) -> None:
        """Plan nothing for a path any more."""
        self._later.pop(path, None)

    def wake(self) -> None:
        """Those whose next try has come are to be taken now."""
        now = self._clock()
        for path in [path for path, (at, _) in self._later.items() if at <= now]:
            self.add(self._later.pop(path)[1])

    def begun(self, some: Iterable[Job]) -> None:
        """The ledger says of these that they are being read."""
        self._begun |= {(job.path, job.stamp) for job in some}

    def ended(self, job: Job) -> bool:
        """A job is over; answers with whether the ledger has a row of it that somebody must close."""
        known = (job.path, job.stamp)
        is_open = bool(job.suspect) or job.row is not None or known in self._begun
        self._begun.discard(known)
        return is_open


def started(job: Job, attempts: int) -> FileRow:
    """The row of a file that is being read, zero attempts: one that was opened, and is to be read."""
    return FileRow(str(job.path), *job.stamp, "STARTED", attempts=attempts)


def replaced(row: FileRow) -> FileRow:
    """What becomes of a row when another file stands under its path."""
    detail = f"{row.detail}; another file took its place".removeprefix("; ")
    return replace(row, status="QUARANTINED", detail=detail, next_try=None, version="")
