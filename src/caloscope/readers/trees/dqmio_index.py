"""Which entries of the trees of a DQMIO file belong to which lumisection: its tree `Indices`.

A row gives run, lumisection (0 for the whole run), times, the type of monitor elements, that is the number of
a tree, and the first and last entry there, the last one included (`DQMServices/FwkIO/plugins/format.h` in
CMSSW). A lumisection has a row per type, and again so for each process history.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.readers.root.bytestream import DamagedError
from caloscope.readers.trees.columns import Column

COLUMNS = ("Run", "Lumi", "BeginTime", "Type", "FirstIndex", "LastIndex")
NO_TYPES = 1000
"""The type of a row that says that a lumisection was processed, and nothing stored for it."""
MAX_ROWS = 2_000_000
MAX_LUMI = 2**31 - 1
MAX_ELEMENTS = 1_000_000
"""Monitor elements in one row; all of CMS has some hundred thousand."""
_LATEST = 4_102_444_800.0
"""The year 2100, in seconds since 1970; a time beyond it is a fault of the clock."""

Rows: TypeAlias = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Section:
    """A lumisection (or with `lumi` 0 a run) and its entries: number of the tree, first, last plus one."""

    run: int
    lumi: int
    began_at: float | None
    ranges: tuple[tuple[int, int, int], ...]


def read_rows(columns: Mapping[str, Column]) -> Rows:
    """The rows of the tree, as one array per column, checked for numbers that make no sense.

    Raises `DamagedError`. Whether the entries are there, only their trees know.
    """
    counts = {column.branch.entries for column in columns.values()}
    if len(counts) != 1:
        raise DamagedError("an index of which not all columns are filled alike")
    (count,) = counts
    if count > MAX_ROWS:
        raise DamagedError(f"an index of {count} rows")
    rows = {name: column.numbers(0, count) for name, column in columns.items()}
    if any(column.dtype.kind not in "iu" for column in rows.values()):
        raise DamagedError("an index of other than whole numbers")
    stored = rows["Type"] != NO_TYPES
    first, last = rows["FirstIndex"][stored], rows["LastIndex"][stored]
    _require(rows["Run"], 1, MAX_LUMI, "runs")
    _require(rows["Lumi"], 0, MAX_LUMI, "lumisections")
    _require(last, 0, 2**62, "entries")
    if np.any(first > last):
        raise DamagedError("an index that ends before it begins")
    _require(last - first, 0, MAX_ELEMENTS - 1, "numbers of monitor elements")
    # BeginTime uses all of its 64 bits; the others are small by now, or of rows that name no entries.
    return {name: column if name == "BeginTime" else column.astype(np.int64) for name, column in rows.items()}


def _require(values: NDArray[np.integer], low: int, high: int, what: str) -> None:
    """Raises `DamagedError` where a value is out of range."""
    if np.any(values < low) or np.any(values > high):
        raise DamagedError(f"an index of {what} from {values.min()} to {values.max()}")


def sections(rows: Rows, *, whole_runs: bool) -> Iterator[Section]:
    """Lumisections (or runs) ascending in run and lumisection, with their rows in the order of the file."""
    chosen = np.flatnonzero((rows["Lumi"] == 0) == whole_runs)
    run, lumi = rows["Run"][chosen], rows["Lumi"][chosen]
    order = np.lexsort((lumi, run))
    chosen, run, lumi = chosen[order], run[order], lumi[order]
    changes = np.flatnonzero((np.diff(run) != 0) | (np.diff(lumi) != 0)) + 1
    starts = np.append([0], changes)[: len(chosen)]
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(chosen)], strict=False):
        yield _section(rows, int(run[start]), int(lumi[start]), chosen[start:end])


def _section(rows: Rows, run: int, lumi: int, chosen: NDArray[np.int64]) -> Section:
    """The lumisection that some rows are of."""
    times = [_seconds(value) for value in rows["BeginTime"][chosen].tolist()]
    ranges = zip(*(rows[name][chosen].tolist() for name in ("Type", "FirstIndex", "LastIndex")), strict=True)
    return Section(
        run=run,
        lumi=lumi,
        began_at=min((time for time in times if time is not None), default=None),
        ranges=tuple((kind, first, last + 1) for kind, first, last in ranges if kind != NO_TYPES),
    )


def _seconds(stamp: int) -> float | None:
    """A time of CMSSW, seconds since 1970 in the upper 32 bits and microseconds below; None for nonsense."""
    seconds = (stamp >> 32) + (stamp & 0xFFFFFFFF) / 1e6
    return seconds if 0 < seconds < _LATEST else None
