"""Records to the columns of a table and back."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, Row, Table, insert

from caloscope.errors import Fault, StoreError
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
from caloscope.store.rows import BundleRow, FileRow, MaskRow, ResultRow

AnyRow: TypeAlias = "Row[*tuple[Any, ...]]"
"""A row of any query."""

Values: TypeAlias = dict[str, Any]
"""Columns of a row by name."""


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


def bundle_values(bundle: BundleRow) -> Values:
    """Columns of a bundle."""
    return {**asdict(bundle), "card": json.dumps(bundle.card, sort_keys=True)}


def bundle_row(row: AnyRow) -> BundleRow:
    """A bundle from its columns."""
    return BundleRow(**{**row._mapping, "card": json.loads(row.card)})


def result_values(result: MapResult) -> Values:
    """Columns of a result, without its arrays, its series and the time at which it is written."""
    return {
        "run": int(result.key.run),
        "lumi": int(result.key.lumi),
        "quality": str(result.quality),
        "reason": _text(result.reason),
        "flag_reason": str(result.flag_reason),
        "events": _integer(result.events),
        "image_events": _integer(result.image_events),
        "pileup": number(result.pileup),
        "span": int(result.span),
        "degraded": ",".join(result.degraded),
        "bad_cells": result.bad_cells,
        "masked_cells": int(np.count_nonzero(result.codes == Code.MASKED_BAD)),
        "seconds": float(result.seconds),
        "content": result.content,
        "detail": storable(result.detail),
        "began_at": number(result.began_at),
    }


def result_row(row: AnyRow) -> ResultRow:
    """A result from its columns and those of its series."""
    found = row._mapping
    plain = ("events", "image_events", "pileup", "span", "bad_cells", "masked_cells")
    return ResultRow(
        key=ResultKey(row.label, row.run, row.lumi, row.map, row.bundle),
        quality=Quality(row.quality),
        reason=Reason(row.reason) if row.reason else None,
        flag_reason=Reason(row.flag_reason),
        degraded=tuple(Reason(word) for word in row.degraded.split(",") if word),
        **{name: found[name] for name in plain},
        **{name: found[name] for name in ("scored_at", "seconds", "content", "detail", "began_at")},
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


def file_row(row: AnyRow) -> FileRow:
    """A file from its columns."""
    return FileRow(**{**row._mapping, "fault": Fault(row.fault) if row.fault else None})


def mask_row(row: AnyRow) -> MaskRow:
    """A mask from its columns."""
    return MaskRow(**{**row._mapping, "cells": load_cells(row.cells)})


def storable(text: str) -> str:
    """Text that every database takes; file names may hold bytes that are no text in any encoding."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def number(value: float | None) -> float | None:
    """A number as every database takes it: what is not a number is NULL, and comes back as None."""
    return None if value is None or math.isnan(value) else float(value)


def _integer(value: int | None) -> int | None:
    return None if value is None else int(value)


def _text(value: str | None) -> str | None:
    return None if value is None else str(value)
