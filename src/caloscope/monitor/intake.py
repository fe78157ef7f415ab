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
from caloscope.pipeline import Pipeline
from caloscope.readers import read
from caloscope.records import LumiId, Lumisection, MapResult
from caloscope.store import FileRow, Store

log = structlog.get_logger()

_Shared = TypeVar("_Shared")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one file brought; `error` is why it went to quarantine, None where it did not."""

    path: Path
    lumis: tuple[LumiId, ...]
    results: tuple[MapResult, ...]
    error: SourceError | None = None


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
        started = time.perf_counter()
        lumis: list[LumiId] = []
        results: list[MapResult] = []
        error: SourceError | None = None
        status = stamp(path)
        try:
            for lumisection in self._read(path, run):
                if wanted(lumisection.id):
                    results += self._pipeline.take(lumisection)
                    lumis.append(lumisection.id)
        except SourceError as problem:
            error = problem
            log.warning("quarantined", file=path.name, fault=str(problem.fault), detail=str(problem))
        self._note(path, status, len(lumis), error, time.perf_counter() - started)
        return Taken(path, tuple(lumis), tuple(results), error)

    def _read(self, path: Path, run: int | None) -> Iterator[Lumisection]:
        return read(path, self._maps, label=self._label, era=self._era, run=run, views=self._view)

    def _view(self, name: str, era: str) -> View:
        return view(name, era, self._calorimeter)

    def _note(
        self, path: Path, status: tuple[int, int], lumis: int, error: SourceError | None, seconds: float
    ) -> None:
        size, mtime_ns = status
        self._store.note_file(
            FileRow(
                path=str(path),
                size=size,
                mtime_ns=mtime_ns,
                status="DONE" if error is None else "QUARANTINED",
                fault=None if error is None else error.fault,
                detail="" if error is None else str(error),
                lumis=lumis,
                seconds=seconds,
            )
        )


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
