"""The live monitor: watches a spool, scores what arrives, and rewrites the DQM output."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import structlog

from caloscope import outputs
from caloscope.errors import CaloscopeError, UsageError
from caloscope.monitor.intake import Intake, Taken, stamp
from caloscope.readers import complete
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
    output_dir: Path | None = None,
    cms_names: bool = False,
    poll_seconds: float = POLL_SECONDS,
) -> int:
    """Take files as they arrive until `stop` is set; answers with how many were taken.

    A file that the ledger knows unchanged is passed over. Raises `UsageError` when the output folder lies
    inside the spool: the monitor would read what it writes.
    """
    if output_dir is not None and output_dir.resolve().is_relative_to(spool.resolve()):
        raise UsageError(f"{output_dir}: lies inside the spool {spool}, expected an output folder elsewhere")
    known = {(Path(row.path), row.size, row.mtime_ns) for row in store.files()}
    taken = 0
    for batch in arrivals(spool, stop, complete=complete, poll_seconds=poll_seconds):
        new = [path for path in batch if (path, *stamp(path)) not in known]
        done = []
        for path in new:
            done.append(intake.take(path))
            _tell(done[-1])
            if stop.is_set():
                break
        taken += len(done)
        if output_dir is not None:
            write_outputs(store, label, done, output_dir, cms_names=cms_names)
        if stop.is_set():
            break
    return taken


def write_outputs(
    store: Store, label: str, taken: Iterable[Taken], output_dir: Path, *, cms_names: bool = False
) -> list[Path]:
    """Rewrite the DQM output of every run that got a new result; a failure is told and does not stop."""
    runs: Sequence[int] = sorted({result.key.run for each in taken for result in each.results})
    written: list[Path] = []
    for run in runs:
        try:
            written += outputs.write_run(store, label, run, output_dir, cms_names=cms_names)
        except (CaloscopeError, OSError) as error:
            log.error("output not written", run=run, detail=str(error))
    return written


def _tell(taken: Taken) -> None:
    for result in taken.results:
        log.info(
            "scored",
            run=result.key.run,
            lumi=result.key.lumi,
            map=result.key.map,
            quality=str(result.quality),
            reason=None if result.reason is None else str(result.reason),
            bad_cells=result.bad_cells,
            milliseconds=round(1000 * result.seconds, 1),
        )
