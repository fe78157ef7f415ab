"""Adding up a map of a data set: one pass over its rows, a slice at a time."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caloscope.dataset import DataSet, MapInfo
from caloscope.errors import CaloscopeError
from caloscope.geometry import View
from caloscope.records import Mask

SLICE_BYTES = 16 * 2**20
"""Rows are read in slices of about this size."""


@dataclass(frozen=True, slots=True, eq=False)
class MapSums:
    """A map added up over a data set.

    `mean` (the map's shape) is the sum of `rows` rows over `per`: events, lumisections or, for real numbers,
    records; NaN where there is none. `ever` is true where any row holds something but zero. `exists` says
    which bins are cells of the `view`; all of them where no view describes the map (`view` is None).
    `row_totals` is the sum over the cells of each row, NaN where the map is absent; `outside` the sum of
    the bins that are no cells.
    """

    info: MapInfo
    view: View | None
    mean: NDArray[np.float64]
    per: str
    rows: int
    ever: Mask
    exists: Mask
    row_totals: NDArray[np.float64]
    outside: float


def add_up(data: DataSet, name: str, views: Callable[[str, str], View]) -> MapSums:
    """A map of a data set added up; raises `SourceError` where it is damaged.

    The mean is per event where at least half of the rows know their events (those alone count then), else per
    lumisection; real numbers are averaged over records.
    """
    info = data.maps[name]
    on = _view_of(info, data.era, views)
    weights, per = _weights(data, info)
    exists = on.exists if on is not None else np.ones(info.shape, np.bool_)
    total, filled = np.zeros(info.shape), np.zeros(info.shape)
    ever = np.zeros(info.shape, np.bool_)
    row_totals = np.full(len(data.runs), np.nan)
    there, outside = data.present(name), 0.0
    step = max(1, SLICE_BYTES // max(1, 4 * math.prod(info.shape)))
    for first in range(0, len(there), step):
        rows = np.flatnonzero(there[first : first + step])
        if not rows.size:
            continue
        values = data.counts(name, first, min(first + step, len(there)))[rows].astype(np.float64)
        known = np.isfinite(values)
        values[~known] = 0.0
        used = weights[first + rows] > 0
        total += values[used].sum(axis=0)
        filled += np.tensordot(weights[first + rows][used], known[used].astype(np.float64), axes=1)
        ever |= (values != 0).any(axis=0)
        row_totals[first + rows] = values[:, exists].sum(axis=1)
        outside += float(values[:, ~exists].sum())
    mean = np.divide(total, filled, out=np.full(info.shape, np.nan), where=filled > 0)
    return MapSums(info, on, mean, per, int((weights > 0).sum()), ever, exists, row_totals, outside)


def _view_of(info: MapInfo, era: str, views: Callable[[str, str], View]) -> View | None:
    """The view that a map is on, None where there is none or its geometry is another one."""
    if not info.geometry:
        return None
    try:
        on = views(info.view, era)
    except CaloscopeError:
        return None
    return on if on.shape == tuple(info.shape) and on.version == info.geometry else None


def _weights(data: DataSet, info: MapInfo) -> tuple[NDArray[np.float64], str]:
    """By what the sum of each row is divided, 0 for rows that do not count, and the name of its unit."""
    there = data.present(info.name)
    if info.kind != "counts":
        return there.astype(np.float64), "record"
    events = data.events(info.name)
    known = there & (events > 0)
    if 2 * int(known.sum()) >= max(1, int(there.sum())):
        return np.where(known, events, 0).astype(np.float64), "event"
    return np.where(there, data.spans(info.name), 0).astype(np.float64), "lumisection"
