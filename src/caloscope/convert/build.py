"""A whole conversion."""

import fcntl
import glob
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from caloscope import cluster
from caloscope.convert.batches import Batch, batches
from caloscope.convert.dropped import Drop
from caloscope.convert.eras import one_era
from caloscope.convert.finish import NothingLeftError, finish
from caloscope.convert.request import Request
from caloscope.convert.selection import Selection
from caloscope.convert.work import Done, is_done, work
from caloscope.errors import CaloscopeError, UsageError
from caloscope.fetch import Source


@dataclass(frozen=True, slots=True)
class Report:
    """What a conversion did. `maps` counts each map's lumisections, `bad` explains unreadable sources."""

    sources: int
    lumisections: int
    maps: dict[str, int]
    runs: int
    dropped: tuple[Drop, ...]
    bad: tuple[str, ...]
    assumptions: tuple[str, ...]
    resumed: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a conversion is: bytes of sources that are read, or lumisections that are written."""

    stage: Literal["reading", "writing"]
    done: int
    total: int
    lumisections: int
    bad: int


def convert(
    sources: Sequence[Source],
    request: Request,
    output: Path,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    command: str = "",
    tell: Callable[[Progress], None] = lambda _: None,
) -> Report:
    """Convert all sources into the data set `output`, which appears when it is whole.

    `command` is what the provenance says of how it was made. `tell` is called after each portion of work.
    Raises `UsageError` for a request that cannot be meant, and `CaloscopeError` where another conversion is
    writing the same data set or no source holds a lumisection that passes: nothing is written then.
    """
    request.check()
    Selection.of(request)
    folder = output.with_name(f".{output.name}.parts")
    with _alone(folder, output):
        portions = batches(sources, request, folder)
        resumed, bad = _work(portions, request, workers, scheduler, tell)
        with _cleared(folder):
            shards = [portion.shard for portion in portions]
            report = finish(shards, request, output, command, _telling(tell, bad))
    return Report(sources=len(sources), bad=bad, resumed=resumed, **report)


def _work(
    portions: Sequence[Batch],
    request: Request,
    workers: int,
    scheduler: str | None,
    tell: Callable[[Progress], None],
) -> tuple[int, tuple[str, ...]]:
    """Do what is not done yet; answers with the number of portions that were, and the bad sources."""
    total = sum(portion.size for portion in portions)
    found = [(portion, is_done(portion)) for portion in portions]
    done = [one for _, one in found if one is not None]
    missing = [portion for portion, one in found if one is None]
    resumed = len(done)
    size, lumis, bad = _sums(done)
    eras = {era for one in done for era in one.eras}
    tell(Progress("reading", size, total, lumis, bad))
    workers = min(workers, max(1, len(missing)))
    function = partial(work, request=request)
    if workers == 1 and scheduler is None:
        # Here one can hear of each lumisection, which helps where a single file holds them all.
        function = partial(
            work,
            request=request,
            tell=lambda more: tell(Progress("reading", size, total, lumis + more, bad)),
        )
    for result in cluster.each(function, missing, workers=workers, scheduler=scheduler):
        done.append(result)
        eras.update(result.eras)
        if eras:
            one_era(request.era, eras)  # hours of reading had better not end with this
        size, lumis, bad = size + result.size, lumis + result.lumisections, bad + len(result.bad)
        tell(Progress("reading", size, total, lumis, bad))
    order = {portion.shard: number for number, portion in enumerate(portions)}
    done.sort(key=lambda one: order[one.shard])
    return resumed, tuple(text for one in done for text in one.bad)


def _sums(done: Sequence[Done]) -> tuple[int, int, int]:
    return (
        sum(one.size for one in done),
        sum(one.lumisections for one in done),
        sum(len(one.bad) for one in done),
    )


def _telling(tell: Callable[[Progress], None], bad: Sequence[str]) -> Callable[[int, int], None]:
    return lambda done, total: tell(Progress("writing", done, total, done, len(bad)))


@contextmanager
def _cleared(folder: Path) -> Iterator[None]:
    """Takes the shards away when all is done, and when it cannot be done with what was asked for.

    They stay where somebody interferes or the disk is full: the same request can go on from them.
    """
    try:
        yield
    except (NothingLeftError, UsageError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _sweep(output: Path) -> None:
    """Takes away what conversions that were killed while they wrote the data set have left beside it."""
    for path in output.parent.glob(f".{glob.escape(output.name)}.*.tmp"):
        if re.fullmatch(r"[0-9a-f]{12}", path.name[len(output.name) + 2 : -len(".tmp")]):
            path.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path, output: Path) -> Iterator[None]:
    """The folder of shards, to oneself.

    Raises `CaloscopeError` where another conversion of the same output has it, `UsageError` where the output
    cannot be written at all.
    """
    if not output.parent.is_dir():
        raise UsageError(f"{output.parent}: no such folder, expected one to write {output.name} into")
    folder.mkdir(exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CaloscopeError(f"{output}: another conversion is writing it") from error
        _sweep(output)
        yield
    finally:
        os.close(handle)
        if not any(folder.glob("*.h5")):
            shutil.rmtree(folder, ignore_errors=True)
