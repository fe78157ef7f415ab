"""The HDF5 files of the ML4DQM project: one array `(lumi, y, x)` a depth, and next to no metadata.

Arrays are named `DigiTask_Occupancy_depth_depth<d>` and the like (`MapSpec.key`); those of crystals are
summed to towers. What the file does not say is assumed, and every lumisection carries the list of what was.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec, plain_name
from caloscope.dataset.guard import Array, Hdf5File, open_hdf5
from caloscope.errors import Fault, SourceError
from caloscope.geometry import View
from caloscope.readers.arrays.ml4dqm_rows import find_lumis, find_run
from caloscope.readers.maps.counts import stack, sum_blocks, to_counts, to_floats
from caloscope.readers.maps.depths import planes
from caloscope.readers.maps.plain import MOST_MAPS, ONE_BIN
from caloscope.readers.maps.plateau import ASSUMPTION, plateau_events, plateau_name
from caloscope.readers.maps.spoiled import Spoiled
from caloscope.readers.wanted import Wanted
from caloscope.records import BinRange, Lumisection, MapRecord

_NUMBERS = ("run", "lumi")


class _Source(NamedTuple):
    """Where one map stands in the file: its arrays in the view's depth order (None: no cells there).

    `view` is None for a map that no view describes; `block` x `block` bins of the arrays make a cell.
    """

    name: str
    producer: str
    view: View | None
    arrays: tuple[Array | None, ...]
    plateau: Array | None = None
    block: int = 1


def read_ml4dqm(path: Path, wanted: Wanted) -> Iterator[Lumisection]:
    """The lumisections of an ML4DQM file, ascending, read one at a time; see `caloscope.readers.read`.

    A row in which a map cannot be used ends nothing: it comes without that map, and what was wrong with the
    first such row is raised as `SourceError` after the last.
    """
    with open_hdf5(path) as file:
        number, assumptions = find_run(file, wanted.run)
        era, assumed = "", list[str]()
        if not all(spec.is_plain for spec in wanted.maps):
            era, assumed = wanted.era_for(number)
        sources, missing = _find_maps(file, wanted, era)
        lumis, numbered = find_lumis(file, _count_rows(path, sources))
        assumptions += assumed + numbered
        if any(source.plateau for source in sources):
            assumptions.append(ASSUMPTION)
        spoiled = Spoiled()
        for row in np.argsort(lumis, kind="stable").tolist():
            maps, bad = _read_row(path, sources, row, wanted, spoiled)
            if maps or bad:
                yield Lumisection(
                    label=wanted.label,
                    run=number,
                    lumi=int(lumis[row]),
                    maps=maps,
                    missing=missing | {each.name for each in sources if each.name not in {*maps, *bad}},
                    unusable=bad,
                    source=str(path),
                    assumptions=tuple(assumptions),
                )
        spoiled.raise_first()


def _read_row(
    path: Path, sources: Sequence[_Source], row: int, wanted: Wanted, spoiled: Spoiled
) -> tuple[dict[str, MapRecord], frozenset[str]]:
    """The maps of a row, and the names of those that cannot be used; `spoiled` takes why."""
    maps: dict[str, MapRecord] = {}
    bad: set[str] = set()
    for source in sources:
        try:
            record = _read_map(path, source, row, as_float=wanted.as_float)
        except SourceError as error:
            spoiled.add(error)
            bad.add(source.name)
            continue
        if record is not None:
            maps[source.name] = record
    return maps, frozenset(bad)


def _find_maps(file: Hdf5File, wanted: Wanted, era: str) -> tuple[list[_Source], frozenset[str]]:
    """The maps that the file holds, and the names of those that its producers should have brought."""
    keys = {spec: key for spec in wanted.maps if not spec.is_plain and (key := spec.key(era))}
    candidates = (_find_map(file, spec, key, wanted, era) for spec, key in keys.items())
    sources = [source for source in candidates if source]
    patterns = [pattern for spec in wanted.maps if spec.is_plain for pattern in spec.histograms]
    plain = _find_plain(file, patterns)
    if not sources and not plain:
        expected = " or ".join([*sorted(set(keys.values())), *patterns]) or "a map"
        names = f"arrays {sorted(file.names)[:3]!r:.100}"
        raise SourceError(file.path, Fault.NOTHING_KNOWN, names, f"{expected:.300}")
    found = {source.name for source in sources}
    producers = {source.producer for source in sources}
    missing = (spec.name for spec in keys if spec.producer in producers and spec.name not in found)
    return sources + plain, frozenset(missing)


def _find_map(file: Hdf5File, spec: MapSpec, key: str, wanted: Wanted, era: str) -> _Source | None:
    """The arrays of one map; None where one that must be there is not."""
    view = wanted.views(spec.view, era)
    pieces = planes(key, view)
    arrays = tuple(file.array(name) for name, _ in pieces)
    complete = all(array or not needed for array, (_, needed) in zip(arrays, pieces, strict=True))
    there = [array for array in arrays if array]
    if not complete or not there:
        return None
    blocks = {_require_shape(array, spec, view) for array in there}
    if len(blocks) > 1:
        raise SourceError(file.path, Fault.WRONG_BINNING, f"arrays of two sizes for {spec.name}", "one size")
    plateau = None
    name = plateau_name(key, view)
    # Real numbers may have been normalised: then the plateau is no number of events.
    if name is not None and not wanted.as_float:
        plateau = file.array(name)
    return _Source(spec.name, spec.producer, view, arrays, plateau, blocks.pop())


def _require_shape(array: Array, spec: MapSpec, view: View) -> int:
    """How many bins of an array along y and x make a cell; raises `SourceError` WRONG_BINNING."""
    for block in (1, spec.block):
        if len(array.shape) == 3 and array.shape[1:] == (block * view.y.bins, block * view.x.bins):
            return block
    wish = f"(lumisections, {view.y.bins} {view.y.name}, {view.x.bins} {view.x.name})"
    finer = f", or {spec.block} times finer" if spec.block > 1 else ""
    found = f"shape {array.shape} of {array.name}"
    raise SourceError(array.path, Fault.WRONG_BINNING, found, wish + finer)


def _find_plain(file: Hdf5File, patterns: Sequence[str]) -> list[_Source]:
    """The arrays with rows whose name matches a pattern; the name stands for the histogram's path."""
    names = [
        name
        for name in sorted(file.names)
        if name not in _NUMBERS and any(name == each or fnmatchcase(name, each) for each in patterns)
    ]
    if len(names) > MOST_MAPS:
        found = f"{len(names)} arrays that match {' or '.join(patterns):.100}"
        raise SourceError(file.path, Fault.UNREADABLE, found, f"at most {MOST_MAPS}: a narrower pattern")
    arrays = [array for name in names if (array := file.array(name)) and 2 <= len(array.shape) <= 4]
    return [_Source(plain_name(array.name), "", None, (array,)) for array in arrays if 0 not in array.shape]


