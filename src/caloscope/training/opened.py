"""Data sets that are learned from: their era, and all their lumisections as one sequence."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.dataset import DataSet, is_data_set, open_data_set
from caloscope.errors import UsageError
from caloscope.geometry import View, era_of_run
from caloscope.records import LumiId, Lumisection
from caloscope.training.joined import Joined
from caloscope.training.streamed import Streamed


def streamed(
    files: Sequence[DataSet], spec: MapSpec, on: View, wanted: Callable[[LumiId], bool] | None = None
) -> Streamed:
    """The wanted lumisections of a map in open data sets, in (run, lumi) order, read when they are asked for.

    `wanted` says which, all where it is None. Raises `UsageError` as `Streamed` does, and where two data sets
    have the same lumisection.
    """
    parts = [Streamed(file, spec, on) for file in files]
    if wanted is not None:
        parts = [_taken(part, wanted) for part in parts]
    return parts[0] if len(parts) == 1 else Joined(parts)


def _taken(part: Streamed, wanted: Callable[[LumiId], bool]) -> Streamed:
    return part.taken(np.array([place for place, each in enumerate(part.ids) if wanted(each)], np.int64))


def era_of_files(files: Iterable[DataSet], named: str | None = None) -> str:
    """The era that all of one or more data sets are of.

    Raises `UsageError` where they are of several, or of another one than the one that was named.
    """
    found: dict[str, Path] = {}
    for file in files:
        found.setdefault(file.era, file.path)
    for era, path in found.items():
        _require_same(path, era, named)
    if len(found) != 1:
        raise UsageError(f"data sets of eras {', '.join(sorted(found))}, expected one era")
    return next(iter(found))


def era_of_read(read: Iterable[Lumisection], named: str | None = None) -> str:
    """The era of lumisections that were read from sources of any kind.

    A data set knows its own; that of others is the one that was named, or that of their runs. Raises
    `UsageError` as `era_of_files` does.
    """
    runs: dict[str, set[int]] = {}
    for each in read:
        runs.setdefault(each.source, set()).add(each.run)
    eras: set[str] = set()
    for source, those in runs.items():
        own = _own_era(Path(source))
        if own is not None:
            _require_same(Path(source), own, named)
            eras.add(own)
        else:
            eras |= {era_of_run(run) for run in those} if named is None else {named}
    if len(eras) != 1:
        raise UsageError(f"runs of eras {', '.join(sorted(eras))}, expected one; choose with --runs or --era")
    return eras.pop()


def _own_era(path: Path) -> str | None:
    """The era that a data set says it is of; None for any other file."""
    if not path.is_file() or not is_data_set(path):
        return None
    with open_data_set(path) as file:
        return file.era


def _require_same(path: Path, era: str, named: str | None) -> None:
    if named is not None and named != era:
        raise UsageError(f"{path}: found a data set of era {era}, expected {named}: leave --era away")
