"""Results and incidents to the columns of a table and back, and the plain values that all columns share."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import numpy as np
from sqlalchemy import Connection, Row, Table, insert

from caloscope import __version__
from caloscope.errors import StoreError
from caloscope.records import (
    Cell,
    Code,
    Direction,
    Incident,
    LumiId,
    MapResult,
    Quality,
    Reason,
    ResultKey,
    Severity,
)
from caloscope.store.rows import ResultRow
from caloscope.store.schema import results, series

AnyRow: TypeAlias = "Row[*tuple[Any, ...]]"
"""A row of any query."""

Values: TypeAlias = dict[str, Any]
"""Columns of a row by name."""


_PLAIN: Final = (
    *("events", "image_events", "pileup", "span", "bad_cells", "masked_cells"),
    *("scored_at", "seconds", "content", "detail", "began_at", "source", "version"),
)
_READ: Final = ("quality", "reason", "flag_reason", "degraded", "stages", *_PLAIN)

RESULT: Final = (
    *(series.c.label, results.c.run, results.c.lumi, series.c.map, series.c.bundle),
    *(results.c[name] for name in _READ),
)
"""What a result is made from, in order: a run has thousands, and names are slow."""


def dump_cells(cells: Iterable[Cell]) -> str:
    """Cells as JSON; indices may be numpy integers."""
    return json.dumps([[int(index) for index in cell] for cell in cells], separators=(",", ":"))


def load_cells(text: str) -> tuple[Cell, ...]:
    """Cells from JSON."""
    return tuple(tuple(cell) for cell in json.loads(text))


def insert_row(connection: Connection, table: Table, values: Values) -> int:
    """Insert one row; answers with the number that it was given."""
    key = connection.execute(insert(table).values(values)).inserted_primary_key
    if key is None:
        raise StoreError(f"{table.name}: found no number for a new row, expected one")
    return int(key[0])


def result_values(result: MapResult) -> Values:
    """Columns of a result, without its arrays, its series and the time at which it is written."""
    return {
        "run": int(result.key.run),
        "lumi": int(result.key.lumi),
        "quality": str(result.quality),
        "reason": text_of(result.reason),
        "flag_reason": str(result.flag_reason),
        "events": integer(result.events),
        "image_events": integer(result.image_events),
        "pileup": number(result.pileup),
        "span": int(result.span),
        "degraded": ",".join(result.degraded),
        "bad_cells": result.bad_cells,
        "masked_cells": int(np.count_nonzero(result.codes == Code.MASKED_BAD)),
        "seconds": float(result.seconds),
        "content": result.content,
        "detail": storable(result.detail),
        "began_at": number(result.began_at),
        "source": storable(result.source),
        "stages": dump_seconds(result.stages),
        "version": __version__,
    }


def result_row(row: AnyRow) -> ResultRow:
    """A result from the `RESULT` columns."""
    label, run, lumi, name, bundle, quality, reason, flag_reason, degraded, stages, *plain = row
    return ResultRow(
        key=ResultKey(label, run, lumi, name, bundle),
        quality=Quality(quality),
        reason=Reason(reason) if reason else None,
        flag_reason=Reason(flag_reason),
        degraded=tuple(Reason(word) for word in degraded.split(",") if word),
        stages=load_numbers(stages),
        **dict(zip(_PLAIN, plain, strict=True)),
    )


def incident_values(incident: Incident, series: int) -> Values:
    """Columns of an incident."""
    edges = {"opened": incident.opened, "last": incident.last, "onset": incident.onset}
    closed = incident.closed
    return {
        "series": series,
        "id": incident.id,
        "hardware": incident.hardware,
        "cells": dump_cells(incident.cells),
        **{f"{name}_run": int(edge[0]) for name, edge in edges.items()},
        **{f"{name}_lumi": int(edge[1]) for name, edge in edges.items()},
        "closed_run": None if closed is None else int(closed[0]),
        "closed_lumi": None if closed is None else int(closed[1]),
        "direction": str(incident.direction),
        "reason": str(incident.reason),
        "severity": int(incident.severity),
        "factor": number(incident.factor),
        "peak_evidence": number(incident.peak_evidence),
        "masked": bool(incident.masked),
        "standing": bool(incident.standing),
        "gaps": dump_cells((*cured, *back) for cured, back in incident.gaps),
    }


def incident_row(row: AnyRow) -> Incident:
    """An incident from its columns and those of its series."""
    return Incident(
        id=row.id,
        label=row.label,
        map=row.map,
        bundle=row.bundle,
        hardware=row.hardware,
        cells=load_cells(row.cells),
        opened=LumiId(row.opened_run, row.opened_lumi),
        last=LumiId(row.last_run, row.last_lumi),
        onset=LumiId(row.onset_run, row.onset_lumi),
        closed=None if row.closed_run is None else LumiId(row.closed_run, row.closed_lumi),
        direction=Direction(row.direction),
        reason=Reason(row.reason),
        severity=Severity(row.severity),
        factor=row.factor,
        peak_evidence=math.nan if row.peak_evidence is None else row.peak_evidence,
        masked=row.masked,
        standing=row.standing,
        gaps=tuple((LumiId(a, b), LumiId(c, d)) for a, b, c, d in json.loads(row.gaps)),
    )


def storable(text: str) -> str:
    """Text that every database takes; file names may hold bytes that are no text in any encoding."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def number(value: float | None) -> float | None:
    """A number as every database takes it: what is not a number is NULL, and comes back as None."""
    return None if value is None or math.isnan(value) else float(value)


def dump_seconds(stages: Mapping[str, float]) -> str:
    """Seconds of stages as JSON, to the microsecond; what is not a number is left out, nothing is empty."""
    known = {name: round(float(each), 6) for name, each in stages.items() if math.isfinite(each)}
    return compact(known) if known else ""


def load_numbers(text: str) -> dict[str, Any]:
    """Numbers by name from JSON; none from an empty text."""
    found: dict[str, Any] = json.loads(text) if text else {}
    return found


def compact(value: Any) -> str:
    """Plain values as JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


def integer(value: int | None) -> int | None:
    """A whole number as every database takes it; numpy's are not."""
    return None if value is None else int(value)


def text_of(value: str | None) -> str | None:
    """A word of ours as plain text."""
    return None if value is None else str(value)
