"""Incidents: the list, and one with its cells."""

import math
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path

from caloscope.records import Incident
from caloscope.web.models import IncidentModel
from caloscope.web.routes.parameters import Label, MapName, Run, label_or_newest
from caloscope.web.source import Opened, Source, slug_of

router = APIRouter(prefix="/api/incidents")


@router.get("")
def incidents(
    source: Opened,
    label: Label = None,
    run: Run = None,
    map: MapName = None,  # noqa: A002  (it is the word in the query)
    open_only: bool = False,
) -> list[IncidentModel]:
    """Incidents without their cells: open ones first, then the most severe and largest, then the newest."""
    chosen = label_or_newest(source, label)
    if chosen is None:
        return []
    name = source.bundle(map, None).map if map else None
    found = source.store.incidents(label=chosen, run=run, map=name, open_only=open_only)
    return [shaped(source, incident) for incident in sorted(found, key=urgency)]


@router.get("/{id:path}")
def incident(
    source: Opened,
    id: Annotated[str, Path(max_length=300)],  # noqa: A002  (it is the word in the address)
    label: Label = None,
) -> IncidentModel:
    """One incident with its cells."""
    chosen = label_or_newest(source, label)
    for found in source.store.incidents(label=chosen):
        if found.id == id:
            return shaped(source, found, cells=True)
    raise HTTPException(404, f"no incident {id!r} for label {chosen!r}")


def urgency(incident: Incident) -> tuple[bool, bool, int, int, int, int, str]:
    """Sorts what needs somebody now to the front."""
    return (
        incident.masked or incident.standing,
        incident.closed is not None,
        -incident.severity,
        -len(incident.cells),
        -incident.last.run,
        -incident.last.lumi,
        incident.id,
    )


def shaped(source: Source, incident: Incident, *, cells: bool = False) -> IncidentModel:
    """An incident as JSON."""
    one_run = incident.opened.run == incident.last.run
    return IncidentModel(
        id=incident.id,
        label=incident.label,
        map=incident.map,
        slug=slug_of(incident.map),
        bundle=incident.bundle,
        hardware=incident.hardware,
        direction=incident.direction,
        factor=_finite(incident.factor),
        opened=incident.opened,
        last=incident.last,
        onset=incident.onset,
        closed=incident.closed,
        lumis=incident.last.lumi - incident.opened.lumi + 1 if one_run else None,
        severity=incident.severity.name,
        reason=incident.reason,
        peak_evidence=_finite(incident.peak_evidence),
        masked=incident.masked,
        standing=incident.standing,
        cell_count=len(incident.cells),
        depths=_depths(source, incident),
        cells=[list(cell) for cell in incident.cells] if cells else None,
    )


def _depths(source: Source, incident: Incident) -> list[int]:
    """The physical depths that an incident touches; none on a view without depths."""
    indices = {cell[0] for cell in incident.cells if len(cell) == 3}
    if not indices:
        return []
    depths = source.view(source.bundle(incident.map, incident.bundle)).depths
    return [depths[index] for index in sorted(indices) if 0 <= index < len(depths)]


def _finite(value: float | None) -> float | None:
    """JSON has no infinity."""
    return value if value is not None and math.isfinite(value) else None
