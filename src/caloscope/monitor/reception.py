"""What becomes of a file that arrives, before it is read: whether it is new, and when its turn comes."""

import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import structlog

from caloscope.errors import Fault, SourceError
from caloscope.monitor.intake import Intake
from caloscope.monitor.jobs import Job, Jobs
from caloscope.monitor.names import place, shown
from caloscope.monitor.pulse import Pulse
from caloscope.monitor.retry import is_settled
from caloscope.monitor.taken import stamp
from caloscope.records import LumiId
from caloscope.store import FileRow, Store

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
        self._intake = intake
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
        if self._arrived:
            known = self._store.files_known([str(path) for path in self._arrived])
            # The order of one file is of no interest: then nobody need look into it.
            alone = len(self._arrived) == 1 and not self._jobs
            for path, (noticed, wall) in list(self._arrived.items()):
                if self._stop.is_set():
                    return
                self._receive(path, noticed, wall, known, alone=alone)
                del self._arrived[path]
                self._pulse.looked()
        if self._to_note:
            self._store.note_files(self._to_note)
            for row in self._to_note:
                name = shown(Path(row.path).name)
                log.warning("quarantined", file=name, fault=str(row.fault), detail=shown(row.detail))
            self._to_note = []
        if first:
            self._mark()
            self._is_first = False

    def _receive(
        self,
        path: Path,
        noticed: float,
        wall: float,
        known: dict[tuple[str, int, int], FileRow],
        *,
        alone: bool,
    ) -> None:
        status = stamp(path)
        planned = self._jobs.planned(path)
        if planned is not None and planned.stamp != status:
            self._jobs.drop(path)
            self._to_note += [] if planned.row is None else [_replaced(planned.row)]
            planned = None
        row = known.get((str(path), *status))
        if planned is not None or (row is not None and is_settled(row)):
            return
        job = Job(self._place(path, alone=alone), path, status, noticed, self._waited(path, wall))
        if row is not None and row.status == "STARTED":
            job = replace(job, suspect=row.attempts)
        elif row is not None and row.status == "WAITING":
            job = replace(job, attempts=row.attempts, row=row)
        self._jobs.add(job)

    def _place(self, path: Path, *, alone: bool) -> LumiId:
        named = place(path.name)
        if named is not None or alone:
            return named or LumiId(0, 0)
        try:
            return self._intake.first(path)
        except Exception:  # it is told of when the file is taken
            log.exception("unexpected", file=shown(path.name))
            return LumiId(0, 0)

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
        for row in self._store.started_files():
            if self._is_ours(row) and stamp(Path(row.path)) != (row.size, row.mtime_ns):
                self._to_note.append(_vanished(row))
        for row in self._store.waiting_files():
            path = Path(row.path)
            if self._is_ours(row) and self._jobs.planned(path) is None:
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

    def _is_ours(self, row: FileRow) -> bool:
        """Whether a file lies in this spool: others may be another monitor's."""
        return Path(row.path).parent == self._spool


def started(job: Job, attempts: int) -> FileRow:
    """The row of a file that is being read."""
    return FileRow(str(job.path), *job.stamp, "STARTED", attempts=attempts)


def _vanished(row: FileRow) -> FileRow:
    error = SourceError(row.path, Fault.VANISHED, "no such file, or another one", "the one that was begun")
    return replace(row, status="QUARANTINED", fault=error.fault, detail=str(error), version="")


def _replaced(row: FileRow) -> FileRow:
    detail = f"{row.detail}; another file took its place"
    return replace(row, status="QUARANTINED", detail=detail, next_try=None, version="")
