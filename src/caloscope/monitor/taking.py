"""Takes jobs: one by one where few wait, so that each is in the store at once, else many together."""

import threading
import time
from dataclasses import replace
from typing import Final

import structlog

from caloscope.errors import Fault, SourceError, StoreError
from caloscope.monitor.finishing import Finishing
from caloscope.monitor.intake import Intake
from caloscope.monitor.jobs import Job, Jobs, replaced, started
from caloscope.monitor.lateness import Lateness
from caloscope.monitor.leaving import LeftError, until
from caloscope.monitor.names import ended_run, kind, shown
from caloscope.monitor.pulse import Pulse
from caloscope.monitor.retry import DEATHS, heals
from caloscope.monitor.settings import Tuning
from caloscope.monitor.taken import Taken, ledger_row, stamp
from caloscope.monitor.telling import tell, tell_quarantined
from caloscope.store import Store

log = structlog.get_logger()

FEW: Final = 4
"""Files that arrive at the same time, from as many producers: each is recorded by itself."""

FIRST_SECONDS: Final = 0.1
"""What is recorded together at first, when many files wait: somebody may be looking."""

LONGEST_SECONDS: Final = 1.0
"""And at most, within a file of many lumisections too."""


class Taking:
    """Scores files and hands them on; `taken` counts them, `scored` the results that they brought.

    `some` raises `StoreError`: then all that it had in hand is a job again. What of it is in the store is
    known there, and all else has not happened.
    """

    def __init__(
        self,
        intake: Intake,
        store: Store,
        jobs: Jobs,
        finishing: Finishing,
        pulse: Pulse,
        stop: threading.Event,
        tuning: Tuning,
    ) -> None:
        self._intake = intake
        self._store = store
        self._jobs = jobs
        self._finishing = finishing
        self._pulse = pulse
        self._stop = stop
        self._tuning = tuning
        self._lateness = Lateness(pulse)
        self._slice = FIRST_SECONDS
        self._singly = 0
        self.taken = 0
        self.scored = 0

    def some(self) -> None:
        """Take one job, or as many as can be done within a second where many wait."""
        first = self._jobs.peek()
        if len(self._jobs) > FEW and not self._singly and first is not None and not first.suspect:
            self._take_together(time.monotonic() + self._slice)
            self._slice = min(2 * self._slice, LONGEST_SECONDS)
            return
        if len(self._jobs) <= FEW:
            self._slice = FIRST_SECONDS
        self._singly = max(0, self._singly - 1)
        if self._jobs:
            self._take_one(self._jobs.take())

    def _take_one(self, job: Job) -> None:
        """Take one file; what it brings is in the store before anything else is done."""
        try:
            taken = self._taken(job, together=False)
        except StoreError:
            self._jobs.add(job)
            raise
        except LeftError:
            self._jobs.add(job)
            return
        except Exception as problem:
            # An error of ours in one file must not keep all others from being read.
            log.exception("unexpected", file=shown(job.path.name))
            self._intake.forget()
            found = f"{type(problem).__name__} ({problem!s:.200})"
            error = SourceError(job.path, Fault.UNEXPECTED, found, "no error of Caloscope's own")
            taken = Taken(job.path, (), (), error=error, stamp=job.stamp)
        self._hand_on(job, taken)

    def _take_together(self, deadline: float) -> None:
        """Take as many files as can be done in a time, recorded in one transaction."""
        done: list[tuple[Job, Taken]] = []
        in_hand: list[Job] = []
        try:
            while (job := self._jobs.peek()) is not None and not job.suspect and not self._stop.is_set():
                if in_hand and time.monotonic() >= deadline:
                    break
                in_hand.append(self._jobs.take())
                try:
                    done.append((in_hand[-1], self._taken(in_hand[-1], together=True)))
                except LeftError:
                    self._jobs.add(in_hand.pop())
                self._pulse.looked()
            began = time.perf_counter()
            self._intake.commit()
            share = (time.perf_counter() - began) / max(1, len(done))
        except Exception as problem:
            for job in in_hand:
                self._jobs.add(job)
            if isinstance(problem, StoreError):
                raise
            # One of these files did it; taken one by one they show which.
            log.exception("unexpected", files=len(in_hand))
            self._singly = len(in_hand)
            self._intake.forget()
            return
        for job, taken in done:
            self._hand_on(job, taken.with_stages({"store": share}))

    def _taken(self, job: Job, *, together: bool) -> Taken:
        """What a file brought; what went wrong with it is told in it, but for the store's troubles."""
        if kind(job.path.name) != "maps":
            return Taken(job.path, (), (), stamp=stamp(job.path))
        if job.suspect >= DEATHS:
            found = f"that the monitor ended {job.suspect} times while it read it"
            error = SourceError(job.path, Fault.CRASHES, found, "a file that can be read")
            return Taken(job.path, (), (), error=error, stamp=job.stamp)
        if job.suspect:
            self._store.note_file(started(job, job.suspect + 1))
        began = time.monotonic()
        try:
            taken = self._intake.score(
                job.path,
                wanted=until(self._stop),
                together=LONGEST_SECONDS if together else 0.0,
                keep="verdicts",
                each=self._pulse.looked,
            )
        except LeftError:
            if job.suspect:
                self._store.note_file(started(job, 1))
            raise
        if job.suspect:
            self._store.note_file(started(job, 1))  # it did not end us: what comes now is not its fault
        stages = {"waited": job.waited, "ordered": began - job.noticed if job.noticed else None}
        return taken.with_stages({name: each for name, each in stages.items() if each is not None})

    def _hand_on(self, job: Job, taken: Taken) -> None:
        """What was taken is in the store: tell of it, and have it finished, or tried again."""
        if taken.stamp == (0, 0):
            taken = replace(taken, stamp=job.stamp)
        if self._jobs.ended(job) and taken.stamp != job.stamp:
            self._finishing.add(replaced(job.row or started(job, 1)))  # of what was noticed nobody tells more
        self.taken += 1
        self.scored += taken.scored
        tell(taken)
        if kind(job.path.name) == "end of run":
            self._finishing.end(ended_run(job.path.name))
        if taken.error is not None and heals(taken.error) and self._try_again(job, taken, taken.error):
            return
        row = ledger_row(taken, job.attempts + 1)
        tell_quarantined(taken)
        self._finishing.add(row, taken.runs)
        self._pulse.taken(taken)
        self._lateness.see(taken)
        if not (self._jobs.later or self._lateness.is_trouble):
            self._pulse.healed("source")

    def _try_again(self, job: Job, taken: Taken, error: SourceError) -> bool:
        """Plan another try, if there are any left."""
        attempts = job.attempts + 1
        seconds = self._tuning.now.retry.seconds(attempts)
        if seconds is None:
            return False
        row = ledger_row(taken, attempts, time.time() + seconds)
        self._finishing.add(row, taken.runs)
        again = replace(job, stamp=taken.stamp, attempts=attempts, suspect=0, row=row, noticed=0.0)
        self._jobs.add_later(again, seconds)
        self.taken -= 1
        where = {"file": shown(job.path.name), "fault": str(error.fault), "detail": shown(str(error))}
        log.warning("waiting", **where, attempts=attempts, again_in_seconds=round(seconds, 1))
        self._pulse.trouble("source", str(error))
        return True
