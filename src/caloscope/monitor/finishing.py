"""What is done once verdicts are in the store: DQM output, rows of the ledger, ends of runs."""

import math
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import structlog

from caloscope import outputs
from caloscope.errors import CaloscopeError
from caloscope.monitor.backoff import Backoff
from caloscope.monitor.gaps import told_gaps
from caloscope.monitor.pulse import Pulse
from caloscope.store import FileRow, Store

log = structlog.get_logger()

FILES_PER_OUTPUT = 20
"""While it catches up with files that were waiting, the monitor writes its output after so many of them,"""

OUTPUT_SECONDS = 2.0
"""or after so many seconds, as soon as no file is at hand,"""

LATEST_SECONDS = 6.0
"""or after so many in any case, and spends no more than a third of its time on it."""

QUIET_SECONDS = 1.0
"""Without a file, before the output is written: the other producers' files of a lumisection may be coming."""

LONGEST_REST = 10.0
"""Between two times that the output is written, whatever that takes."""

RUN_SECONDS = 10.0
"""How often it is noted that a run still goes on."""

OPEN_RUNS = 3
"""Runs that had not ended when the monitor started, whose output is written again."""


class Finishing:
    """Files whose verdicts are in the store and that are not noted yet.

    A file is done when its output is: after a crash in between it is taken again. While the output of a run
    cannot be written, its newest file is not noted, so that the next monitor knows; one of each run is
    enough. `flush` raises `StoreError` and may be called again then.
    """

    def __init__(
        self, store: Store, label: str, pulse: Pulse, output_dir: Path | None, *, cms_names: bool
    ) -> None:
        self._store = store
        self._label = label
        self._output_dir = output_dir
        self._cms_names = cms_names
        self._trouble = Backoff("output", pulse)
        self._rows: list[tuple[FileRow, frozenset[int]]] = []
        self._owing: list[tuple[FileRow, frozenset[int]]] = []
        self._since = self._rested_at = self._taken_at = self._ending_since = time.monotonic()
        self._due: set[int] = set()
        self._ending: dict[int, str] = {}
        self._runs_noted: dict[int, float] = {}
        self._open: set[int] = set()
        self._ended: set[int] = set()
        self._seen: set[int] = set()

    def take_over(self) -> None:
        """Go on where the monitor before this one ended; raises `StoreError`."""
        known = self._store.runs_known(self._label)
        self._open = {run.run for run in known if run.ended_at is None}
        # Of a run that only a marker ever named nobody knows that there was one.
        self._ended = ({run.run for run in known} - self._open) & set(self._store.runs(self._label))
        self._due |= set(sorted(self._open)[-OPEN_RUNS:])

    def is_due(self, *, idle: bool) -> bool:
        """Whether to `flush` now: when nothing came for a while, else where much has come together.

        The files of a lumisection come one after the other; none should wait for the output of another. Where
        none is written, what is left to do takes too little time to wait with it.
        """
        now = time.monotonic()
        waited = now - self._since if self._rows else 0.0
        quiet = self._output_dir is None or now - self._taken_at >= QUIET_SECONDS
        at_rest = idle and (quiet or waited > OUTPUT_SECONDS)
        much = len(self._rows) >= FILES_PER_OUTPUT or waited > LATEST_SECONDS
        return (at_rest or much) and now >= self._rested_at

    def add(self, row: FileRow, runs: Iterable[int] = ()) -> None:
        """A file that was taken, and the runs of which there is something new because of it."""
        if not self._rows:
            self._since = time.monotonic()
        self._rows.append((row, frozenset(runs)))
        self._taken_at = time.monotonic()
        self.changed(self._rows[-1][1])

    def changed(self, runs: Iterable[int]) -> None:
        """There is something new of these runs; those before the newest are over."""
        for run in runs:
            self._due.add(run)
            self._open |= {run} - self._ended
            self._seen.add(run)
        if not self._ending:
            self._ending_since = time.monotonic()
        newest = max(self._open | self._ended, default=0)
        self._ending |= dict.fromkeys(self._open - {newest} - self._ending.keys(), "next run")

    def end(self, run: int | None) -> None:
        """A marker says that a run is over, the newest one where it does not say which.

        A run of which nothing came does not end: a wrong number would end all others as runs before it.
        """
        ended = max(self._open, default=None) if run is None else run
        if ended in self._open:
            self._ending[ended] = "marker"
        elif ended is not None and ended not in self._ended:
            log.warning("marker of a run of which nothing came", run=ended)

    def flush(self, *, last: bool = False) -> None:
        """Write the output that is due, and note all files but those that stand for output that is not.

        `last`: the monitor ends, so nothing is left for later.
        """
        seconds = self._write()
        done, owing = self._sorted()
        if done:
            self._store.note_files([_with_output(row, seconds) for row in done] if seconds else done)
        self._rows, self._owing = [], owing
        self._note_runs(last=last)
        self._store.fold()

    def _sorted(self) -> tuple[list[FileRow], list[tuple[FileRow, frozenset[int]]]]:
        """Files that are done, and the newest one of each run whose output could not be written."""
        done: list[FileRow] = []
        owing: list[tuple[FileRow, frozenset[int]]] = []
        left = set(self._due)
        for row, runs in reversed([*self._owing, *self._rows]):
            # One that waits is taken again in any case.
            if runs & left and row.status != "WAITING":
                owing.insert(0, (row, runs))
                left -= runs
            else:
                done.insert(0, row)
        return done, owing

    def _note_runs(self, *, last: bool) -> None:
        """What is known of runs; the end of one at a quiet moment, as it takes a look at all that came."""
        now = time.monotonic()
        for run in sorted(self._seen - self._ending.keys()):
            if now - self._runs_noted.get(run, -math.inf) >= RUN_SECONDS:
                self._store.note_run(self._label, run, at=time.time())
                self._runs_noted[run] = now
                self._seen.discard(run)
        quiet = now - self._taken_at >= QUIET_SECONDS or now - self._ending_since > LATEST_SECONDS
        for run, why in list(self._ending.items()) if quiet or last else ():
            gaps = told_gaps(self._store, self._label, run)
            self._store.note_run(self._label, run, at=time.time(), ended_by=why)
            log.info("run ended", run=run, ended_by=why, gaps=gaps or "none")
            self._ended.add(run)
            self._open.discard(run)
            self._seen.discard(run)
            self._ending.pop(run)
            self._runs_noted.pop(run, None)

    def _write(self) -> float:
        """Write the output of the runs that are due; answers with the seconds that it took."""
        if self._output_dir is None:
            self._due.clear()
        if not self._due or not self._trouble.is_over or self._output_dir is None:
            return 0.0
        began = time.monotonic()
        failed = {}
        for run in sorted(self._due):
            try:
                outputs.write_run(self._store, self._label, run, self._output_dir, cms_names=self._cms_names)
            except (CaloscopeError, OSError) as error:
                failed[run] = str(error)
            except Exception as error:
                log.exception("output not written", run=run)
                failed[run] = f"{type(error).__name__}: {error}"
        self._due = set(failed)
        if failed:
            self._trouble.failed("; ".join(f"output of run {run}: {why}" for run, why in failed.items()))
        else:
            self._trouble.worked()
        seconds = time.monotonic() - began
        self._rested_at = time.monotonic() + min(2 * seconds, LONGEST_REST)
        return seconds


def _with_output(row: FileRow, seconds: float) -> FileRow:
    return replace(row, stages={**row.stages, "output": seconds}) if row.status == "DONE" else row