def _count_rows(path: Path, sources: Sequence[_Source]) -> int:
    """Number of lumisections, the same for all arrays."""
    rows = {array.shape[0]: array.name for source in sources for array in source.arrays if array is not None}
    if len(rows) > 1:
        found = " and ".join(f"{count} lumisections in {name}" for count, name in sorted(rows.items())[:2])
        raise SourceError(path, Fault.WRONG_BINNING, found, "as many in every array")
    return next(iter(rows))


def _read_map(path: Path, source: _Source, row: int, *, as_float: bool) -> MapRecord | None:
    """One map of one row, None where it was never written: that is no map without counts."""
    if not any(array.is_written(row) for array in source.arrays if array):
        return None
    planes_read = [None if array is None else array.row(row) for array in source.arrays]
    names = [f"{array.name}[{row}]" if array else "" for array in source.arrays]
    shape = next(plane.shape for plane in planes_read if plane is not None)
    values = stack(planes_read, shape)
    content = (to_floats if as_float else to_counts)(values, path, names)
    if source.view is None:
        return _plain_record(content[0])
    cells = sum_blocks(content, source.block, path, names).reshape(source.view.shape)
    return MapRecord(counts=cells, events=_events(source, row))


def _events(source: _Source, row: int) -> int | None:
    """What HF shows, None where it shows nothing."""
    return None if source.plateau is None else plateau_events(source.plateau.row(row))


def _plain_record(content: NDArray[Any]) -> MapRecord:
    """An array that no view describes, its bins numbered from 0."""
    axes = tuple(BinRange("", bins, 0.0, float(bins)) for bins in content.shape)
    if content.ndim == 1:
        content, axes = content.reshape(1, -1), (ONE_BIN, *axes)
    return MapRecord(counts=content, axes=axes)
