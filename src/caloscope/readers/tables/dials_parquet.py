"""The parquet of DIALS, the only place that uses pyarrow (extra `parquet`).

Rows may stand in any order. The file is gone through once for the numbers of the rows, and then once for as
many lumisections together as fit into memory, so that a file in order is read once.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.errors import CaloscopeError, Fault, SourceError, UsageError
from caloscope.readers.shelf import Histogram
from caloscope.readers.tables.dials import LUMI, RUN, X, Y, require_fields, to_histogram
from caloscope.readers.tables.flat_values import MOST_BINS
from caloscope.readers.tables.row_index import MOST_ROWS, Row, RowIndex, Rows, RowShelf, shelf_of

_WAVE_BINS = 16 * 2**20
"""Bins that are kept at a time, 128 MiB of them."""

_BATCH_BINS = 2 * 2**20
_INDEX_ROWS = 65_536


def shelves(path: Path, run: int | None = None) -> Iterator[RowShelf]:
    """The lumisections of a file, ascending; `run` is only compared, as the file says its own.

    Raises `SourceError`, and `UsageError` where pyarrow is not installed.
    """
    with _opened(path) as file:
        table = _Table(path, file)
        for wave in table.waves():
            kept = table.read([row.start for rows in wave for row in rows.rows])
            load = partial(_load, path, kept)
            for rows in wave:
                yield shelf_of(path, rows, run, load, folders=True)


def _load(path: Path, kept: Mapping[int, Mapping[str, Any]], row: Row) -> Histogram:
    return to_histogram(path, row.name, kept[row.start])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Opens the file; what the library raises becomes `SourceError` UNREADABLE."""
    try:
        from pyarrow import parquet
    except ImportError as error:
        told = "reading parquet needs pyarrow: pip install 'caloscope[parquet]'"
        raise UsageError(f"{path}: {told}") from error
    try:
        with parquet.ParquetFile(path, pre_buffer=False, buffer_size=2**16) as file:
            if file.metadata.num_rows > MOST_ROWS:
                found = f"{file.metadata.num_rows} rows"
                raise SourceError(path, Fault.UNREADABLE, found, f"at most {MOST_ROWS}")
            yield file
    except CaloscopeError:
        raise
    # The library's own errors are subclasses of these, among others.
    except (OSError, ValueError, KeyError, IndexError, TypeError, NotImplementedError, MemoryError) as error:
        text = "".join(each if each.isprintable() else " " for each in str(error)[:400])
        line = " ".join(text.split())[:120]
        raise SourceError(path, Fault.UNREADABLE, line or type(error).__name__, "sound parquet") from error


