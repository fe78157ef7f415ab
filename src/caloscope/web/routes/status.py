"""One lumisection at a glance, and whether this server is well."""

import time

from fastapi import APIRouter

from caloscope.records import Quality
from caloscope.web import verdict
from caloscope.web.models import MapStatus, Place, Status
from caloscope.web.routes.parameters import Label, Lumi, Run, label_or_newest, run_or_newest
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
def status(source: Opened, label: Label = None, run: Run = None, lumi: Lumi = None) -> Status:
    """The quality of one lumisection, map by map, and how fresh the store is."""
    chosen = label_or_newest(source, label)
    newest = source.store.latest(chosen) if chosen else None
    if chosen is None or newest is None:
        return _status(source, None, [], None)
    number = run_or_newest(source, chosen, run)
    if lumi is None:
        lumi = newest[2] if number == newest[1] else _last_of(source, chosen, number)
    rows = verdict.rows_of_lumi(source.store, chosen, number, lumi)
    maps = verdict.map_statuses(verdict.required(source, chosen, number, rows), rows)
    return _status(source, Place(label=chosen, run=number, lumi=lumi), maps, newest)


def _last_of(source: Source, label: str, run: int) -> int:
    """The last lumisection of a run that has a result."""
    return max(row.key.lumi for row in source.store.results(label, run))


def _hardware(source: Source, place: Place | None) -> dict[str, list[str]]:
    """By map, the hardware in trouble in one lumisection, the worst first."""
    if place is None:
        return {}
    here = (place.run, place.lumi)
    found: dict[str, list[str]] = {}
    for incident in sorted(source.store.incidents(label=place.label), key=lambda one: -one.severity):
        over = incident.closed is not None and incident.closed <= here
        if not (incident.masked or incident.standing or over) and incident.onset <= here:
            names = found.setdefault(incident.map, [])
            if incident.hardware not in names:
                names.append(incident.hardware)
    return found


def _status(
    source: Source, place: Place | None, maps: list[MapStatus], newest: tuple[str, int, int] | None
) -> Status:
    """All that a page shows in its header."""
    store, now, scored_at = source.store, time.time(), None
    if newest:
        rows = verdict.rows_of_lumi(store, *newest)
        scored_at = max((row.scored_at for row in rows), default=None)
    open_now = store.incidents(label=place.label if place else None, open_only=True)
    return Status(
        label=place.label if place else None,
        run=place.run if place else None,
        lumi=place.lumi if place else None,
        quality=verdict.worst(status.quality for status in maps) if maps else Quality.UNKNOWN,
        reason=verdict.explain(maps, _hardware(source, place)),
        maps=maps,
        labels=store.labels(),
        latest=Place(label=newest[0], run=newest[1], lumi=newest[2]) if newest else None,
        last_verdict_at=scored_at,
        now=now,
        stale=scored_at is None or now - scored_at > STALE_SECONDS,
        open_incidents=sum(not (incident.masked or incident.standing) for incident in open_now),
        quarantined=len(store.files("QUARANTINED")),
        last_change=store.last_change(),
        store=shown_url(source.url),
    )
