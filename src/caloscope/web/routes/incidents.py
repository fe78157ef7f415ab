"""Incidents: the list, and one with its cells."""

import math
from collections.abc import Container, Mapping
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path

from caloscope.records import Incident, LumiId
from caloscope.web.models import IncidentModel, State
from caloscope.web.routes.parameters import (
    AtLumi,
    AtRun,
    Commissioning,
    Label,
    MapName,
    Run,
    label_or_newest,
    lumi_or_none,
)
from caloscope.web.source import Opened, Source, slug_of
from caloscope.web.verdict import state_at

router = APIRouter(prefix="/api/incidents")


@router.get("")
def incidents(
    source: Opened,
    label: Label = None,
    run: Run = None,
    map: MapName = None,  # noqa: A002  (it is the word in the query)
    open_only: bool = False,
    at_run: AtRun = None,
    at_lumi: AtLumi = None,
    commissioning: Commissioning = False,
) -> list[IncidentModel]:
    """Incidents without their cells: open ones first, then the most severe and largest, then the newest.

    With `at_run` and `at_lumi` those come first, or with `open_only` alone, that were open in that
    lumisection; `state` and `masked` say of each what it was then. All else is what is known of it today.
    """
    here = lumi_or_none(at_run, at_lumi)
    chosen = label_or_newest(source, label)
    if chosen is None:
        return []
    name = source.bundle(map, None).map if map else None
    found = source.store.incidents(
        label=chosen,
        run=run,
        map=name,
        open_only=open_only and here is None,
        commissioning=commissioning,
    )
    hidden = {incident.id for incident in found if incident.masked}
    if here is not None:
        found = source.store.as_then(found, here)
    if open_only and here is not None:
        found = [incident for incident in found if state_at(incident, here) == "open"]
    titles = source.titles(commissioning=commissioning)
    silent = _silent(source)
    order = sorted(found, key=lambda incident: urgency(incident, here))
    return [
        shaped(source, each, titles, here, silent=silent, masked_later=each.id in hidden and not each.masked)
        for each in order
    ]


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
            return shaped(source, found, source.titles(), cells=True, silent=_silent(source))
    raise HTTPException(404, f"no incident {id!r} for label {chosen!r}")


def urgency(incident: Incident, here: LumiId | None) -> tuple[bool, int, int, int, int, int, str]:
    """Sorts what needs somebody to the front: now, or in the lumisection `here`."""
    state = _state(incident, here)
    return (
        incident.masked or incident.standing,
        ("open", "closed", "later").index(state),
        -incident.severity,
        -len(incident.cells),
        -incident.last.run,
        -incident.last.lumi,
        incident.id,
    )


def shaped(
    source: Source,
    incident: Incident,
    titles: Mapping[str, str],
    here: LumiId | None = None,
    *,
    cells: bool = False,
    silent: Container[str] = (),
    masked_later: bool = False,
) -> IncidentModel:
    """An incident as JSON, as it was in the lumisection `here`; `titles` are those of `Source.titles`.

    `silent` holds the hashes of bundles in commissioning. `masked_later`: it was not masked then, and is now.
    """
    open_here = here is not None and here.run == incident.opened.run and state_at(incident, here) == "open"
    return IncidentModel(
        id=incident.id,
        label=incident.label,
        map=incident.map,
        slug=slug_of(incident.map),
        bundle=incident.bundle,
        bundle_title=titles.get(incident.bundle),
        commissioning=incident.bundle in silent,
        hardware=incident.hardware,
        direction=incident.direction,
        factor=_finite(incident.factor),
        opened=incident.opened,
        last=incident.last,
        onset=incident.onset,
        closed=incident.closed,
        lumis=incident.lumis,
        severity=incident.severity.name,
        reason=incident.reason,
        peak_evidence=_finite(incident.peak_evidence),
        masked=incident.masked,
        masked_later=masked_later,
        standing=incident.standing,
        state=None if here is None else state_at(incident, here),
        lumis_then=incident.lumis_until(here) if here is not None and open_here else None,
        cell_count=len(incident.cells),
        depths=_depths(source, incident),
        cells=[list(cell) for cell in incident.cells] if cells else None,
    )


def _silent(source: Source) -> set[str]:
    """Hashes of the bundles in commissioning."""
    return {row.hash for row in source.store.bundles() if not row.speaks}


def _state(incident: Incident, here: LumiId | None) -> State:
    """What an incident is today, or was in a lumisection."""
    if here is not None:
        return state_at(incident, here)
    return "open" if incident.closed is None else "closed"


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
