"""Reading data sets that nobody vouches for."""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import PLAIN
from caloscope.dataset.arrays import MapArrays
from caloscope.dataset.guard import open_hdf5
from caloscope.dataset.maps import MapInfo
from caloscope.dataset.numbers import known
from caloscope.dataset.opening import find_maps, folder_of, is_simulated, read_rows
from caloscope.dataset.stored import Stored
from caloscope.dataset.texts import JSON, as_text, read_json, read_text
from caloscope.dataset.truth import TruthArrays, find_truth, read_faults
from caloscope.dataset.versions import require_schema
from caloscope.dataset.writing import SCHEMA, VERSION
from caloscope.errors import SourceError
from caloscope.records import Content, Floats, MapRecord, MapTruth, Mask

_MOST_OPEN = 2000
"""Maps whose arrays are kept open."""


class DataSet:
    """A data set that is read; a context manager. Its rows are unique and ascend in (run, lumi).

    `runs`, `lumis` (int64) and `began_at` (float64, seconds since 1970, NaN unknown) have one number per row.
    `maps` says what there is, `truth_maps` names the maps of which it is known what is wrong with them;
    `simulated` whether the counts come from a simulation and from no experiment. Everything may raise
    `SourceError` UNREADABLE.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stack = ExitStack()
        self._open: OrderedDict[str, MapArrays] = OrderedDict()
        with ExitStack() as stack:
            self._file = stack.enter_context(open_hdf5(path))
            require_schema(self._file, SCHEMA, VERSION)
            self.label = read_text(self._file, "label")
            self.era = read_text(self._file, "era")
            self.runs, self.lumis, self.began_at = read_rows(self._file)
            self.maps: Mapping[str, MapInfo] = MappingProxyType(find_maps(self._file))
            self.simulated = is_simulated(self._file)
            self._truth: Mapping[str, TruthArrays] = find_truth(self._file, self.maps, len(self.runs))
            self.truth_maps = tuple(self._truth)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._open.clear()
        self._stack.close()

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.runs)

    @property
    def provenance(self) -> dict[str, JSON]:
        """Where the counts came from, and what was left out."""
        return read_json(self._file, "provenance")

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults behind the truth, one JSON object (in text) for each fault and map."""
        return read_faults(self._file)

    def present(self, name: str) -> Mask:
        """In which rows there is the map."""
        return self._map(name).column("present").astype(np.bool_)

    def events(self, name: str) -> NDArray[np.int64]:
        """Number of events in each row, -1 where unknown or absent."""
        return self._map(name).column("events").astype(np.int64)

    def pileup(self, name: str) -> NDArray[np.float32]:
        """Pileup in each row, NaN where unknown or absent."""
        return self._map(name).column("pileup").astype(np.float32)

    def spans(self, name: str) -> NDArray[np.int64]:
        """How many lumisections each row's counts cover, this one and those before; 0 where absent."""
        return self._map(name).column("span").astype(np.int64)

    def counts(self, name: str, first: int, last: int) -> Content:
        """Counts of rows `first` to `last` - 1, `(rows, [depth,] y, x)`; zeros where the map is absent."""
        arrays = self._map(name)
        first, last, _ = slice(first, last).indices(len(self))
        dtype = np.uint32 if arrays.info.kind == "counts" else np.float32
        found: Content = np.zeros((max(0, last - first), *arrays.info.shape), dtype)
        for row in range(first, last):
            if arrays.number("present", row):
                found[row - first] = arrays.counts(row)
        return found

    def record(self, name: str, row: int) -> MapRecord | None:
        """One map of one row, None where it is absent."""
        arrays = self._map(name)
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        if not arrays.number("present", row):
            return None
        events, pileup = known(arrays.number("events", row), arrays.number("pileup", row))
        axes = arrays.info.axes if arrays.info.view == PLAIN else ()
        return MapRecord(arrays.counts(row), events, pileup, max(1, arrays.number("span", row)), axes=axes)

    def stored(self, name: str, row: int) -> Stored | MapRecord | None:
        """One map of one row to be written again, as it is packed if that can be; None where it is absent.

        To be used while the data set is open.
        """
        if 0 <= row < len(self) and self._map(name).number("present", row):
            found = self._map(name).stored(row)
            if found is not None:
                return found
        return self.record(name, row)

    def faulty(self, name: str) -> Mask:
        """In which rows anything is known to be wrong with a map."""
        if self.maps[name].name not in self._truth:
            return np.zeros(len(self), np.bool_)
        return self._truth[name].faulty()

    def truth(self, name: str, first: int, last: int) -> tuple[Floats, NDArray[np.int16]]:
        """Factors and numbers of faults in rows `first` to `last` - 1, `(rows, [depth,] y, x)`.

        See `MapTruth`; where nothing is known to be wrong they are 1 and 0.
        """
        shape = self.maps[name].shape
        first, last, _ = slice(first, last).indices(len(self))
        number = max(0, last - first)
        factor, fault = np.ones((number, *shape), np.float32), np.zeros((number, *shape), np.int16)
        for row in range(first, last):
            found = self.map_truth(name, row)
            if found is not None:
                factor[row - first], fault[row - first] = found.factor, found.fault
        return factor, fault

    def map_truth(self, name: str, row: int) -> MapTruth | None:
        """What is wrong with a map in a row, None where nothing is known to be."""
        return self._truth[name].row(row) if name in self._truth else None

    def _map(self, name: str) -> MapArrays:
        """A map's arrays, opened when first asked for; raises `KeyError` for one that is not there."""
        if name not in self._open:
            info = self.maps[name]
            folder = folder_of(self._file, "maps", info.view, info.quantity)
            if len(self._open) >= _MOST_OPEN:
                self._open.popitem(last=False)
            self._open[name] = MapArrays(folder, name, len(self))
        self._open.move_to_end(name)
        return self._open[name]


def open_data_set(path: Path) -> DataSet:
    """Opens a data set.

    Raises `SourceError` UNKNOWN_FORMAT for a file that is none, or one of another version, and UNREADABLE for
    one that is damaged or not as the format says; see `docs/data-set.md`.
    """
    return DataSet(path)


def is_data_set(path: Path) -> bool:
    """Whether a file says that it is a data set, of whatever version; False where it cannot be opened."""
    try:
        with open_hdf5(path) as file:
            return as_text(file.attribute("schema")) == SCHEMA
    except SourceError:
        return False
