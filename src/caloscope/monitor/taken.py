"""What one source file brought, and how it stands in the ledger."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

from caloscope.errors import SourceError
from caloscope.records import LumiId, MapResult, Quality
from caloscope.store import FileRow, FileStatus

Keep: TypeAlias = Literal["all", "verdicts", "nothing"]
"""What stays of results once they are recorded: all arrays, the codes alone, nothing but numbers of them."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one file brought; `error` is why it went to quarantine, None where it did not.

    `lumis` are the lumisections that were taken from it, those included that were known already; `results`
    the new results as far as they were to be kept, `scored` their number in any case; `runs`
    those of its lumisections and of all that were scored again because of them; `unknown` counts results that
    say so, by hash of the bundle and reason; `stamp` its size and time before it was read, `seconds` what it
    took. `stages` are the seconds of each: `waited` (from its change until it was noticed), `ordered` (until
    its turn came), `read`, `score`, `store`, `output`; what did not happen, or cannot be known, is left out.
    """

    path: Path
    lumis: tuple[LumiId, ...]
    results: tuple[MapResult, ...]
    scored: int = 0
    runs: frozenset[int] = frozenset()
    error: SourceError | None = None
    stamp: tuple[int, int] = (0, 0)
    seconds: float = 0.0
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    stages: Mapping[str, float] = field(default_factory=dict)

    def with_stages(self, stages: Mapping[str, float]) -> "Taken":
        """The same with some stages more, or longer."""
        added = {name: self.stages.get(name, 0.0) + seconds for name, seconds in stages.items()}
        return replace(self, stages={**self.stages, **added})


class Stages:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """What is done in this block is of a stage, also where it fails."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began


@dataclass(slots=True)
class Tally:
    """What a file brought so far; results are large, so they are kept only where somebody wants them."""

    keep: Keep
    lumis: list[LumiId] = field(default_factory=list)
    results: list[MapResult] = field(default_factory=list)
    scored: int = 0
    runs: set[int] = field(default_factory=set)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, lumi: LumiId, new: Sequence[MapResult], *, taken: bool) -> None:
        """Add one lumisection."""
        self.lumis += [lumi] if taken else []
        self.runs |= {result.key.run for result in new} | ({lumi.run} if taken else set())
        self.scored += len(new)
        self.unknown.update(
            (result.key.bundle, str(result.reason)) for result in new if result.quality is Quality.UNKNOWN
        )
        if self.keep != "nothing":
            self.results += new if self.keep == "all" else map(_verdict, new)

    def taken(
        self, path: Path, error: SourceError | None, status: tuple[int, int], seconds: float, stages: Stages
    ) -> Taken:
        """All of it."""
        found = (tuple(self.lumis), tuple(self.results), self.scored, frozenset(self.runs))
        return Taken(path, *found, error, status, seconds, self.unknown, dict(stages.seconds))


def ledger_row(taken: Taken, attempts: int = 1, next_try: float | None = None) -> FileRow:
    """The row of a file in the ledger after so many attempts; it waits where there is to be a next one."""
    size, mtime_ns = taken.stamp
    ended: FileStatus = "QUARANTINED" if next_try is None else "WAITING"
    return FileRow(
        path=str(taken.path),
        size=size,
        mtime_ns=mtime_ns,
        status="DONE" if taken.error is None else ended,
        attempts=attempts,
        next_try=next_try,
        stages=taken.stages,
        fault=None if taken.error is None else taken.error.fault,
        detail="" if taken.error is None else str(taken.error),
        lumis=len(taken.lumis),
        seconds=taken.seconds,
    )


def _verdict(result: MapResult) -> MapResult:
    """A result without what is large."""
    nothing = dict.fromkeys(("counts", "evidence", "direction", "expected", "score", "reconstruction"))
    return replace(result, **nothing, never_alive=None)  # type: ignore[arg-type]


def stamp(path: Path) -> tuple[int, int]:
    """Size in bytes and time of last change in nanoseconds, zeros where there is no such file.

    A time that no database can hold, after the year 2262, is the last one that it can.
    """
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_size, min(max(status.st_mtime_ns, -(2**63)), 2**63 - 1))
