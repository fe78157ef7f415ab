"""One source file through the pipeline, with its row in the ledger."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from caloscope.bundle import Bundle
from caloscope.config.catalogue import MapSpec
from caloscope.config.catalogue import load as load_catalogue
from caloscope.detectors.base import NeedsCompanions
from caloscope.errors import SourceError, UsageError
from caloscope.geometry import View, view
from caloscope.pipeline import ConflictError, Pipeline
from caloscope.readers import read
from caloscope.records import LumiId, Lumisection, MapResult
from caloscope.store import FileRow, Store

log = structlog.get_logger()

_Shared = TypeVar("_Shared")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one file brought; `error` is why it went to quarantine, None where it did not.

    `lumis` are the lumisections that were taken from it, those included that were known already; `stamp` its
    size and time before it was read, `seconds` what it took.
    """

    path: Path
    lumis: tuple[LumiId, ...]
    results: tuple[MapResult, ...]
    error: SourceError | None = None
    stamp: tuple[int, int] = (0, 0)
    seconds: float = 0.0

    @property
    def runs(self) -> set[int]:
        """Runs of its lumisections, and of those that were scored again because of them."""
        return {lumi.run for lumi in self.lumis} | {result.key.run for result in self.results}


class Intake:
    """Reads source files, has them scored, and writes down what became of each.

    A file that cannot be used goes to quarantine with its reason, and the next one is taken.
    """

    def __init__(self, store: Store, bundles: Sequence[Bundle], label: str) -> None:
        self._store = store
        self._label = label
        self._era = _only("eras", {bundle.card.era for bundle in bundles})
        self._calorimeter = _only("calorimeters", {bundle.calorimeter for bundle in bundles})
        self._maps = _specs(bundles, self._calorimeter)
        self._pipeline = Pipeline(store, bundles, label)

    def take(
        self,
        path: Path,
        *,
        run: int | None = None,
        wanted: Callable[[LumiId], bool] = lambda _: True,
    ) -> Taken:
        """Take all lumisections of one file that are `wanted`; `run` for files that do not say theirs."""
        taken = self.score(path, run=run, wanted=wanted)
        self.note(taken)
        return taken

    def score(
        self,
        path: Path,
        *,
        run: int | None = None,
        wanted: Callable[[LumiId], bool] = lambda _: True,
    ) -> Taken:
        """The same without its row in the ledger, for a caller who has more to do before the file is done."""
        started, status = time.perf_counter(), stamp(path)
        lumis: list[LumiId] = []
        results: list[MapResult] = []
        error: SourceError | None = None
        try:
            for lumisection in self._read(path, run):
                if wanted(lumisection.id) and (lumisection.maps or lumisection.missing):
                    new, conflict = self._take(lumisection)
                    results += new
                    lumis += [lumisection.id] if new or conflict is None else []
                    error = error or conflict
        except SourceError as problem:
            error = problem
        if error is not None:
            log.warning("quarantined", file=path.name, fault=str(error.fault), detail=str(error))
        seconds = time.perf_counter() - started
        return Taken(path, tuple(lumis), tuple(results), error, status, seconds)

    def first(self, path: Path, *, run: int | None = None) -> LumiId:
        """The first lumisection of a file, (0, 0) where it cannot be read; nothing is recorded."""
        try:
            return next((lumisection.id for lumisection in self._read(path, run)), LumiId(0, 0))
        except SourceError:
            return LumiId(0, 0)

    def note(self, taken: Taken) -> None:
        """Write into the ledger what became of a file."""
        size, mtime_ns = taken.stamp
        self._store.note_file(
            FileRow(
                path=str(taken.path),
                size=size,
                mtime_ns=mtime_ns,
                status="DONE" if taken.error is None else "QUARANTINED",
                fault=None if taken.error is None else taken.error.fault,
                detail="" if taken.error is None else str(taken.error),
                lumis=len(taken.lumis),
                seconds=taken.seconds,
            )
        )

    def _take(self, lumisection: Lumisection) -> tuple[Sequence[MapResult], ConflictError | None]:
        """A conflict concerns its maps alone: the rest of the file is good."""
        try:
            return self._pipeline.take(lumisection), None
        except ConflictError as conflict:
            return conflict.results, conflict

    def _read(self, path: Path, run: int | None) -> Iterator[Lumisection]:
        return read(path, self._maps, label=self._label, era=self._era, run=run, views=self._view)

    def _view(self, name: str, era: str) -> View:
        return view(name, era, self._calorimeter)


def _specs(bundles: Sequence[Bundle], calorimeter: str | None) -> list[MapSpec]:
    """The maps that the bundles score and those that their detectors want beside them, each once."""
    names = {bundle.card.map for bundle in bundles}
    for bundle in bundles:
        if isinstance(bundle.detector, NeedsCompanions):
            names |= set(bundle.detector.companions)
    return [spec for name, spec in load_catalogue(calorimeter).items() if name in names]


def _only(what: str, found: set[_Shared]) -> _Shared:
    """The one value that all bundles share. Raises `UsageError` where they do not, or there are none."""
    if len(found) != 1:
        raise UsageError(f"bundles of {len(found)} {what}, expected one or more bundles of the same")
    return found.pop()


def stamp(path: Path) -> tuple[int, int]:
    """Size in bytes and time of last change in nanoseconds, zeros where there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_size, status.st_mtime_ns)
