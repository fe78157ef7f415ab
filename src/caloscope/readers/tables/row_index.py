"""Where the histograms of a text file lie, one lumisection after the other whatever their order there."""

from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from caloscope.errors import Fault, SourceError
from caloscope.readers.shelf import Histogram, Place

MOST_ROWS = 5_000_000
MOST_NAMES = 200_000
MOST_NAME_BYTES = 512
_MAX_RUN = 2**32 - 1
_MAX_LUMI = 2**31 - 1


class Row(NamedTuple):
    """One histogram: its name, and where its row begins and how long it is, as the format counts."""

    name: str
    start: int
    size: int


class Rows(NamedTuple):
    """The histograms of one lumisection, in order of appearance."""

    run: int
    lumi: int
    rows: tuple[Row, ...]


class RowIndex:
    """Collects the rows of a file; costs 40 bytes for each, whatever it holds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runs, self._lumis = array("q"), array("q")
        self._starts, self._sizes, self._which = array("q"), array("q"), array("q")
        self._names: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, run: int, lumi: int, name: str, start: int, size: int) -> None:
        """One row; raises `SourceError` NO_LUMISECTION, and UNREADABLE where there are too many."""
        if not (0 < run <= _MAX_RUN and 0 < lumi <= _MAX_LUMI):
            found = f"run {run:.12g}, lumisection {lumi:.12g}"
            raise SourceError(self._path, Fault.NO_LUMISECTION, found, "numbers above 0")
        if not 0 < len(name) <= MOST_NAME_BYTES:
            raise self._refused(f"a name of {len(name)} characters", f"1 to {MOST_NAME_BYTES}")
        which = self._names.setdefault(name, len(self._names))
        if len(self._names) > MOST_NAMES or len(self) >= MOST_ROWS:
            raise self._refused("too many histograms", f"{MOST_ROWS} with {MOST_NAMES} names")
        for column, value in (
            (self._runs, run),
            (self._lumis, lumi),
            (self._starts, start),
            (self._sizes, size),
            (self._which, which),
        ):
            column.append(value)

    def lumisections(self) -> Iterator[Rows]:
        """The rows of one lumisection after the other, ascending."""
        runs, lumis = np.array(self._runs), np.array(self._lumis)
        order = np.lexsort((lumis, runs))
        names = list(self._names)
        changes = np.flatnonzero((np.diff(runs[order]) != 0) | (np.diff(lumis[order]) != 0)) + 1
        for first, last in pairwise([0, *changes.tolist(), len(order)]):
            rows = order[first:last].tolist()
            found = tuple(Row(names[self._which[r]], self._starts[r], self._sizes[r]) for r in rows)
            if rows:
                yield Rows(int(runs[rows[0]]), int(lumis[rows[0]]), found)

    def _refused(self, found: str, expected: str) -> SourceError:
        return SourceError(self._path, Fault.UNREADABLE, found, expected)


@dataclass(frozen=True, slots=True, eq=False)
class RowShelf:
    """The histograms of one lumisection, each read when it is asked for; there are no scalars."""

    place: Place
    tops: frozenset[str]
    loaders: Mapping[str, Callable[[], Histogram]]

    def names(self) -> list[str]:
        """Paths of all histograms."""
        return list(self.loaders)

    def histogram(self, path: str) -> Histogram | None:
        """The histogram at a path, None where there is none."""
        load = self.loaders.get(path)
        return load() if load else None

    def scalar(self, path: str) -> str | None:  # noqa: ARG002 the format has none
        """None: the format has no scalars."""
        return None


def place_of(run: int, lumi: int, asked: int | None) -> Place:
    """The place of a lumisection in a file that says its run; the content wins over the run asked for."""
    if asked in (None, run):
        return Place(run, lumi)
    return Place(run, lumi, assumptions=(f"run {run} as the content says, not {asked} as asked for",))


def shelf_of(
    path: Path, rows: Rows, asked: int | None, load: Callable[[Row], Histogram], *, folders: bool
) -> RowShelf:
    """The shelf of a lumisection; `folders` says that names are paths whose first part is a folder.

    A histogram may be there twice; where the two differ, asking for it raises `SourceError` CONFLICT.
    """
    loaders: dict[str, Callable[[], Histogram]] = {}
    for row in rows.rows:
        known = loaders.get(row.name)
        one = partial(load, row)
        loaders[row.name] = one if known is None else partial(_equal, path, rows, row.name, known, one)
    tops = frozenset(name.partition("/")[0] for name in loaders) if folders else frozenset[str]()
    return RowShelf(place_of(rows.run, rows.lumi, asked), tops, loaders)


def _equal(
    path: Path, rows: Rows, name: str, first: Callable[[], Histogram], again: Callable[[], Histogram]
) -> Histogram:
    one, other = first(), again()
    if one.axes != other.axes or not np.array_equal(one.values, other.values, equal_nan=True):
        found = f"two different {name:.100} for lumisection {rows.lumi} of run {rows.run}"
        raise SourceError(path, Fault.CONFLICT, found, "one")
    return one
