"""Opening shards: many may be in use, and few of their files are open at a time."""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property, partial
from math import isnan
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from caloscope.dataset.arrays import find_column, read_column
from caloscope.dataset.contents import Kind, kind_named
from caloscope.dataset.guard import Array, Hdf5File, Hdf5Folder, guarded, open_hdf5
from caloscope.dataset.maps import content_of, read_axes
from caloscope.dataset.numbers import known
from caloscope.dataset.shards import LUMISECTIONS, RECORDS, SCHEMA, VERSION
from caloscope.dataset.stored import Content, ShardRow, Stored
from caloscope.dataset.tables import Column
from caloscope.dataset.texts import JSON, read_json, read_text
from caloscope.dataset.versions import require_schema

_MOST_OPEN = 32


class Shard:
    """A shard that is read; a context manager. What it gave stays readable after it was left.

    Its file is opened when it is needed and closed when many others were needed since. For one thread.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Hdf5File | None = None
        self._arrays: dict[int, Array] = {}
        self._folders: dict[str, Hdf5Folder] = {}
        require_schema(self._opened(), SCHEMA, VERSION)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._close()
        self.__dict__.pop("rows", None)  # they know this shard: without the loop they go when nobody has them

    @property
    def meta(self) -> dict[str, JSON]:
        """What `ShardWriter.close` was given."""
        meta = self._texts.get("meta")
        if not isinstance(meta, dict):
            raise self._opened().refused("no meta", "a shard")
        return meta

    def ids(self) -> list[tuple[int, int]]:
        """Run and lumisection of each row; much less work than `rows`."""
        columns = self._columns("lumisections", {name: LUMISECTIONS[name] for name in ("run", "lumi")})
        return list(zip(columns["run"], columns["lumi"], strict=True))

    @cached_property
    def rows(self) -> list[ShardRow]:
        """The lumisections, in the order in which they were added."""
        columns = self._columns("lumisections", LUMISECTIONS)
        missing = self._missing()
        if columns["missing"] and max(columns["missing"]) >= len(missing):
            raise self._opened().refused("rows that do not fit", "a shard")
        maps: list[dict[str, Stored]] = [{} for _ in columns["run"]]
        self._fill(maps)
        return [
            ShardRow(run, lumi, None if isnan(began) else began, source, partial, missing[which], found)
            for run, lumi, began, source, partial, which, found in zip(*columns.values(), maps, strict=True)
        ]

    def _fill(self, maps: list[dict[str, Stored]]) -> None:
        """Put the records where they belong."""
        columns = self._columns("records", RECORDS)
        contents, lengths = self._contents()
        for row, number, place, events, pileup, span, cumulative, digest in zip(
            *columns.values(), strict=True
        ):
            if row >= len(maps) or number >= len(contents) or place >= lengths[number]:
                raise self._opened().refused("records that do not fit", "a shard")
            content = contents[number]
            numbers = known(events, pileup)
            maps[row][content.name] = Stored(content, place, *numbers, span, cumulative, digest)

    def _contents(self) -> tuple[list[Content], list[int]]:
        """The contents by number, and how many chunks each has."""
        contents, lengths = [], []
        for number in range(len(self._folder("contents").names)):
            group, kind, array = self._content(number)
            shape = array.shape[1:]
            read = partial(self._chunk, number)
            name = read_text(group, "name")
            contents.append(Content(self.path, read, name, kind, shape, read_axes(group, shape)))
            lengths.append(array.shape[0])
        return contents, lengths

    def _content(self, number: int) -> tuple[Hdf5Folder, Kind, Array]:
        folder = self._folder("contents")
        group = folder.folder(str(number))
        kind = kind_named(read_text(group, "kind")) if group else None
        if group is None or kind is None:
            raise folder.refused(f"no content {number}", "a shard")
        return group, kind, content_of(group, kind)

    def _chunk(self, number: int, place: int) -> bytes:
        """The counts of a record as they lie in the file."""
        file = self._opened()
        array = self._arrays.get(number)
        if array is None:
            _, _, array = self._content(number)
            self._arrays[number] = array
        with guarded(self.path):
            raw = array.chunks.raw((place, *(0 for _ in array.shape[1:])))
        if raw is None:
            raise file.refused(f"no counts at {place} in {array.name}", "a shard")
        return raw

    def _columns(self, name: str, columns: Mapping[str, Column]) -> dict[str, list[Any]]:
        """A table as one list per column, all equally long."""
        folder = self._folder(name)
        found: dict[str, list[Any]] = {}
        for column in columns:
            array = find_column(folder, column, columns[column].dtype)
            found[column] = read_column(array).tolist()
        if len({len(values) for values in found.values()}) > 1:
            raise folder.refused(f"columns of {name} that are not equally long", "a shard")
        return found

    def _missing(self) -> list[frozenset[str]]:
        """The sets of names that rows refer to."""
        sets = self._texts.get("missing")
        if not isinstance(sets, list) or not all(isinstance(each, list) for each in sets):
            raise self._opened().refused("no missing maps", "a shard")
        return [frozenset(map(str, each)) for each in sets]

    @cached_property
    def _texts(self) -> dict[str, JSON]:
        return read_json(self._opened(), "meta")

    def _folder(self, name: str) -> Hdf5Folder:
        file = self._opened()
        if name not in self._folders:  # it takes a look at all names in it
            folder = file.folder(name)
            if folder is None:
                raise file.refused(f"no folder {name}", "a shard")
            self._folders[name] = folder
        return self._folders[name]

    def _opened(self) -> Hdf5File:
        """The file, opened again where that must be; the one that was not used for longest may be closed."""
        if self._file is None:
            stack = ExitStack()
            self._file = stack.enter_context(open_hdf5(self.path))
            _OPEN[self] = stack
        _OPEN.move_to_end(self)
        while len(_OPEN) > _MOST_OPEN:
            next(iter(_OPEN))._close()
        return self._file

    def _close(self) -> None:
        stack = _OPEN.pop(self, None)
        self._file = None
        self._arrays.clear()
        self._folders.clear()
        if stack is not None:
            stack.close()


_OPEN: OrderedDict[Shard, ExitStack] = OrderedDict()
"""The shards whose files are open, the one used last at the end."""


def open_shard(path: Path) -> Shard:
    """Opens a shard; raises `SourceError` UNKNOWN_FORMAT or UNREADABLE for what is none, then and later."""
    return Shard(path)
