"""Shards: what a part of a conversion found, in the order in which it found it; read by Caloscope alone.

A shard holds `lumisections/` (a row for each), `records/` (a row for each map of each lumisection: which,
where its counts are, and their numbers), `contents/<k>/` (the counts, as in a data set; one for each map,
and another where the same map has another shape, kind or axes) and `meta` (JSON).
"""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from caloscope.dataset.contents import ARRAYS, ContentWriter, kind_of, require_shape
from caloscope.dataset.draft import Draft, reported
from caloscope.dataset.maps import is_name, require_axes, write_axes
from caloscope.dataset.numbers import kept, require_numbers, require_row
from caloscope.dataset.packing import digest, pack
from caloscope.dataset.tables import Column, Table
from caloscope.dataset.texts import JSON, write_json, write_texts
from caloscope.dataset.versions import write_schema
from caloscope.records import Lumisection, MapRecord

SCHEMA = "caloscope-shard"
VERSION = 1

LUMISECTIONS: Mapping[str, Column] = {
    "run": Column("<u4", 0),
    "lumi": Column("<u4", 0),
    "began_at": Column("<f8", float("nan")),
    "source": Column("<i4", 0),
    "partial": Column("?", False),
    "missing": Column("<u4", 0),
}
RECORDS: Mapping[str, Column] = {
    "row": Column("<u4", 0),
    "content": Column("<u4", 0),
    "place": Column("<u4", 0),
    "events": Column("<i8", -1),
    "pileup": Column("<f4", float("nan")),
    "span": Column("<u2", 0),
    "cumulative": Column("?", False),
    "digest": Column("<u8", 0),
}


class ShardWriter:
    """Writes a shard; a context manager. Without `close` nothing appears.

    Raises `CaloscopeError` where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._draft = Draft(path)
        try:
            with reported(path):
                self._file = self._draft.create()
                self._rows = Table(self._file.create_group("lumisections"), LUMISECTIONS)
                self._records = Table(self._file.create_group("records"), RECORDS)
                self._groups = self._file.create_group("contents")
        except BaseException:
            self._draft.discard()
            raise
        self._contents: dict[tuple[Any, ...], tuple[int, ContentWriter]] = {}
        self._places: list[int] = []
        self._missing: dict[frozenset[str], int] = {}
        self._row_count = self._record_count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        try:
            if self._file:
                self._file.close()
        except (OSError, RuntimeError):
            pass  # a full disk; the file is removed
        finally:
            self._draft.discard()

    def add(self, lumisection: Lumisection, source: int) -> None:
        """One lumisection as a source, known by its number, tells it.

        Raises `ValueError`, and adds nothing, for numbers, shapes, types and names that cannot be kept.
        """
        require_row(lumisection.run, lumisection.lumi, lumisection.began_at)
        for name, record in lumisection.maps.items():
            require_numbers(record.events, record.pileup, record.span)
            if _key(name, record) not in self._contents:
                _check(name, record)
        with reported(self.path):
            for name, record in lumisection.maps.items():
                self._add_record(name, record)
            missing = self._missing.setdefault(lumisection.missing, len(self._missing))
            began = float("nan") if lumisection.began_at is None else lumisection.began_at
            row = (lumisection.run, lumisection.lumi, began, source, lumisection.partial, missing)
            self._rows.put(self._row_count, row)
            self._row_count += 1

    def close(self, meta: Mapping[str, JSON]) -> None:
        """Finish: bring the shard to the disk, under its name."""
        with reported(self.path):
            self._rows.finish(self._row_count)
            self._records.finish(self._record_count)
            for number, content in self._contents.values():
                content.cut(self._places[number])
            missing = [sorted(names) for names in self._missing]
            write_json(self._file, "meta", {"meta": dict(meta), "missing": missing})
            write_schema(self._file, SCHEMA, VERSION)
            self._file.close()
        self._draft.commit()

    def _add_record(self, name: str, record: MapRecord) -> None:
        number, content = self._content(name, record)
        place = self._places[number]
        content.put(place, pack(record.counts))
        self._places[number] += 1
        events, pileup = kept(record.events, record.pileup)
        numbers = (events, pileup, record.span, record.cumulative, digest(record.counts))
        self._records.put(self._record_count, (self._row_count, number, place, *numbers))
        self._record_count += 1

    def _content(self, name: str, record: MapRecord) -> tuple[int, ContentWriter]:
        """Where the counts of such a record are put."""
        key = _key(name, record)
        if key not in self._contents:
            number = len(self._contents)
            kind = kind_of(record.counts)
            group = self._groups.create_group(str(number))
            write_texts(group, {"name": name, "kind": kind})
            write_axes(group, record.axes)
            self._contents[key] = number, ContentWriter(group, ARRAYS[kind][0], kind, record.counts.shape)
            self._places.append(0)
        return self._contents[key]


def _key(name: str, record: MapRecord) -> tuple[Any, ...]:
    """The same for records whose counts can stand in one array."""
    return (name, record.counts.dtype, record.counts.shape, record.axes)


def _check(name: str, record: MapRecord) -> None:
    """Raises `ValueError` for a map that cannot be kept."""
    if not is_name(name):
        raise ValueError(f"{name!r:.200} is no name of a map")
    kind_of(record.counts)
    require_shape(record.counts.shape)
    require_axes(name, record.axes, record.counts.shape)
