"""One portion of work: sources into a shard."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from caloscope import dataset, fetch
from caloscope.config.catalogue import MapSpec
from caloscope.convert.batches import Batch
from caloscope.convert.dropped import Drops
from caloscope.convert.eras import eras_of, told_era
from caloscope.convert.request import Request
from caloscope.convert.selection import Selection
from caloscope.convert.sieve import Seen, Sieve
from caloscope.errors import Fault, SourceError
from caloscope.fetch import Source
from caloscope.geometry import View, view
from caloscope.readers import read
from caloscope.records import Lumisection

_TOLD_EVERY = 20


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a portion: bytes, lumisections, unreadable sources, and the eras it is of."""

    shard: Path
    size: int
    lumisections: int
    bad: tuple[str, ...]
    eras: tuple[str, ...]


@lru_cache(maxsize=4)
def _selection(request: Request, _content: str) -> Selection:
    """Read once per process, as golden files are long, and again where a file has changed.

    The workers of a cluster outlive a conversion.
    """
    return Selection.of(request)


@lru_cache(maxsize=4)
def _specs(request: Request) -> tuple[MapSpec, ...]:
    """Looked up once per process, not once per source."""
    return request.specs()


def work(batch: Batch, request: Request, tell: Callable[[int], None] = lambda _: None) -> Done:
    """Read all sources of a batch into its shard, which appears when it is whole.

    A source that cannot be read is noted with its fault; what was read of it before is kept. Scratch copies
    of remote sources lie beside the shard. `tell` hears now and then how many lumisections were taken.
    """
    sieve = Sieve(_selection(request, request.digest()))
    notes: list[dict[str, Any]] = []
    with dataset.ShardWriter(batch.shard) as shard:
        for number, source in enumerate(batch.sources, start=batch.first):
            before = sum(note["lumisections"] for note in notes)
            notes.append(_take(source, number, request, shard, sieve, partial(_tell_sum, tell, before)))
        shard.close({"sources": notes, "dropped": sieve.drops.to_json()})
    return _done(batch, notes)


def is_done(batch: Batch) -> Done | None:
    """What an earlier attempt made of a batch; None where it is to be done (again).

    A source that could not be reached then may be reached now.
    """
    if not batch.shard.is_file():
        return None
    try:
        with dataset.open_shard(batch.shard) as shard:
            notes = shard.meta["sources"]
            faults = {note.get("fault") for note in notes}
            if Fault.UNREACHABLE in faults or len(notes) != len(batch.sources):
                return None
            Drops().merge(shard.meta["dropped"])
            _ = shard.rows  # raises for damage that the end of the conversion would stumble over
            return _done(batch, notes)
    except (SourceError, AttributeError, KeyError, TypeError, ValueError):
        return None


def _done(batch: Batch, notes: Sequence[Mapping[str, Any]]) -> Done:
    return Done(
        shard=batch.shard,
        size=batch.size,
        lumisections=sum(note["lumisections"] for note in notes),
        bad=tuple(note["detail"] for note in notes if "fault" in note),
        eras=tuple(sorted(eras_of(notes))),
    )


def _take(
    source: Source,
    number: int,
    request: Request,
    shard: dataset.ShardWriter,
    sieve: Sieve,
    tell: Callable[[int], None],
) -> dict[str, Any]:
    """One source; answers with what the provenance says of it."""
    note: dict[str, Any] = {"name": source.name, "lumisections": 0}
    seen = Seen()
    try:
        with fetch.local(source, _scratch(shard.path)) as path:
            before = path.stat()
            note |= {"bytes": before.st_size, "checksum": fetch.checksum(path)} | told_era(path)
            for kept in filter(None, map(sieve.keep, _read(path, request))):
                _add(shard, replace(kept, source=source.name), number)
                seen.add(kept)
                if seen.lumisections % _TOLD_EVERY == 0:
                    tell(seen.lumisections)
            _require_unchanged(path, before)
    except SourceError as error:
        # A copy of a remote source has a name that says nothing to anybody.
        told = SourceError(source.name, error.fault, error.found, error.expected)
        note |= {"fault": str(error.fault), "detail": str(told)}
    except OSError as error:
        told = SourceError(source.name, Fault.UNREADABLE, error.strerror or str(error), "a readable file")
        note |= {"fault": str(told.fault), "detail": str(told)}
    return note | seen.told()


def _tell_sum(tell: Callable[[int], None], before: int, more: int) -> None:
    tell(before + more)


def _require_unchanged(path: Path, before: os.stat_result) -> None:
    """Raises `SourceError` where a file was written to while it was read: its checksum is of another."""
    now = path.stat()
    if (now.st_size, now.st_mtime_ns, now.st_ino) != (before.st_size, before.st_mtime_ns, before.st_ino):
        raise SourceError(path, Fault.UNREADABLE, "content that changed while it was read", "a file at rest")


def _add(shard: dataset.ShardWriter, lumisection: Lumisection, number: int) -> None:
    """Raises `SourceError` for numbers that a reader lets pass and no data set can keep."""
    try:
        shard.add(lumisection, number)
    except ValueError as error:
        found = f"{error} in lumisection {lumisection.run}:{lumisection.lumi}"
        raise SourceError(
            lumisection.source, Fault.INVALID_SCALAR, found, "what a data set can keep"
        ) from error


def _scratch(shard: Path) -> Path:
    """Where the batch's remote sources are copied to."""
    return shard.with_suffix(".fetched")


def _read(path: Path, request: Request) -> Iterator[Lumisection]:
    return read(
        path,
        _specs(request),
        label=request.label,
        era=request.era,
        run=request.run,
        views=partial(_view, request.calorimeter),
        as_float=request.as_float,
    )


def _view(calorimeter: str | None, name: str, era: str) -> View:
    return view(name, era, calorimeter)
