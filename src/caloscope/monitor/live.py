"""The live monitor: watches a spool, scores what arrives, and rewrites the DQM output."""

import threading
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from pathlib import Path

import structlog

from caloscope import outputs, readers
from caloscope.bundle import Bundle
from caloscope.errors import CaloscopeError, StoreError, UsageError
from caloscope.monitor.applying import Applying
from caloscope.monitor.backoff import Backoff
from caloscope.monitor.finishing import Finishing
from caloscope.monitor.intake import Intake
from caloscope.monitor.jobs import Jobs
from caloscope.monitor.names import kind
from caloscope.monitor.pulse import SILENT, Pulse
from caloscope.monitor.reception import Reception
from caloscope.monitor.rubbish import Rubbish
from caloscope.monitor.settings import Settings, Tuning
from caloscope.monitor.taking import FEW, Taking
from caloscope.monitor.thinning import Thinning
from caloscope.store import Store
from caloscope.watch import POLL_SECONDS, arrivals

log = structlog.get_logger()


def monitor(
    spool: Path,
    intake: Intake,
    store: Store,
    stop: threading.Event,
    *,
    label: str,
    bundles: Sequence[Bundle] = (),
    output_dir: Path | None = None,
    cms_names: bool = False,
    poll_seconds: float = POLL_SECONDS,
    pulse: Pulse = SILENT,
    tuning: Tuning | None = None,
) -> int:
    """Take files as they arrive until `stop` is set; answers with how many were taken.

    A file that the ledger knows unchanged is passed over. While the store cannot be written nothing is taken,
    and nothing lost. `pulse` is told how it goes; `tuning` holds settings that may change meanwhile. The log
    is told what of them came too late for `bundles`, those of the intake. Raises `UsageError` when there is
    no spool, and when the output folder lies inside it: the monitor would read what it writes.
    """
    if output_dir is not None and output_dir.resolve().is_relative_to(spool.resolve()):
        raise UsageError(f"{output_dir}: lies inside the spool {spool}, expected an output folder elsewhere")
    if output_dir is not None:
        outputs.get_ready()
    finishing = Finishing(store, label, pulse, output_dir, cms_names=cms_names)
    applying = Applying(intake, store, label, bundles)
    loop = _Loop(spool, intake, store, stop, finishing, applying, pulse, tuning)
    batches = arrivals(
        spool,
        stop,
        complete=_complete,
        poll_seconds=poll_seconds,
        told=loop.listed,
        hurry=loop.has_work,
        noted=partial(_noted, store),
        beat=pulse.looked,
    )
    log.info("watching", spool=str(spool), label=label, files_known=sum(store.count_files().values()))
    with Rubbish() as rubbish:
        for batch in batches:
            loop.turn(batch)
            rubbish.some(idle=not batch)
    return loop.end()


def write_outputs(
    store: Store, label: str, runs: Iterable[int], output_dir: Path, *, cms_names: bool = False
) -> list[Path]:
    """Rewrite the DQM output of runs; a failure is told and does not stop."""
    written: list[Path] = []
    for run in sorted(runs):
        try:
            written += outputs.write_run(store, label, run, output_dir, cms_names=cms_names)
        except (CaloscopeError, OSError) as error:
            log.error("output not written", run=run, detail=str(error))
    return written


def _complete(path: Path) -> bool:
    """Whether a file can be taken: of what is not read nobody asks more than that it is there."""
    return kind(path.name) != "maps" or readers.complete(path)


def _noted(store: Store, paths: Sequence[Path]) -> Collection[tuple[str, int, int]]:
    """Files that the ledger knows as they are; none where it cannot be read: then each is looked into."""
    try:
        return store.files_known([str(path) for path in paths]).keys()
    except StoreError:
        return ()


class _Loop:
    """One monitor that runs; a turn is short, so that it stops soon when it is asked to."""

    def __init__(
        self,
        spool: Path,
        intake: Intake,
        store: Store,
        stop: threading.Event,
        finishing: Finishing,
        applying: Applying,
        pulse: Pulse,
        tuning: Tuning | None,
    ) -> None:
        self._intake = intake
        self._store = store
        self._pulse = pulse
        self._finishing = finishing
        self._applying = applying
        self._tuning = tuning
        self._jobs = Jobs()
        self._reception = Reception(spool, store, intake, self._jobs, pulse, stop)
        followed = Tuning() if tuning is None else tuning
        self._taking = Taking(intake, store, self._jobs, finishing, pulse, stop, followed)
        self._trouble = Backoff("store", pulse)
        self._spool_trouble = Backoff("spool", pulse)
        self._must_forget = self._has_begun = False
        self._to_apply: Settings | None = None
        self._thinning = Thinning(store, followed)
        self._recorded = 0

    def listed(self, trouble: str) -> None:
        """What is wrong with the spool, "" for nothing."""
        if not trouble:
            self._spool_trouble.worked()
        elif self._spool_trouble.is_over:
            self._spool_trouble.failed(trouble)

    def has_work(self) -> bool:
        """Whether the next turn should come at once."""
        return bool(self._jobs) and self._trouble.is_over

    def turn(self, batch: list[Path]) -> None:
        """Take in a batch of arrivals, and do a piece of what there is to do."""
        self._pulse.looked()
        self._reception.arrive(batch)
        if not self._trouble.is_over:
            return
        try:
            self._prepare()
            idle = not (self._jobs or batch)
            if not idle:
                self._taking.some()
            if self._finishing.is_due(idle=idle):
                self._finishing.flush()
            self._thin(idle=idle)
            self._trouble.worked()
        except StoreError as error:
            self._must_forget = True
            self._trouble.failed(str(error))
        self._pulse.waiting(len(self._jobs))

    def end(self) -> int:
        """Finish what was taken; what was not comes again when the next monitor starts."""
        try:
            self._finishing.flush(last=True)
        except StoreError as error:
            log.error("stopped while the store could not be written", detail=str(error))
        return self._taking.taken

    def _prepare(self) -> None:
        """All that goes before files: raises `StoreError`, and is done the next time then."""
        if self._must_forget:
            self._intake.forget()
            self._must_forget = False
        if not self._has_begun:
            self._finishing.take_over()
            self._has_begun = True
        if self._tuning is not None:
            self._to_apply = self._tuning.renewed() or self._to_apply
        if self._to_apply is not None:
            self._finishing.changed(self._applying.apply(self._to_apply.gate))
            self._to_apply = None
        self._reception.receive()
        self._jobs.wake()

    def _thin(self, *, idle: bool) -> None:
        """Keep the store from growing without end, a little at a time, when no file waits for its verdict."""
        self._thinning.recorded(self._taking.scored - self._recorded)
        self._recorded = self._taking.scored
        self._thinning.some(idle=idle, awaited=0 < len(self._jobs) <= FEW)
