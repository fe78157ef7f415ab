"""What becomes of a file that arrives, before it is read: whether it is new, and when its turn comes."""

import os
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import structlog

from caloscope.errors import Fault, SourceError
from caloscope.monitor.intake import Intake
from caloscope.monitor.jobs import Job, Jobs, replaced, started
from caloscope.monitor.names import shown
from caloscope.monitor.ordering import Ordering
from caloscope.monitor.pulse import Pulse
from caloscope.monitor.retry import is_settled
from caloscope.monitor.taken import stamp
from caloscope.records import LumiId
from caloscope.store import FileRow, Store
from caloscope.store.columns import storable

log = structlog.get_logger()

MARKED = 32
"""Files that were not taken when the monitor starts: so many are noted as begun before the first is read."""

LONGEST_WAITED = 3_600.0
"""A file that lay longer lay there before anybody watched, or a clock was set: no delay of ours."""


class Reception:
    """Turns arrivals into jobs. What the store could not be asked about waits until it can.

    Methods raise `StoreError`, and may be called again then.
    """

    def __init__(
        self, spool: Path, store: Store, intake: Intake, jobs: Jobs, pulse: Pulse, stop: threading.Event
    ) -> None:
        self._spool = spool
        self._store = store
        self._ordering = Ordering(store, intake, jobs, pulse, stop)
        self._jobs = jobs
        self._pulse = pulse
        self._stop = stop
        self._arrived: dict[Path, tuple[float, float]] = {}
        self._to_note: list[FileRow] = []
        self._is_first = True

    def arrive(self, batch: Iterable[Path]) -> None:
        """Files that were noticed now."""
        now = (time.monotonic(), time.time())
        for path in batch:
            self._arrived.setdefault(path, now)

    def receive(self) -> None:
        """Make jobs of what arrived."""
        first = self._is_first
        if first:
            self._take_over()
        known = self._store.files_known([str(path) for path in self._arrived]) if self._arrived else {}
        # The order of one file is of no interest: then nobody need look into it.
        alone = len(self._arrived) == 1 and not self._jobs
        while self._arrived and not self._stop.is_set():
            self._receive(known, alone=alone)
        if self._stop.is_set():
            return
        if self._to_note:
            self._store.note_files(self._to_note)
            for row in self._to_note:
                name = shown(Path(row.path).name)
                log.warning("quarantined", file=name, fault=str(row.fault), detail=shown(row.detail))
            self._to_note = []
        if first:
            self._mark()
            self._is_first = False

    def _receive(self, known: dict[tuple[str, int, int], FileRow], *, alone: bool) -> None:
        """Make jobs of some of what arrived; what raises, or is left out for a stop, has still arrived."""
        some = list(islice(self._arrived.items(), MARKED))
        jobs = [job for path, times in some if (job := self._job(path, *times, known))]
        placed = self._ordering.place(jobs, marked=self._is_first, alone=alone)
        for job in placed:
            self._jobs.add(job)
        if len(placed) == len(jobs):
            for path, _ in some:
                del self._arrived[path]
            self._pulse.looked()

    def _job(
        self, path: Path, noticed: float, wall: float, known: dict[tuple[str, int, int], FileRow]
    ) -> Job | None:
        """What is to be done with a file; None where it is known, or planned for later."""
        status = stamp(path)
        planned = self._jobs.planned(path)
        if planned is not None and planned.stamp != status:
            self._jobs.drop(path)
            self._to_note += [] if planned.row is None else [replaced(planned.row)]
            planned = None
        row = known.get((str(path), *status))
        if planned is not None or (row is not None and is_settled(row)):
            return None
        job = Job(LumiId(0, 0), path, status, noticed, self._waited(path, wall))
        if row is not None and row.status == "STARTED":
            self._jobs.begun([job])
            return replace(job, suspect=row.attempts)
        if row is not None and row.status == "WAITING":
            return replace(job, attempts=row.attempts, row=row)
        return job

    def _waited(self, path: Path, wall: float) -> float | None:
        """Seconds from the file's last change, its renaming included, to when it was noticed."""
        if self._is_first:
            return None
        try:
            seconds = wall - path.stat().st_ctime
        except OSError:
            return None
        return seconds if 0 <= seconds < LONGEST_WAITED else None

    def _take_over(self) -> None:
        """What the monitor before this one left: files that it had begun, and those to try again."""
        started = [row for row in self._store.started_files() if self._is_ours(row)]
        waiting = [row for row in self._store.waiting_files() if self._is_ours(row)]
        paths = _Paths(self._spool, [*started, *waiting])
        self._to_note += [_vanished(row) for row in started if paths.of(row) is None]
        for row in waiting:
            path = paths.of(row) or Path(row.path)
            if "\\" in path.name and paths.of(row) is None:
                self._to_note.append(_vanished(row))  # nobody can tell its name, so nobody can try it again
            elif self._jobs.planned(path) is None:
                job = Job(LumiId(0, 0), path, (row.size, row.mtime_ns), attempts=row.attempts, row=row)
                # A clock that was set since must not put off the next try for years.
                seconds = min(max((row.next_try or 0.0) - time.time(), 0.0), LONGEST_WAITED)
                self._jobs.add_later(job, seconds)

    def _mark(self) -> None:
        """Note what is about to be begun: should one of these files end the monitor, the next one knows.

        A monitor that died while it took a file has left that one among the first that are not taken.
        """
        first = [job for job in self._jobs.first(MARKED) if not job.suspect and job.row is None]
        self._store.note_files([started(job, 1) for job in first])
        self._jobs.begun(first)

    def _is_ours(self, row: FileRow) -> bool:
        """Whether a file lies in this spool: others may be another monitor's."""
        return Path(row.path).parent == Path(storable(str(self._spool)))


class _Paths:
    """Which files rows speak of: a name that is no text stands escaped in the ledger."""

    def __init__(self, spool: Path, rows: Iterable[FileRow]) -> None:
        self._spool = spool
        self._escaped: dict[str, list[str]] = {}
        if any("\\" in Path(row.path).name for row in rows):
            try:
                names = os.listdir(spool)  # noqa: PTH208 - names are all that is wanted
            except OSError:
                return
            for name in names:
                self._escaped.setdefault(storable(name), []).append(name)

    def of(self, row: FileRow) -> Path | None:
        """The path of the file as it was noted, None where there is no such one any more."""
        name = Path(row.path).name
        for each in self._escaped.get(name, [name]):
            if stamp(self._spool / each) == (row.size, row.mtime_ns):
                return self._spool / each
        return None


def _vanished(row: FileRow) -> FileRow:
    error = SourceError(row.path, Fault.VANISHED, "no such file, or another one", "the one that was begun")
    return replace(row, status="QUARANTINED", fault=error.fault, detail=str(error), version="")
