"""Where files that arrive belong in time, where their names do not say so."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from caloscope.monitor.intake import Intake
from caloscope.monitor.jobs import Job, Jobs, started
from caloscope.monitor.names import kind, place, shown
from caloscope.monitor.pulse import Pulse
from caloscope.monitor.retry import DEATHS
from caloscope.records import LumiId
from caloscope.store import Store

log = structlog.get_logger()

_FIRST: Final = LumiId(0, 0)


class Ordering:
    """Gives jobs their places.

    Who opens a file may be ended by it, so that is noted before: a file in whose hands the monitor ended too
    often is not opened any more. `place` raises `StoreError`, and may be asked again then.
    """

    def __init__(self, store: Store, intake: Intake, jobs: Jobs, pulse: Pulse, stop: threading.Event) -> None:
        self._store = store
        self._intake = intake
        self._jobs = jobs
        self._pulse = pulse
        self._stop = stop

    def place(self, some: Sequence[Job], *, marked: bool, alone: bool) -> list[Job]:
        """The same jobs with their places; fewer when the monitor is to stop.

        `marked`: fresh files are noted together before the first is opened. Not needed while the monitor
        goes on: the next one, at its start, would do so. `alone`: the order is of no interest, so nothing is
        opened.
        """
        asked = [] if alone else [job for job in some if _must_be_opened(job)]
        fresh = [job for job in asked if not job.suspect]
        self._note(fresh if marked else [], 1)
        placed = []
        for job in some:
            if self._stop.is_set():
                break
            named = self._opened(job) if job in asked else place(job.path.name)
            placed.append(replace(job, place=named or _FIRST))
            self._pulse.looked()
        self._note(fresh if marked else [], 0)  # opened, and the monitor lives
        return placed

    def _opened(self, job: Job) -> LumiId:
        """The place of a file by what it holds."""
        if job.suspect:  # one by one: should this one end the monitor, it is known which it was
            self._note([job], job.suspect + 1)
        try:
            found = self._intake.first(job.path)
        except Exception:  # it is told of when the file is taken
            log.exception("unexpected", file=shown(job.path.name))
            found = _FIRST
        if job.suspect:
            self._note([job], job.suspect)
        return found

    def _note(self, some: Sequence[Job], attempts: int) -> None:
        if some:
            self._store.note_files([started(job, attempts) for job in some])
            self._jobs.begun(some)


def _must_be_opened(job: Job) -> bool:
    """Whether only the content says where a file belongs, and is worth a look: not where it failed before."""
    name = job.path.name
    return kind(name) == "maps" and place(name) is None and job.row is None and job.suspect < DEATHS
