"""The live monitor: watches a spool, scores what arrives, and rewrites the DQM output."""

import threading
from collections.abc import Iterable
from pathlib import Path

import structlog

from caloscope import outputs
from caloscope.errors import CaloscopeError, UsageError
from caloscope.monitor.intake import Intake
from caloscope.monitor.replay import in_time_order
from caloscope.monitor.taken import Taken, stamp
from caloscope.readers import complete
from caloscope.records import LumiId
from caloscope.store import Store
from caloscope.watch import POLL_SECONDS, arrivals

log = structlog.get_logger()

FILES_PER_OUTPUT = 20
"""While it catches up with files that were waiting, the monitor writes its output after so many of them."""


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

    A file that the ledger knows unchanged is passed over. Raises `UsageError` when there is no spool, and
    when the output folder lies inside it: the monitor would read what it writes.
    """
    if output_dir is not None and output_dir.resolve().is_relative_to(spool.resolve()):
        raise UsageError(f"{output_dir}: lies inside the spool {spool}, expected an output folder elsewhere")
    known = {(Path(row.path), row.size, row.mtime_ns) for row in store.files()}
    if output_dir is not None:
        output_dir.mkdir(parents=True, exist_ok=True)
    batches = arrivals(spool, stop, complete=complete, poll_seconds=poll_seconds)
    log.info("watching", spool=str(spool), label=label, files_known=len(known))
    taken = 0
    for batch in batches:
        new = [path for path in batch if (path, *stamp(path)) not in known]
        if len(new) > 1:
            new = in_time_order(new, intake)
        for start in range(0, len(new), FILES_PER_OUTPUT):
            done = _score(new[start : start + FILES_PER_OUTPUT], intake, stop)
            taken += len(done)
            if output_dir is not None:
                runs = {run for each in done for run in each.runs}
                write_outputs(store, label, runs, output_dir, cms_names=cms_names)
            # A file is done when its output is: after a crash in between it is taken again.
            intake.note(done)
            if stop.is_set():
                return taken
    return taken


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


def _score(paths: Iterable[Path], intake: Intake, stop: threading.Event) -> list[Taken]:
    """Score files one by one, until `stop` is set."""
    done = []
    for path in paths:
        done.append(intake.score(path))
        _tell(done[-1])
        if stop.is_set():
            break
    return done


def _tell(taken: Taken) -> None:
    for result in taken.results:
        mine = LumiId(result.key.run, result.key.lumi) in taken.lumis
        log.info(
            "scored" if mine else "revised",
            run=result.key.run,
            lumi=result.key.lumi,
            map=result.key.map,
            quality=str(result.quality),
            reason=None if result.reason is None else str(result.reason),
            bad_cells=result.bad_cells,
            milliseconds=round(1000 * result.seconds, 1),
        )
