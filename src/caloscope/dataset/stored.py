"""Rows of a shard, whose counts stay in the file until they are asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import EllipsisType
from typing import Any

import numpy as np

from caloscope.dataset.contents import ARRAYS, Kind
from caloscope.dataset.guard import guarded
from caloscope.dataset.numbers import require_numbers
from caloscope.dataset.packing import digest, unpack
from caloscope.errors import Fault, SourceError
from caloscope.records import BinRange, MapRecord


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """Counts of one map in a shard, all of one shape, kind and axes; `read` gives the chunk at a place."""

    path: Path
    read: Callable[[int], bytes]
    name: str
    kind: Kind
    shape: tuple[int, ...]
    axes: tuple[BinRange, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """One map of one lumisection in a shard; its counts are read when they are asked for.

    `digest` is the XXH3 (64 bits) of the counts' bytes. See `MapRecord` for the others.
    """

    content: Content = field(repr=False)
    place: int
    events: int | None
    pileup: float | None
    span: int
    cumulative: bool
    digest: int

    @property
    def name(self) -> str:
        """The map's."""
        return self.content.name

    @property
    def kind(self) -> Kind:
        """Either "counts" or "float"."""
        return self.content.kind

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the counts."""
        return self.content.shape

    @property
    def axes(self) -> tuple[BinRange, ...]:
        """Of the counts, where no view describes them."""
        return self.content.axes

    def with_(
        self,
        *,
        events: int | EllipsisType | None = ...,
        pileup: float | EllipsisType | None = ...,
        span: int | EllipsisType = ...,
    ) -> "Stored":
        """The same counts with other numbers."""
        given = {"events": events, "pileup": pileup, "span": span}
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not ...}
        changed = replace(self, **changes)
        require_numbers(changed.events, changed.pileup, changed.span)
        return changed

    def chunk(self) -> bytes:
        """The counts as a chunk of the file; raises `SourceError` UNREADABLE."""
        return self.content.read(self.place)

    def record(self) -> MapRecord:
        """With its counts; raises `SourceError` UNREADABLE where they are not those that were written."""
        path = self.content.path
        with guarded(path, f"{self.name} with "):
            dtype = np.dtype(ARRAYS[self.kind][1])
            counts = unpack(self.chunk(), dtype, self.shape)
        if digest(counts) != self.digest:
            raise SourceError(path, Fault.UNREADABLE, f"other counts of {self.name}", "those written")
        return MapRecord(counts, self.events, self.pileup, self.span, self.cumulative, self.axes)


@dataclass(frozen=True, slots=True, eq=False)
class ShardRow:
    """One lumisection as one source, known by its number, tells it; see `Lumisection`."""

    run: int
    lumi: int
    began_at: float | None
    source: int
    partial: bool
    missing: frozenset[str]
    maps: Mapping[str, Stored]
