"""Lumisections of a data set that are read when they are asked for, so that any number of them fits."""

from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from caloscope import prepare
from caloscope.config.catalogue import MapSpec
from caloscope.dataset import DataSet
from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.pipeline.state import Given
from caloscope.records import LumiId


class Streamed(Sequence[Given]):
    """What rows of an open data set bring for one map, in (run, lumi) order; rows without it are left out.

    `on` is the map's view, `rows` are the numbers of the rows that may be used, all where it is None. Raises
    `UsageError` where the data set has not the map, real numbers for it, or counts of another geometry.
    """

    def __init__(self, data: DataSet, spec: MapSpec, on: View, rows: NDArray[np.int64] | None = None) -> None:
        if spec.name not in data.maps:
            found = ", ".join(data.maps) or "none"
            raise UsageError(f"{data.path}: found maps {found}, expected {spec.name}")
        if data.maps[spec.name].kind != "counts":
            raise UsageError(f"{data.path}: found real numbers for {spec.name}, expected counts")
        _require_geometry(data, spec, on)
        self._data, self._spec, self._on = data, spec, on
        there = data.present(spec.name)
        chosen = np.flatnonzero(there) if rows is None else rows[there[rows]]
        self._rows: NDArray[np.int64] = chosen.astype(np.int64)

    @property
    def ids(self) -> list[LumiId]:
        """Run and lumi of each, without reading any counts."""
        pairs = zip(self._data.runs[self._rows].tolist(), self._data.lumis[self._rows].tolist(), strict=True)
        return [LumiId(run, lumi) for run, lumi in pairs]

    @property
    def conditions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Events (0: unknown) and pileup (NaN: unknown) of each, without reading any counts."""
        events = np.maximum(self._data.events(self._spec.name), 0)[self._rows]
        pileup = self._data.pileup(self._spec.name)[self._rows].astype(np.float64)
        return events.astype(np.float64), np.where(pileup >= 0, pileup, np.nan)

    def taken(self, places: NDArray[np.int64]) -> "Streamed":
        """Some of them, by their places in this sequence."""
        return Streamed(self._data, self._spec, self._on, self._rows[places])

    def __len__(self) -> int:
        """Number of lumisections."""
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Given: ...
    @overload
    def __getitem__(self, place: slice) -> "Streamed": ...
    def __getitem__(self, place: int | slice) -> "Given | Streamed":
        """One, read now; or some of them, not read yet."""
        if isinstance(place, slice):
            return Streamed(self._data, self._spec, self._on, self._rows[place])
        row = int(self._rows[place])
        began = float(self._data.began_at[row])
        return Given(
            LumiId(int(self._data.runs[row]), int(self._data.lumis[row])),
            self._data.record(self._spec.name, row),
            "",
            None if np.isnan(began) else began,
        )


def _require_geometry(data: DataSet, spec: MapSpec, on: View) -> None:
    """Arrays of two eras may have one shape, though other cells exist in them: versions are compared too."""
    info = data.maps[spec.name]
    if (info.geometry, info.shape) != (on.version, on.shape):
        found = f"{data.path}: found {spec.name} of geometry {info.geometry:.20}, {info.shape}"
        expected = f"{on.version:.20}, {on.shape} (era {on.era})"
        raise UsageError(f"{found} (era {data.era:.20}), expected {expected}: convert it again")


def ids_of(given: Sequence[Given]) -> list[LumiId]:
    """Run and lumi of each."""
    return given.ids if isinstance(given, Streamed) else [each.id for each in given]


def conditions_of(given: Sequence[Given]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Events (0: unknown) and pileup (NaN: unknown) of each, `(lumi,)`."""
    if isinstance(given, Streamed):
        return given.conditions
    records = [each.record for each in given]
    events = [0.0 if each is None else float(each.events or 0) for each in records]
    pileup = [None if each is None else prepare.known_pileup(each.pileup) for each in records]
    return np.array(events), np.array([np.nan if each is None else each for each in pileup])


def taken(given: Sequence[Given], places: NDArray[np.int64]) -> Sequence[Given]:
    """Some of them, by their places."""
    return given.taken(places) if isinstance(given, Streamed) else [given[place] for place in places.tolist()]
