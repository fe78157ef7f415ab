"""What one source file brought, and how it stands in the ledger."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from caloscope.errors import SourceError
from caloscope.records import LumiId, MapResult, Quality
from caloscope.store import FileRow


@dataclass(frozen=True, slots=True)
class Taken:
    """What one file brought; `error` is why it went to quarantine, None where it did not.

    `lumis` are the lumisections that were taken from it, those included that were known already; `results`
    the new results, empty where many are recorded together, `scored` their number in both cases; `runs`
    those of its lumisections and of all that were scored again because of them; `unknown` counts results that
    say so, by hash of the bundle and reason; `stamp` its size and time before it was read, `seconds` what it
    took.
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


@dataclass(slots=True)
class Tally:
    """What a file brought so far; results are large, so they are kept only where somebody wants them."""

    keep: bool
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
        self.results += new if self.keep else ()

    def taken(self, path: Path, error: SourceError | None, status: tuple[int, int], seconds: float) -> Taken:
        """All of it."""
        found = (tuple(self.lumis), tuple(self.results), self.scored, frozenset(self.runs))
        return Taken(path, *found, error, status, seconds, self.unknown)


def ledger_row(taken: Taken) -> FileRow:
    """The row of a file in the ledger."""
    size, mtime_ns = taken.stamp
    return FileRow(
        path=str(taken.path),
        size=size,
        mtime_ns=mtime_ns,
        status="DONE" if taken.error is None else "QUARANTINED",
        fault=None if taken.error is None else taken.error.fault,
        detail="" if taken.error is None else str(taken.error),
        lumis=len(taken.lumis),
        seconds=taken.seconds,
    )


def stamp(path: Path) -> tuple[int, int]:
    """Size in bytes and time of last change in nanoseconds, zeros where there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_size, status.st_mtime_ns)
