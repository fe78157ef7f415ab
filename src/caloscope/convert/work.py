"""One portion of work: sources into a shard."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from caloscope import dataset, fetch
from caloscope.config.catalogue import MapSpec
from caloscope.convert.batches import Batch
from caloscope.convert.dropped import EVERY_MAP, Drops, Why
from caloscope.convert.eras import eras_of, told_era
from caloscope.convert.request import Request
from caloscope.convert.selection import Selection
from caloscope.errors import Fault, SourceError
from caloscope.fetch import Source
from caloscope.geometry import View, view
from caloscope.readers import read
from caloscope.records import Lumisection

_MOST_ASSUMPTIONS = 20
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
    sieve: "Sieve",
    tell: Callable[[int], None],
) -> dict[str, Any]:
    """One source; answers with what the provenance says of it."""
    note: dict[str, Any] = {"name": source.name, "lumisections": 0}
    runs: set[int] = set()
    assumptions: dict[str, None] = {}
    try:
        with fetch.local(source, _scratch(shard.path)) as path:
            before = path.stat()
            note |= {"bytes": before.st_size, "checksum": fetch.checksum(path)} | told_era(path)
            for lumisection in _read(path, request):
                kept = sieve.keep(lumisection)
                if kept is not None:
                    _add(shard, replace(kept, source=source.name), number)
                    note["lumisections"] += 1
                    runs.add(kept.run)
                    assumptions |= dict.fromkeys(_for_any(kept))
                    if kept.simulated:
                        note["simulated"] = True
                    if note["lumisections"] % _TOLD_EVERY == 0:
                        tell(note["lumisections"])
            _require_unchanged(path, before)
    except SourceError as error:
        # A copy of a remote source has a name that says nothing to anybody.
        told = SourceError(source.name, error.fault, error.found, error.expected)
        note |= {"fault": str(error.fault), "detail": str(told)}
    except OSError as error:
        told = SourceError(source.name, Fault.UNREADABLE, error.strerror or str(error), "a readable file")
        note |= {"fault": str(told.fault), "detail": str(told)}
    note["runs"] = sorted(runs)
    if assumptions:
        note["assumptions"] = list(assumptions)[:_MOST_ASSUMPTIONS]
    return note


def _tell_sum(tell: Callable[[int], None], before: int, more: int) -> None:
    tell(before + more)


def _for_any(lumisection: Lumisection) -> list[str]:
    """What was assumed for a lumisection, in words that are the same for the next."""
    number = rf"\b{lumisection.lumi}\b"
    return [re.sub(rf"lumisection {number}", "lumisection N", text) for text in lumisection.assumptions]


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


class Sieve:
    """Lets through what a selection takes; `drops` collects the rest."""

    def __init__(self, selection: Selection) -> None:
        self.drops = Drops()
        self._selection = selection

    def keep(self, lumisection: Lumisection) -> Lumisection | None:
        """A lumisection without the maps that are not wanted; None where nothing is left.

        What grows is kept whatever was asked for within a run: it may be what is subtracted from the next.
        """
        run, lumi = lumisection.id
        for name in lumisection.unusable:
            self.drops.add(name, self._selection.refuses(lumisection.id) or Why.UNUSABLE, run, lumi)
        if not lumisection.maps:
            if lumisection.unusable:
                return None
            why = self._selection.refuses(lumisection.id) or Why.MAP_MISSING
            self.drops.add(EVERY_MAP, why, run, lumi)
            return None
        if self._selection.refuses_run(run):
            self.drops.add(EVERY_MAP, Why.NOT_ASKED, run, lumi)
            return None
        kept = {}
        for name, record in lumisection.maps.items():
            why_not = None if record.cumulative else self._selection.refuses(lumisection.id, record.span)
            if why_not is None:
                kept[name] = record
            else:
                self.drops.add(name, why_not, run, lumi)
        return replace(lumisection, maps=kept) if kept else None