class _Table:
    """An open file of histograms, with the place of each lumisection. A histogram's row is its number."""

    def __init__(self, path: Path, file: Any) -> None:
        self._path = path
        self._file = file
        fields = set(file.schema_arrow.names)
        self._name = require_fields(path, fields)
        self._axes = [*X, *(Y if set(Y) <= fields else ())]
        counts = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        self._firsts = np.cumsum([0, *counts])
        self._index, self._claims = self._read_index()

    def _read_index(self) -> tuple[RowIndex, NDArray[np.int64]]:
        """Reads what is small of all rows: where they belong, and how many bins each claims to have."""
        index = RowIndex(self._path)
        bins: list[NDArray[np.int64]] = []
        columns = [RUN, LUMI, self._name, *(key for key in (X[0], Y[0]) if key in self._axes)]
        for batch in self._file.iter_batches(_INDEX_ROWS, columns=columns):
            runs, lumis = (self._numbers(batch, key) for key in (RUN, LUMI))
            names = batch.column(self._name).to_pylist()
            for run, lumi, name in zip(runs.tolist(), lumis.tolist(), names, strict=True):
                if not isinstance(name, str):
                    found = f"no path of a histogram in row {len(index)}"
                    raise SourceError(self._path, Fault.UNREADABLE, found, "a text")
                index.add(run, lumi, name, len(index), 1)
            bins.append(self._bins(batch))
        return index, np.concatenate(bins) if bins else np.zeros(0, np.int64)

    def waves(self) -> Iterator[list[Rows]]:
        """Lumisections in portions that fit into memory."""
        wave: list[Rows] = []
        total = 0
        for rows in self._index.lumisections():
            bins = int(sum(self._claims[row.start] for row in rows.rows))
            if wave and total + bins > _WAVE_BINS:
                yield wave
                wave, total = [], 0
            if bins > 4 * _WAVE_BINS:
                found = f"{bins} bins in lumisection {rows.lumi} of run {rows.run}"
                raise SourceError(self._path, Fault.UNREADABLE, found, f"at most {4 * _WAVE_BINS}")
            wave.append(rows)
            total += bins
        if wave:
            yield wave

    def read(self, wanted: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Whole rows by number; groups of rows that hold none of them are passed over."""
        found: dict[int, dict[str, Any]] = {}
        numbers = np.array(sorted(wanted))
        for group, (first, last) in enumerate(zip(self._firsts[:-1], self._firsts[1:], strict=True)):
            inside = numbers[(numbers >= first) & (numbers < last)]
            if not inside.size:
                continue
            start = int(first)
            for batch in self._batches(group):
                here = inside[(inside >= start) & (inside < start + batch.num_rows)]
                for number in here.tolist():
                    found[number] = self._row(batch, number - start)
                start += batch.num_rows
        return found

    def _batches(self, group: int) -> Iterator[Any]:
        columns = [*self._axes, "data"]
        chunks = self._file.metadata.row_group(group)
        columns_there = (chunks.column(each) for each in range(chunks.num_columns))
        values = max(each.num_values for each in columns_there if each.path_in_schema.startswith("data"))
        claimed = int(self._claims[self._firsts[group] : self._firsts[group + 1]].sum())
        # A list of a billion equal numbers takes next to no room until it is read.
        if values > claimed + chunks.num_rows:
            found = f"{values} numbers in {chunks.num_rows} rows"
            raise SourceError(self._path, Fault.WRONG_BINNING, found, f"{claimed}, as many as bins")
        # As few rows at a time as keep a batch small if they are alike.
        rows = max(1, min(1024, _BATCH_BINS * chunks.num_rows // max(1, values)))
        return iter(self._file.iter_batches(rows, row_groups=[group], columns=columns))

    def _row(self, batch: Any, number: int) -> dict[str, Any]:
        row = {key: batch.column(key)[number].as_py() for key in self._axes}
        return {**row, "data": self._data(batch.column("data")[number])}

    def _data(self, scalar: Any) -> NDArray[Any] | None:
        """A list, or a list of equally long lists, as an array; a gap in it is NaN."""
        values = getattr(scalar, "values", None)
        if values is None:
            return None
        if not hasattr(values, "flatten") or not hasattr(values, "offsets"):
            return np.array(values.to_numpy(zero_copy_only=False))
        lengths = {len(row) for row in values if row.is_valid}
        flat = values.flatten()
        if len(lengths) != 1 or len(flat) != len(values) * max(lengths) or len(flat) > MOST_BINS:
            return None
        return np.array(flat.to_numpy(zero_copy_only=False)).reshape(len(values), -1)

    def _numbers(self, batch: Any, key: str) -> NDArray[np.int64]:
        """A column of whole numbers; gaps and fractions are no lumisection."""
        values = np.asarray(batch.column(key).to_numpy(zero_copy_only=False))
        if values.dtype.kind not in "fiu" or not np.all(np.floor(values) == values):
            found = f"{batch.column(key).type} with gaps or fractions in {key}"
            raise SourceError(self._path, Fault.NO_LUMISECTION, found, "whole numbers")
        return values.astype(np.int64)

    def _bins(self, batch: Any) -> NDArray[np.int64]:
        """The number of bins of each row as it claims; a claim that cannot be counts as none."""
        total = np.ones(batch.num_rows)
        for key in (X[0], Y[0]):
            if key in self._axes:
                values = np.asarray(batch.column(key).to_numpy(zero_copy_only=False), np.float64)
                total = total * np.where(np.isfinite(values), np.clip(values, 1, MOST_BINS), 1)
        return np.clip(total, 1, MOST_BINS).astype(np.int64)
