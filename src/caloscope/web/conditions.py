"""Conditions as the page tells them: what data taking was like, and what was no fault of the detector."""

import re
from collections.abc import Iterable, Mapping

from pydantic import BaseModel, Field

from caloscope.incidents.conditions import SHIFTED, Cause, ConditionsIncident, beyond
from caloscope.records import LumiState
from caloscope.store import LumiOrigin, LumiRow
from caloscope.web.models import State
from caloscope.web.remembered import RunRows

WORDS: Mapping[LumiState, str] = {
    LumiState.COLLISIONS: "Stable collisions",
    LumiState.RAMP: "Beams not stable",
    LumiState.NO_BEAM: "No beam",
    LumiState.COSMICS: "Cosmic rays",
    LumiState.HEAVY_IONS: "Heavy ions",
    LumiState.SPECIAL: "Special run",
    LumiState.UNTOLD: "Conditions not known",
}

SHORT: Mapping[LumiState, str] = {
    LumiState.COLLISIONS: "Collisions",
    LumiState.RAMP: "Ramp",
    LumiState.COSMICS: "Cosmics",
    LumiState.SPECIAL: "Special",
    LumiState.UNTOLD: "Not known",
}
"""For narrow places, where it is shorter."""

ORIGINS: Mapping[LumiOrigin, str] = {
    "told": "told by a source",
    "label": "told by the name of the data",
    "maps": "as the maps look",
    "assumed": "nobody tells",
}

ADVICE: Mapping[Cause, str] = {
    "STATE": "Maps are not judged where their detector did not learn this.",
    "POWER": "Nothing to judge there; all else is judged as ever.",
    "TRIGGER": "The trigger, not the detector.",
    "SHIFT": "Trigger or luminosity, not the detector.",
}


class Stretch(BaseModel):
    """Neighbouring lumisections of the same state."""

    first: int
    last: int
    state: LumiState
    words: str
    short: str = Field(description="the same in one or two words")


class LumiConditions(BaseModel):
    """What is known of the conditions of one lumisection."""

    lumi: int
    state: LumiState
    words: str = Field(description="the state, for people")
    origin: LumiOrigin = Field(description="who says so: a source, the label, the maps, or nobody")
    detail: str = Field(description="who says so, and what, in words")
    off: list[str] = Field(description="parts of the detector without voltage")
    trigger: str
    fill: int | None
    shift: float = Field(description="what all maps do together, relative to what was expected")


class ConditionsIncidentModel(BaseModel):
    """Something that changed all of the data taking; no fault of the detector."""

    id: str
    cause: Cause
    run: int
    opened: int
    last: int
    closed: int | None
    state: State | None = Field(description="what it was in the lumisection asked for")
    headline: str = Field(description="what a shifter is told")
    short: str = Field(description="the same in two or three words")
    advice: str
    detail: str
    shift: float
    maps: dict[str, float] = Field(description="by how much each map changed, relative, where it did")


class RunConditions(BaseModel):
    """The conditions of a run, and of one of its lumisections."""

    label: str | None
    run: int | None
    here: LumiConditions | None = Field(description="null where nothing is known of the lumisection")
    stretches: list[Stretch]
    incidents: list[ConditionsIncidentModel] = Field(description="in the order in which they opened")


def conditions_of(label: str, run: int, known: RunRows, lumi: int | None) -> RunConditions:
    """The conditions of a run; `here` is lumisection `lumi`, or the newest."""
    rows = known.lumis
    every = list(rows.values())
    newest = every[-1] if every else None
    here = newest if lumi is None else rows.get(lumi)
    return RunConditions(
        label=label,
        run=run,
        here=None if here is None else _here(here),
        stretches=stretches(every),
        incidents=[shaped(each, rows, lumi) for each in known.incidents],
    )


def stretches(rows: Iterable[LumiRow]) -> list[Stretch]:
    """Lumisections, ascending, as stretches of equal states; where one is missing a stretch ends."""
    found: list[Stretch] = []
    for row in rows:
        if found and found[-1].state is row.state and found[-1].last == row.lumi - 1:
            found[-1].last = row.lumi
        else:
            words = WORDS[row.state]
            short = SHORT.get(row.state, words)
            found.append(Stretch(first=row.lumi, last=row.lumi, state=row.state, words=words, short=short))
    return found


def shaped(
    incident: ConditionsIncident, rows: Mapping[int, LumiRow], lumi: int | None
) -> ConditionsIncidentModel:
    """An incident as JSON, as it was in lumisection `lumi`; `rows` are the run's."""
    short = _short(incident, rows)
    end = "" if incident.last == incident.opened else f"–{incident.last}"
    when = f" since LS {incident.opened}" if incident.is_open else f", LS {incident.opened}{end}"
    return ConditionsIncidentModel(
        id=incident.id,
        cause=incident.cause,
        run=incident.run,
        opened=incident.opened,
        last=incident.last,
        closed=incident.closed,
        state=None if lumi is None else _state(incident, lumi),
        headline=short + when,
        short=short,
        advice=ADVICE[incident.cause],
        detail=_detail(incident, rows),
        shift=incident.shift,
        maps=dict(incident.maps),
    )


def _short(incident: ConditionsIncident, rows: Mapping[int, LumiRow]) -> str:
    """What happened, in a few words."""
    first = rows.get(incident.opened)
    together = f"all maps {percent(incident.shift)}" if abs(incident.shift) >= SHIFTED else ""
    if incident.cause == "POWER" and first is not None:
        return f"{', '.join(sorted(first.off))} without voltage"
    if incident.cause == "STATE" and first is not None:
        return WORDS[first.state]
    if incident.cause == "TRIGGER":
        return ", ".join(filter(None, ("Trigger changed", together)))
    return together.capitalize() or "All maps changed together"


def _detail(incident: ConditionsIncident, rows: Mapping[int, LumiRow]) -> str:
    """What is known beyond the headline, as people write it."""
    first = rows.get(incident.opened)
    if incident.cause == "SHIFT":
        return ""
    if incident.cause in ("STATE", "POWER") and first is not None:
        return beyond(_short(incident, rows), first.detail) or ORIGINS[first.origin]
    text = incident.detail.split("; ")[0].replace(" -> ", " → ")  # what maps did is in `maps`
    text = text.removeprefix("trigger ")  # as the headline says
    return re.sub(r"([+-])(\d+)%", lambda found: f"{found[1].replace('-', '−')}{found[2]} %", text)


def percent(share: float) -> str:
    """A relative change as people write it: `−20 %`, `+3 %`."""
    return f"{'−' if share < 0 else '+'}{abs(share) * 100:.0f} %"


def _state(incident: ConditionsIncident, lumi: int) -> State:
    if lumi < incident.opened:
        return "later"
    return "closed" if incident.closed is not None and lumi >= incident.closed else "open"


def _here(row: LumiRow) -> LumiConditions:
    return LumiConditions(
        lumi=row.lumi,
        state=row.state,
        words=WORDS[row.state],
        origin=row.origin,
        detail=beyond(WORDS[row.state], row.detail) or ORIGINS[row.origin],
        off=list(row.off),
        trigger=row.trigger,
        fill=row.fill,
        shift=row.shift,
    )
