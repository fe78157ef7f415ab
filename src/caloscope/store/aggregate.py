"""Whole runs as arrays: what a trend or a count over a run needs, in one query each."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, select

from caloscope.records import Quality, Reason, ResultKey
from caloscope.store.schema import flags, results, series
from caloscope.store.transactions import Opened

Integers = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LumiColumns:
    """One map of one run as one bundle scored it: arrays `(n,)` over its lumisections, ascending.

    All recorded lumisections are there; `scored` is false where the map is UNKNOWN. Numbers that are not
    known are NaN. `newest`, `quality` and `reason` belong to the last lumisection.
    """

    newest: ResultKey
    quality: Quality
    reason: Reason | None
    lumi: Integers
    scored: NDArray[np.bool_]
    events: Numbers
    image_events: Numbers
    pileup: Numbers
    began_at: Numbers
    scored_at: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class FlagSpans:
    """Stretches `(n,)` of lumisections `first` to `last` in which a cell carried code 0 or 3.

    `cells` are index arrays on the map's view, one for each axis: `(y, x)` or `(depth, y, x)`.
    """

    cells: tuple[Integers, ...]
    first: Integers
    last: Integers


def lumi_columns(store: Opened, label: str, run: int) -> list[LumiColumns]:
    """Every map of a run by each bundle that scored it; bundles in the order in which they first did."""
    wanted = ("lumi", "quality", "reason", "events", "image_events", "pileup", "began_at", "scored_at")
    query = (
        select(series.c.id, series.c.map, series.c.bundle, *(results.c[name] for name in wanted))
        .join(results)
        .where(series.c.label == label, results.c.run == run)
        .order_by(series.c.id, results.c.lumi)
    )
    with store._read() as connection:
        rows = connection.execute(query).all()
    return [_columns(label, run, list(group)) for _, group in groupby(rows, key=lambda row: row[0])]


def flag_spans(store: Opened, label: str, run: int, map: str, bundle: str) -> FlagSpans:  # noqa: A002 - the field's word
    """When which cell of a map was flagged in a run; a map that is not there has none."""
    query = (
        select(flags.c.depth, flags.c.y, flags.c.x, flags.c.first, flags.c.last)
        .join(series)
        .where(series.c.label == label, series.c.map == map, series.c.bundle == bundle, flags.c.run == run)
        .order_by(flags.c.id)
    )
    with store._read() as connection:
        rows = connection.execute(query).all()
    deep = bool(rows) and rows[0].depth is not None
    table = np.array([tuple(row) if deep else (0, *row[1:]) for row in rows], np.int64).reshape(-1, 5)
    depth, y, x, first, last = table.T
    return FlagSpans((depth, y, x) if deep else (y, x), first, last)


def _columns(label: str, run: int, rows: Sequence[Row[Any]]) -> LumiColumns:
    """The rows of one series as columns."""
    last = rows[-1]
    columns = list(zip(*rows, strict=True))
    numbers = [np.array(column, dtype=np.float64) for column in columns[6:]]  # None becomes NaN
    return LumiColumns(
        ResultKey(label, run, last.lumi, last.map, last.bundle),
        Quality(last.quality),
        Reason(last.reason) if last.reason else None,
        np.array(columns[3], dtype=np.int64),
        np.array(columns[4]) != str(Quality.UNKNOWN),
        *numbers,
    )
