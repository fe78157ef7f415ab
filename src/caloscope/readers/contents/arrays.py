"""What an ML4DQM file holds: arrays with one row a lumisection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.dataset.guard import Hdf5File, open_hdf5
from caloscope.errors import CaloscopeError, Fault, SourceError
from caloscope.geometry import View
from caloscope.readers.arrays.ml4dqm_rows import find_lumis, find_run
from caloscope.readers.contents.maps import Feed, known_era, with_producer
from caloscope.readers.contents.survey import MAX_TEXT, Entry, Limits, RunLumis, kind_of, total_of
from caloscope.readers.maps.depths import planes
from caloscope.readers.shelf import BinAxis

_NUMBERS = frozenset({"run", "lumi"})


@dataclass(frozen=True, slots=True)
class Arrays:
    """Arrays by name, lumisections (no run where the file does not say it), the maps that they feed."""

    entries: tuple[Entry, ...]
    lumis: int
    runs: tuple[RunLumis, ...]
    maps: tuple[Feed, ...]
    assumptions: tuple[str, ...]


def survey_arrays(
    path: Path,
    run: int | None,
    catalogue: Mapping[str, MapSpec],
    views: Callable[[str, str], View],
    era: str | None,
    limits: Limits,
) -> Arrays:
    """What an ML4DQM file holds, one row of each array read. Raises `SourceError` where it is damaged."""
    with open_hdf5(path) as file:
        names = sorted(file.names - _NUMBERS)
        entries = [_entry(file, name) for name in names[: limits.histograms]]
        rows = max((entry.lumis for entry in entries), default=0)
        runs, said = _runs(file, run, rows)
    known = known_era(runs, era)
    return Arrays(
        entries=tuple(e for e in entries if limits.pattern is None or fnmatchcase(e.path, limits.pattern)),
        lumis=rows,
        runs=runs,
        maps=_feeds(catalogue, views, frozenset(names), known) if known else (),
        assumptions=tuple(said),
    )


def _runs(file: Hdf5File, asked: int | None, rows: int) -> tuple[tuple[RunLumis, ...], list[str]]:
    """The one run of a file; none where it is not said, which is no reason not to list the arrays."""
    try:
        run, said = find_run(file, asked)
    except SourceError as error:
        if error.fault is not Fault.NO_LUMISECTION:
            raise
        return (), ["the run is not said: give it"]
    lumis, numbered = find_lumis(file, rows)
    if not rows:
        return (), said
    return (RunLumis(run, int(lumis.min()), int(lumis.max()), rows),), said + numbered


def _feeds(
    catalogue: Mapping[str, MapSpec], views: Callable[[str, str], View], names: frozenset[str], era: str
) -> tuple[Feed, ...]:
    """The maps that such a file can hold, and whether this one does."""
    found = []
    for spec in catalogue.values():
        key = spec.key(era)
        if key is None:
            continue
        try:
            wanted = planes(key, views(spec.view, era))
        except CaloscopeError:
            continue
        if all(name in names for name, needed in wanted if needed):
            found.append(Feed(spec.name, era, spec.producer, key, 1, "per_lumi"))
        else:
            found.append(Feed(spec.name, era, spec.producer, None, 0, None))
    return with_producer(found)


def _entry(file: Hdf5File, name: str) -> Entry:
    """One array as the histogram that each row is: its last axis is x."""
    try:
        array = file.array(name)
        if array is None or len(array.shape) < 2:
            return Entry(name, 0, "damaged", detail="no array with a row for each lumisection")
        axes = tuple(BinAxis(bins, 0.0, float(bins)) for bins in reversed(array.shape[1:]))
        first = array.row(0) if array.shape[0] else np.zeros(array.shape[1:])
        return Entry(name, array.shape[0], kind_of(first), axes, total_of(first))
    except SourceError as error:
        return Entry(name, 0, "damaged", detail=error.found[:MAX_TEXT])
