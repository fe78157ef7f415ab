"""What is truly wrong with the maps of a data set because it was made so: how that is written and read."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caloscope.dataset.chunks import MAX_PIECE_BYTES, PACKED
from caloscope.dataset.guard import Array, Hdf5Folder, guarded
from caloscope.dataset.maps import MapInfo
from caloscope.dataset.packing import LEVEL, pack, unpack
from caloscope.dataset.texts import read_lines, write_lines
from caloscope.errors import UsageError
from caloscope.records import Floats, MapTruth

FOLDER = "truth"
LINES = "faults"
"""Array with the faults in words, beside the views: no view can have this name where there is truth."""


class _Part(NamedTuple):
    """An array of the truth: its type, and the number that stands where nothing is wrong."""

    dtype: str
    empty: float


_PARTS: Mapping[str, _Part] = {"factor": _Part("<f4", 1.0), "fault": _Part("<i2", 0)}


class TruthWriter:
    """The truth of a data set that is written; of maps and lumisections without any nothing is stored.

    Raises `ValueError` for lines about faults that are no JSON objects, `UsageError` for too many.
    """

    def __init__(self, file: Any, maps: Sequence[MapInfo], count: int, faults: Sequence[str]) -> None:
        self._file = file
        if faults:
            _write_faults(file, faults)
        self._shapes = {info.name: info.shape for info in maps}
        self._count = count
        self._arrays: dict[str, list[Any]] = {}

    def add(self, row: int, name: str, truth: MapTruth) -> None:
        """The truth of one map in one row; raises `ValueError` for what cannot be true.

        `UsageError` where the map's view has the name that the faults stand under.
        """
        shape = self._shapes[name]
        _check(name, truth, shape)
        if name not in self._arrays:
            self._arrays[name] = self._created(name, shape)
        place = (row, *(0 for _ in shape))
        for array, chunk in zip(self._arrays[name], (pack(truth.factor), pack(truth.fault)), strict=True):
            array.id.write_direct_chunk(place, chunk)

    def _created(self, name: str, shape: tuple[int, ...]) -> list[Any]:
        if name.partition("/")[0] == LINES:
            raise UsageError(f"{name}: truth of a view called {LINES} cannot be kept, expected another name")
        group = self._file.require_group(FOLDER).create_group(name)
        return [
            group.create_dataset(
                part,
                shape=(self._count, *shape),
                maxshape=(None, *shape),
                chunks=(1, *shape),
                dtype=np.dtype(dtype),
                fillvalue=empty,
                shuffle=True,
                compression="gzip",
                compression_opts=LEVEL,
                track_times=False,
            )
            for part, (dtype, empty) in _PARTS.items()
        ]


def _write_faults(file: Any, faults: Sequence[str]) -> None:
    """Write the lines that describe the faults; raises `ValueError` for lines that describe none."""
    for line in faults:
        if not _is_object(line):
            raise ValueError(f"{line[:80]!r} is no JSON object on a line")
    size = sum(len(line.encode("utf-8")) + 1 for line in faults)
    if size > MAX_PIECE_BYTES:
        # Faults that come and go by chance take many words.
        found = f"{size:,} bytes of words about {len(faults)} faults"
        raise UsageError(
            f"{found}, expected at most {MAX_PIECE_BYTES:,}: fewer lumisections, or fewer faults"
        )
    write_lines(file.require_group(FOLDER), LINES, faults)


def _check(name: str, truth: MapTruth, shape: tuple[int, ...]) -> None:
    """Raises `ValueError` for truth of another shape or type, and for factors that are none."""
    arrays: tuple[NDArray[Any], ...] = (truth.factor, truth.fault)
    for values, (part, (dtype, _)) in zip(arrays, _PARTS.items(), strict=True):
        if values.shape != shape or values.dtype != np.dtype(dtype):
            raise ValueError(f"{part} of {name}: {values.dtype} {values.shape}, not {dtype} {shape}")
    if not _are_factors(truth.factor):
        raise ValueError(f"factors of {name} that are negative or no numbers")


def _are_factors(values: Floats) -> bool:
    return bool((values >= 0).all())  # NaN is not


def _is_object(line: str) -> bool:
    """Whether a text is a JSON object and one line."""
    try:
        return line.isprintable() and isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


class TruthArrays:
    """The truth of one map; everything may raise `SourceError` UNREADABLE."""

    def __init__(self, folder: Hdf5Folder, info: MapInfo, rows: int) -> None:
        self._folder = folder
        self._info = info
        self._rows = rows
        self._factor, self._fault = (self._find(part) for part in _PARTS)

    def faulty(self) -> NDArray[np.bool_]:
        """In which rows there is any truth."""
        return np.array([self._factor.is_written(row) for row in range(self._rows)], np.bool_)

    def row(self, row: int) -> MapTruth | None:
        """The truth of a row, None where nothing is wrong."""
        factor, fault = (self._read(array, row) for array in (self._factor, self._fault))
        if factor is None and fault is None:
            return None
        if factor is None or fault is None or not _are_factors(factor):
            found = f"truth of {self._info.name} in row {row} that cannot be"
            raise self._folder.refused(found, "factors of 0 or more, each with the fault")
        return MapTruth(factor, fault)

    def _find(self, part: str) -> Array:
        """An array; raises `SourceError` UNREADABLE unless it is as the format says."""
        array, shape = self._folder.array(part), self._info.shape
        dtype = np.dtype(_PARTS[part].dtype)
        expected = (
            f"{part} of {dtype} for {self._rows} x {shape}, a chunk per lumisection, shuffle and deflate"
        )
        if array is None:
            raise self._folder.refused(f"no {part} in {self._folder.name}", expected)
        found = (array.dtype, array.shape, array.chunks.chunk, array.chunks.filters)
        if found != (dtype, (self._rows, *shape), (1, *shape), PACKED):
            there = f"{array.dtype} {array.shape} in chunks {array.chunks.chunk} in {array.name}"
            raise self._folder.refused(there, expected)
        return array

    def _read(self, array: Array, row: int) -> Any:
        """A row of an array, None where none was written."""
        if not array.is_written(row):
            return None
        with guarded(self._folder.path, f"row {row} of {array.name} with "):
            raw = array.chunks.raw((row, *(0 for _ in self._info.shape)))
            return None if raw is None else unpack(raw, array.dtype, self._info.shape)


def find_truth(file: Hdf5Folder, maps: Mapping[str, MapInfo], rows: int) -> dict[str, TruthArrays]:
    """The truth that a data set holds, by map; raises `SourceError` UNREADABLE for truth of no map of it."""
    found: dict[str, TruthArrays] = {}
    top = file.folder(FOLDER)
    if top is None:
        return found
    for view in sorted(top.names - {LINES}):
        inside = top.folder(view)
        for quantity in sorted(inside.names) if inside else ():
            name = f"{view}/{quantity}"
            folder = inside.folder(quantity) if inside else None
            if name not in maps or folder is None:
                raise file.refused(f"truth of {name!r:.100}", "truth of maps that are there")
            found[name] = TruthArrays(folder, maps[name], rows)
    return found


def read_faults(file: Hdf5Folder) -> tuple[str, ...]:
    """The lines that describe the faults, JSON objects; raises `SourceError` UNREADABLE for anything else."""
    top = file.folder(FOLDER)
    if top is None or LINES not in top.names:
        return ()
    lines = read_lines(top, LINES)
    if not all(map(_is_object, lines)):
        raise file.refused(f"faults that are no JSON objects in {FOLDER}", "one a line")
    return lines
