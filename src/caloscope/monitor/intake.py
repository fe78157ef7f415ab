"""One source file through the pipeline, with its row in the ledger."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import structlog

from caloscope.bundle import Bundle
from caloscope.errors import SourceError
from caloscope.monitor.doubts import Doubts, Warn, each_once
from caloscope.monitor.reading import ahead, timed
from caloscope.monitor.retired import require_in_use
from caloscope.monitor.sources import Sources
from caloscope.monitor.taken import Keep, Stages, Taken, Tally, ledger_row, stamp
from caloscope.monitor.telling import tell_quarantined
from caloscope.pipeline import ConflictError, Gate, Pipeline
from caloscope.records import LumiId, Lumisection, MapResult
from caloscope.store import Store

log = structlog.get_logger()


def _log(line: str) -> None:
    log.warning("doubtful", detail=line)


class Intake:
    """Reads source files, has them scored, and writes down what became of each.

    A file that cannot be used goes to quarantine with its reason, and the next one is taken. `warn`, else the
    log, is told in one line each of bundles that are given twice, whose thresholds somebody wrote by hand, or
    that learned in another era. `gate` is what an operator may set, and `retune` sets anew. Of other
    runs than `runs` nothing is taken: after a run that never was, what is true comes too late. Raises
    `BundleError` for a bundle that is retired.
    """

    def __init__(
        self,
        store: Store,
        bundles: Sequence[Bundle],
        label: str,
        *,
        warn: Warn = _log,
        gate: Gate | None = None,
        runs: range | None = None,
    ) -> None:
        require_in_use(store, bundles)
        self._store = store
        self._sources = Sources(bundles, label, runs)
        bundles = each_once(bundles, warn)
        self._doubts = Doubts(bundles, warn)
        self._pipeline = Pipeline(store, bundles, label, gate)
        self._waiting_since: float | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether something was scored that is not in the store yet."""
        return self._waiting_since is not None

    def take(
        self,
        path: Path,
        *,
        run: int | None = None,
        wanted: Callable[[LumiId], bool] = lambda _: True,
    ) -> Taken:
        """Take all lumisections of one file that are `wanted`; `run` for files that do not say theirs."""
        taken = self.score(path, run=run, wanted=wanted)
        tell_quarantined(taken)
        self.note([taken])
        return taken

    def score(
        self,
        path: Path,
        *,
        run: int | None = None,
        wanted: Callable[[LumiId], bool] = lambda _: True,
        together: float = 0.0,
        keep: Keep | None = None,
        each: Callable[[], None] = lambda: None,
    ) -> Taken:
        """The same without its row in the ledger, for a caller who has more to do before the file is done.

        What was scored within `together` seconds is recorded in one transaction, zero: each lumisection by
        itself. Then the caller says `commit` at the end, and notes no file while the intake `is_waiting`.
        `keep` is what stays of the results; where it is not said all, or nothing where they are recorded
        together. `each` is called after each lumisection. Raises `StoreError`: what was not recorded has not
        happened, see `forget`.
        """
        started, status = time.perf_counter(), stamp(path)
        tally = Tally(keep or ("nothing" if together else "all"))
        stages = Stages()
        error: SourceError | None = None
        try:
            found = timed(self._read(path, run), stages)
            for lumisection in ahead(found) if together else found:
                if wanted(lumisection.id) and _says_something(lumisection):
                    new, conflict = self._take(lumisection, together, stages)
                    tally.count(lumisection.id, new, taken=bool(new) or conflict is None)
                    error = error or conflict
                    each()
        except SourceError as problem:
            error = problem
        return tally.taken(path, error, status, time.perf_counter() - started, stages)

    def commit(self) -> None:
        """Record what waits; raises `StoreError`, and then nothing of it is recorded."""
        self._waiting_since = None
        self._pipeline.commit()

    def forget(self) -> None:
        """Go back to what is in the store, after an error: raises `StoreError` where that cannot be read."""
        self._waiting_since = None
        self._pipeline.forget()

    def retune(self, gate: Gate) -> list[MapResult]:
        """Judge by other settings from now on; answers with results that were recorded again because of them.

        Raises `StoreError`; then the same may be asked again.
        """
        results = self._pipeline.retune(gate)
        self.commit()
        return results

    def first(self, path: Path, *, run: int | None = None) -> LumiId:
        """The first lumisection of a file, (0, 0) where it cannot be read; nothing is recorded."""
        try:
            return next((lumisection.id for lumisection in self._read(path, run)), LumiId(0, 0))
        except SourceError:
            return LumiId(0, 0)

    def note(self, found: Iterable[Taken]) -> None:
        """Write into the ledger what became of files."""
        self._store.note_files([ledger_row(taken) for taken in found])

    def _take(
        self, lumisection: Lumisection, together: float, stages: Stages
    ) -> tuple[Sequence[MapResult], ConflictError | None]:
        """A conflict concerns its maps alone: the rest of the file is good."""
        self._doubts.see(lumisection)
        with stages.of("score"):
            try:
                results, conflict = self._pipeline.score(lumisection), None
            except ConflictError as found:
                results, conflict = list(found.results), found
        now = time.perf_counter()
        if self._waiting_since is None:
            self._waiting_since = now
        if now - self._waiting_since >= together:
            with stages.of("store"):
                self.commit()
        return results, conflict

    def _read(self, path: Path, run: int | None) -> Iterator[Lumisection]:
        return self._sources.read(path, run)


def _says_something(lumisection: Lumisection) -> bool:
    return bool(lumisection.maps or lumisection.missing or lumisection.conditions is not None)
