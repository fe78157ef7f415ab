"""Writing a data set: rows in order, whole or not at all, in memory that does not grow with their number."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from caloscope import __version__
from caloscope.dataset.contents import ARRAYS, ContentWriter, kind_of
from caloscope.dataset.draft import Draft, reported
from caloscope.dataset.maps import MapInfo, check, write_info
from caloscope.dataset.numbers import kept, require_numbers, require_row
from caloscope.dataset.packing import digest, pack
from caloscope.dataset.stored import Stored
from caloscope.dataset.tables import PRESENT, Column, Table
from caloscope.dataset.texts import JSON, write_json, write_texts
from caloscope.dataset.truth import TruthWriter
from caloscope.dataset.versions import write_schema
from caloscope.records import LumiId, MapRecord, MapTruth

SCHEMA = "caloscope-data-set"
VERSION = 1

LUMISECTIONS: Mapping[str, Column] = {
    "run": Column("<u4", 0),
    "lumi": Column("<u4", 0),
    "began_at": Column("<f8", nan),
}


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One lumisection to be written: maps by name, those that are absent left out.

    `began_at` is in seconds since 1970, None where unknown. The counts of a `Stored` are copied as they are
    packed; a `MapRecord`'s are packed. `truth` says what is wrong with maps of the row, where anything is.
    """

    run: int
    lumi: int
    began_at: float | None
    maps: Mapping[str, Stored | MapRecord]
    truth: Mapping[str, MapTruth] = field(default_factory=dict)


def write(
    path: Path,
    rows: Iterable[Row],
    count: int,
    maps: Sequence[MapInfo],
    *,
    label: str,
    era: str,
    provenance: Mapping[str, JSON],
    faults: Sequence[str] = (),
    simulated: bool = False,
) -> None:
    """Write a data set of `count` rows, in place of the file that may be there.

    `faults` are lines of JSON that describe the faults whose numbers stand in the rows' truth. `simulated`
    says that the counts come from a simulation and from no experiment.

    The file is written under a hidden name in the same folder, brought to the disk, and renamed. Raises
    `ValueError` for rows that do not ascend in (run, lumi) or are not `count`, for maps that are not among
    `maps`, contradict them, are cumulative or cannot be kept, and for truth that cannot be or is of no map of
    its row; `CaloscopeError` where the file cannot be written; and what `rows` raises. Then nothing is left.
    """
    for info in maps:
        check(info)
    draft = Draft(path)
    try:
        with _created(draft) as file:
            _write(_Writer(path, file, count, maps, faults), rows, count)
            with reported(path):
                write_json(file, "provenance", provenance)
                _write_root(file, label, era, simulated=simulated)
        draft.commit()
    finally:
        draft.discard()


@contextmanager
def _created(draft: Draft) -> Iterator[Any]:
    """The hidden file while it is open."""
    with reported(draft.path):
        file = draft.create()
    try:
        yield file
    finally:
        with reported(draft.path):
            file.close()


def _write_root(file: Any, label: str, era: str, *, simulated: bool) -> None:
    """Attributes of the whole; the schema comes last, when everything is there."""
    write_texts(file, {"era": era, "label": label, "caloscope": __version__})
    if simulated:
        file.attrs["simulated"] = np.bool_(True)
    write_schema(file, SCHEMA, VERSION)


def _write(writer: "_Writer", rows: Iterable[Row], count: int) -> None:
    last: LumiId | None = None
    written = 0
    for row in rows:
        here = LumiId(row.run, row.lumi)
        if last is not None and here <= last:
            raise ValueError(f"run {here.run} lumisection {here.lumi} after {last.lumi} of run {last.run}")
        if written == count:
            raise ValueError(f"more rows than the {count} announced")
        writer.add(written, row)
        last, written = here, written + 1
    if written != count:
        raise ValueError(f"{written} rows, not the {count} announced")
    writer.finish(count)


class _Writer:
    """The arrays of a data set that is being written."""

    def __init__(
        self, path: Path, file: Any, count: int, maps: Sequence[MapInfo], faults: Sequence[str]
    ) -> None:
        self._path = path
        with reported(path):
            self._rows = Table(file.create_group("lumisections"), LUMISECTIONS, count)
            file.create_group("maps")
            self._maps = {info.name: _MapWriter(file, info, count) for info in maps}
            self._truth = TruthWriter(file, maps, count, faults)
        if len(self._maps) != len(maps):
            raise ValueError("a map is named twice")

    def add(self, number: int, row: Row) -> None:
        """One row; raises `ValueError` for what contradicts the maps."""
        require_row(row.run, row.lumi, row.began_at)
        with reported(self._path):
            self._rows.put(number, (row.run, row.lumi, nan if row.began_at is None else row.began_at))
            for name, found in row.maps.items():
                if name not in self._maps:
                    raise ValueError(f"run {row.run} lumisection {row.lumi}: map {name!r:.200} not announced")
                self._maps[name].add(number, found)
            for name, truth in row.truth.items():
                if name not in row.maps:
                    raise ValueError(
                        f"run {row.run} lumisection {row.lumi}: truth of {name!r:.200}, not there"
                    )
                self._truth.add(number, name, truth)

    def finish(self, count: int) -> None:
        """Write what is still in memory of so many rows."""
        with reported(self._path):
            for table in (self._rows, *(each.table for each in self._maps.values())):
                table.finish(count)


class _MapWriter:
    """The arrays of one map."""

    def __init__(self, file: Any, info: MapInfo, count: int) -> None:
        group = file.create_group(f"maps/{info.name}")
        write_info(group, info)
        self._info = info
        self._content = ContentWriter(group, ARRAYS[info.kind][0], info.kind, info.shape, count)
        self.table = Table(group, PRESENT, count)

    def add(self, row: int, found: Stored | MapRecord) -> None:
        """One map of one row."""
        self._check(found)
        if isinstance(found, Stored):
            chunk, checksum = found.chunk(), found.digest
        else:
            chunk, checksum = pack(found.counts), digest(found.counts)
        self._content.put(row, chunk)
        self.table.put(row, (True, *kept(found.events, found.pileup), found.span, checksum))

    def _check(self, found: Stored | MapRecord) -> None:
        """Raises `ValueError` for what is not as the map was announced."""
        if isinstance(found, Stored):
            kind, shape = found.kind, found.shape
        else:
            kind, shape = kind_of(found.counts), found.counts.shape
            require_numbers(found.events, found.pileup, found.span)
        if (kind, shape) != (self._info.kind, self._info.shape):
            expected = f"{self._info.kind} {self._info.shape}"
            raise ValueError(f"{self._info.name}: {kind} {shape}, announced as {expected}")
        if found.cumulative:
            raise ValueError(f"{self._info.name}: counts that are cumulative")
