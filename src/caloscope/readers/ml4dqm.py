"""The HDF5 files of the ML4DQM project: one array `(lumi, y, x)` a depth, and next to no metadata.

Arrays are named `DigiTask_Occupancy_depth_depth<d>` and the like (`MapSpec.key`). What the file
does not say is assumed, and every lumisection carries the list of what was.
"""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.errors import Fault, SourceError
from caloscope.geometry import View, era_of_run
from caloscope.readers.counts import to_counts
from caloscope.readers.depths import planes
from caloscope.readers.hdf5file import Array, Hdf5File, open_hdf5
from caloscope.readers.plateau import Plateau, find_plateau
from caloscope.records import Counts, Lumisection, MapRecord

_MAX_LUMI = 2**31 - 1
_MAX_RUN = 2**32 - 1


class _Source(NamedTuple):
    """Where one map stands in the file: its arrays in the view's depth order (None: no cells there)."""

    spec: MapSpec
    view: View
    arrays: tuple[Array | None, ...]
    plateau: Plateau | None


def read_ml4dqm(
    path: Path,
    maps: Collection[MapSpec],
    *,
    label: str,
    era: str | None,
    run: int | None,
    views: Callable[[str, str], View],
) -> Iterator[Lumisection]:
    """The lumisections of an ML4DQM file, ascending, read one at a time; see `caloscope.readers.read`."""
    with open_hdf5(path) as file:
        number, assumptions = _find_run(file, run)
        if era is None:
            era = era_of_run(number)
            assumptions.append(f"era {era} taken from run {number}")
        sources, missing = _find_maps(file, maps, era, views)
        rows = _count_rows(path, sources)
        lumis, assumed = _find_lumis(file, rows)
        assumptions += assumed
        if any(source.plateau for source in sources):
            assumptions.append("events taken from the plateau of the forward calorimeter")
        for row in np.argsort(lumis, kind="stable"):
            yield Lumisection(
                label=label,
                run=number,
                lumi=int(lumis[row]),
                maps={source.spec.name: _read_map(path, source, int(row)) for source in sources},
                missing=missing,
                source=str(path),
                assumptions=tuple(assumptions),
            )


def _find_run(file: Hdf5File, asked: int | None) -> tuple[int, list[str]]:
    """The run of the attribute, else the one asked for; `SourceError` where there is neither."""
    stored = file.whole_numbers("run")
    if stored is not None:
        if stored.size != 1 or not 0 < stored.flat[0] <= _MAX_RUN:
            found = f"run {stored.ravel()[:3].tolist()}"
            raise SourceError(file.path, Fault.INVALID_SCALAR, found, "one run number")
        run = int(stored.flat[0])
        if asked in (None, run):
            return run, []
        return run, [f"run {run} as the content says, not {asked} as asked for"]
    if asked is None:
        raise SourceError(
            file.path, Fault.NO_LUMISECTION, "no run number", "an attribute run, or a run given"
        )
    return asked, [f"run {asked} as asked for"]


def _find_maps(
    file: Hdf5File, maps: Collection[MapSpec], era: str, views: Callable[[str, str], View]
) -> tuple[list[_Source], frozenset[str]]:
    """The maps that the file holds, and the names of those that its producers should have brought."""
    wanted = {spec: key for spec in maps if (key := spec.key(era))}
    candidates = (_find_map(file, spec, key, views(spec.view, era)) for spec, key in wanted.items())
    sources = [source for source in candidates if source]
    if not sources:
        expected = " or ".join(sorted(set(wanted.values()))) or "a map"
        names = f"arrays {sorted(file.names)[:3]!r:.100}"
        raise SourceError(file.path, Fault.NOTHING_KNOWN, names, expected)
    found = {source.spec.name for source in sources}
    producers = {source.spec.producer for source in sources}
    return sources, frozenset(
        spec.name for spec in wanted if spec.producer in producers and spec.name not in found
    )


def _find_map(file: Hdf5File, spec: MapSpec, key: str, view: View) -> _Source | None:
    """The arrays of one map; None where one that must be there is not."""
    wanted = planes(key, view)
    arrays = [file.array(name) for name, _ in wanted]
    complete = all(array or not needed for array, (_, needed) in zip(arrays, wanted, strict=True))
    if not complete or not any(arrays):
        return None
    expected = (view.y.bins, view.x.bins)
    for array in arrays:
        if array is not None and (len(array.shape) != 3 or array.shape[1:] != expected):
            wish = f"(lumisections, {expected[0]} {view.y.name}, {expected[1]} {view.x.name})"
            raise SourceError(file.path, Fault.WRONG_BINNING, f"shape {array.shape} of {array.name}", wish)
    return _Source(spec, view, tuple(arrays), find_plateau(file, key, view))


def _count_rows(path: Path, sources: Collection[_Source]) -> int:
    """Number of lumisections, the same for all arrays."""
    rows = {array.shape[0]: array.name for source in sources for array in source.arrays if array is not None}
    if len(rows) > 1:
        found = " and ".join(f"{count} lumisections in {name}" for count, name in sorted(rows.items())[:2])
        raise SourceError(path, Fault.WRONG_BINNING, found, "as many in every array")
    return next(iter(rows))


def _find_lumis(file: Hdf5File, rows: int) -> tuple[np.ndarray, list[str]]:
    """Each row's lumisection: attribute or array `lumi`, else row + 1."""
    stored = file.whole_numbers("lumi")
    if stored is None:
        return np.arange(1, rows + 1), ["lumisection = row + 1"]
    lumis = stored.ravel()
    if lumis.size != rows or np.any((lumis < 1) | (lumis > _MAX_LUMI)):
        raise SourceError(
            file.path, Fault.NO_LUMISECTION, f"{lumis.size} numbers in lumi", f"{rows}, each above 0"
        )
    if np.unique(lumis).size != rows:
        raise SourceError(file.path, Fault.CONFLICT, "a lumisection twice in lumi", "each one once")
    return lumis, []


def _read_map(path: Path, source: _Source, row: int) -> MapRecord:
    """One map of one row."""
    counts = [_read_plane(path, array, row, source.view) for array in source.arrays]
    return MapRecord(
        counts=np.stack(counts) if source.view.depths else counts[0],
        events=source.plateau.events(row) if source.plateau else None,
    )


def _read_plane(path: Path, array: Array | None, row: int, view: View) -> Counts:
    """One depth as `(y, x)`; zeros for a depth that is not there and has no cells."""
    if array is None:
        return np.zeros((view.y.bins, view.x.bins), np.uint32)
    return to_counts(array.row(row), path, f"{array.name}[{row}]")
