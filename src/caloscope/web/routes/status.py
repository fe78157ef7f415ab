"""One lumisection at a glance, and whether this server is well."""

import time
from collections.abc import Sequence

from fastapi import APIRouter, HTTPException

from caloscope.decide import quality_of
from caloscope.records import Incident, LumiId
from caloscope.store import RunRow
from caloscope.web import latest, verdict
from caloscope.web.models import MapStatus, Place, Status
from caloscope.web.routes.parameters import Commissioning, Label, Lumi, Run, label_or_newest, run_or_newest
from caloscope.web.source import Opened, Source, shown_url

STALE_SECONDS = 60.0
"""A live monitor brings a verdict every 23.3 s; two and a half of them missed is a fault."""

router = APIRouter()


@router.get("/healthz")
def healthz(source: Opened) -> dict[str, str]:
    """Answers 200 while the store can be read, 503 while not."""
    source.store.last_change()
    return {"status": "ok"}


@router.get("/api/status")
def status(
    source: Opened,
    label: Label = None,
    run: Run = None,
    lumi: Lumi = None,
    commissioning: Commissioning = False,
) -> Status:
    """The quality of one lumisection, map by map, and how fresh the store is."""
    chosen = label_or_newest(source, label)
    newest = source.store.latest(chosen) if chosen else None
    if chosen is None or newest is None:
        return _status(source, None, [], None)
    number = None if run is None and lumi is None else run_or_newest(source, chosen, run)
    place = _place(source, chosen, number, lumi)
    rows = verdict.rows_of_lumi(source.store, chosen, place.run, place.lumi)
    titles = source.titles(commissioning=commissioning)
    maps = verdict.map_statuses(verdict.required(source, chosen, place.run, rows), rows, titles)
    silent = verdict.in_commissioning(source, chosen, place.run, rows)
    told = _status(source, place, maps, newest)
    if not maps and silent:
        told.reasons = ["All detectors are in commissioning: nobody gives a verdict"]
        told.reason = told.reasons[0]
    told.in_commissioning = len(silent)
    told.commissioning = verdict.map_statuses(silent, rows, titles) if commissioning else []
    return told


def _place(source: Source, label: str, run: int | None, lumi: int | None) -> Place:
    """The lumisection to speak of: the one asked for, else the newest that is settled; 404 where none is."""
    if run is not None and lumi is not None:
        fault = latest.knows(source, label, run, lumi)
        if fault is not None:
            raise HTTPException(404, fault)
        return Place(label=label, run=run, lumi=lumi)
    place = latest.settled(source, label, run, time.time())
    if place is None:
        raise HTTPException(404, f"no run for label {label!r}")
    return place


def _then(source: Source, place: Place | None) -> list[Incident]:
    """All incidents as they were in one lumisection."""
    if place is None:
        return []
    incidents = source.store.incidents(label=place.label, commissioning=False)
    return source.store.as_then(incidents, LumiId(place.run, place.lumi))


def _troubles(incidents: Sequence[Incident], place: Place | None) -> dict[str, list[Incident]]:
    """By map, those of them that are going on in one lumisection, the worst first."""
    if place is None:
        return {}
    here = LumiId(place.run, place.lumi)
    found: dict[str, list[Incident]] = {}
    for incident in sorted(incidents, key=verdict.urgency, reverse=True):
        known = incident.masked or incident.standing or incident.is_over(here)
        if not known and incident.onset <= here:
            found.setdefault(incident.map, []).append(incident)
    return found


def _open_incidents(source: Source, then: Sequence[Incident], place: Place | None) -> int:
    """How many of them were open in one lumisection that somebody should know of."""
    if place is None:
        return 0
    here = LumiId(place.run, place.lumi)
    found = source.store.incidents(label=place.label, run=place.run, commissioning=False)
    masked = {incident.id: incident.masked for incident in then}
    real = [each for each in found if not (masked.get(each.id, each.masked) or each.standing)]
    return sum(verdict.state_at(incident, here) == "open" for incident in real)


def _run_of(source: Source, newest: tuple[str, int, int] | None) -> RunRow | None:
    """What is known of the newest run; None where a newer one was met that has no result yet."""
    runs = source.store.runs_known(newest[0]) if newest else []
    return runs[-1] if runs and newest and runs[-1].run == newest[1] else None


def _status(
    source: Source, place: Place | None, maps: list[MapStatus], newest: tuple[str, int, int] | None
) -> Status:
    """All that a page shows in its header."""
    store, now = source.store, time.time()
    rows = latest.heard(source, verdict.rows_of_lumi(store, *newest)) if newest else []
    scored_at = max((row.scored_at for row in rows), default=None)
    ended = _run_of(source, newest)
    counts = store.count_files()
    then = _then(source, place)
    recent, reasons = latest.recent(rows, now), verdict.explain(maps, _troubles(then, place))
    return Status(
        label=place.label if place else None,
        run=place.run if place else None,
        lumi=place.lumi if place else None,
        quality=quality_of(status.quality for status in maps),
        reason="; ".join(reasons),
        reasons=reasons,
        maps=maps,
        labels=store.labels(),
        latest=Place(label=newest[0], run=newest[1], lumi=newest[2]) if newest else None,
        last_verdict_at=scored_at,
        now=now,
        recent=recent,
        stale=scored_at is None or (recent and now - scored_at > STALE_SECONDS),
        open_incidents=_open_incidents(source, then, place),
        quarantined=counts.get("QUARANTINED", 0),
        waiting=counts.get("WAITING", 0),
        run_ended_at=ended.ended_at if ended else None,
        run_ended_by=ended.ended_by if ended else "",
        last_change=store.last_change(),
        store=shown_url(source.url),
    )
