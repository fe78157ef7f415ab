"""Incidents of conditions, not of the detector: what all maps do together, and what the data taking did.

They are derived from the conditions of a run's lumisections whenever somebody asks, and kept nowhere: what
comes late changes them as if it had come in time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal, TypeAlias

from caloscope.incidents.steps import Steps, changed_maps, usual_shift
from caloscope.records import LumiId, LumiState
from caloscope.store import LumiRow

Cause: TypeAlias = Literal["STATE", "POWER", "TRIGGER", "SHIFT"]

SHIFTED: Final = 0.05
"""Relative change of all maps together that people are told of, two lumisections running."""

SETTLED: Final = 20
"""Lumisections after which a changed level is the usual one."""

USUAL: Final = frozenset({LumiState.COLLISIONS, LumiState.UNTOLD})


@dataclass(frozen=True, slots=True)
class ConditionsIncident:
    """A stretch of lumisections in which conditions were not as before; no fault of the detector.

    `opened` is the first of them, `last` the last so far, `closed` the one in which it was over, None while
    it lasts. `maps` holds by how much maps changed, relative, those that did; `shift` what they have in
    common. `detail` says it in words.
    """

    id: str
    label: str
    run: int
    cause: Cause
    opened: int
    last: int
    closed: int | None
    maps: Mapping[str, float]
    shift: float
    detail: str

    @property
    def is_open(self) -> bool:
        """Whether it lasts."""
        return self.closed is None

    def covers(self, lumi: LumiId) -> bool:
        """Whether a lumisection belongs to it."""
        return lumi.run == self.run and self.opened <= lumi.lumi <= self.last


def conditions_incidents(rows: Sequence[LumiRow]) -> list[ConditionsIncident]:
    """Those of one run, from its lumisections in ascending order; by the lumisection in which they opened.

    STATE: the beams are not in stable collisions, or the run is one of another kind. POWER: a part of the
    detector has no voltage. TRIGGER: the events of a lumisection or the trigger's setting changed. SHIFT: all
    maps changed together. What changes with a trigger is told with it.
    """
    found = [*_stretches(rows, "STATE"), *_stretches(rows, "POWER"), *_levels(rows)]
    return sorted(found, key=lambda each: (each.opened, each.cause))


def _stretches(rows: Sequence[LumiRow], cause: Cause) -> Iterator[ConditionsIncident]:
    """Lumisections in a row of which a source says the same unusual thing."""
    begun: list[LumiRow] = []
    for row in rows:
        if begun and _said(row, cause) != _said(begun[0], cause):
            yield _stretch(begun, cause, closed=row.lumi)
            begun = []
        if _said(row, cause):
            begun.append(row)
    if begun:
        yield _stretch(begun, cause, closed=None)


def _said(row: LumiRow, cause: Cause) -> str:
    """What is unusual in a lumisection, empty where nothing is."""
    if cause == "POWER":
        return ", ".join(sorted(row.off))
    return "" if row.state in USUAL else str(row.state)


def _stretch(rows: Sequence[LumiRow], cause: Cause, closed: int | None) -> ConditionsIncident:
    first = rows[0]
    said = _said(first, cause)
    words = f"{said} without voltage" if cause == "POWER" else said.replace("_", " ").lower()
    added = beyond(words, first.detail)
    parts = [added] if _plain(added).startswith(_plain(words)) else [words, added]
    detail = ": ".join(filter(None, parts))
    return _incident(first, cause, rows[-1].lumi, closed, {}, 0.0, detail)


def beyond(words: str, detail: str) -> str:
    """What a detail tells beside some words: nothing where it says the same, as `no beam` does of no beam."""
    return "" if _plain(detail) in _plain(words) else detail


def _plain(text: str) -> str:
    return text.casefold().replace("_", " ").strip()


def _levels(rows: Sequence[LumiRow]) -> Iterator[ConditionsIncident]:
    """Changes of the trigger and of the level of all maps."""
    here = [row for row in rows if row.state in USUAL and row.levels]
    steps = Steps(here)
    triggers = [steps.trigger_at(place) for place in range(len(here))]
    # Lumisections that tell what is usual: those of a shift only once it is so.
    usual: list[LumiRow] = []
    place = 0
    while place < len(here):
        before = usual_shift(usual)
        if not triggers[place] and not _is_shifted(here, place, before):
            usual.append(here[place])
            place += 1
            continue
        end = _end(here, triggers, place, before)
        yield _level_incident(here, place, end, triggers[place], usual)
        if triggers[place] or not _is_back(here, end, before):
            usual += here[place:end]
        place = end


def _level_incident(
    rows: Sequence[LumiRow], place: int, end: int, trigger: str, usual: Sequence[LumiRow]
) -> ConditionsIncident:
    here = rows[place:end]
    maps = changed_maps(usual, here)
    shift = median(row.shift for row in here) - usual_shift(usual)
    together = f"all maps {shift:+.0%}" if abs(shift) >= SHIFTED else ""
    alone = ", ".join(f"{name} {change:+.0%}" for name, change in sorted(maps.items()))
    detail = "; ".join(word for word in (trigger, together or alone) if word)
    closed = rows[end].lumi if end < len(rows) else None
    return _incident(
        rows[place], "TRIGGER" if trigger else "SHIFT", here[-1].lumi, closed, maps, shift, detail
    )


def _incident(
    first: LumiRow,
    cause: Cause,
    last: int,
    closed: int | None,
    maps: Mapping[str, float],
    shift: float,
    detail: str,
) -> ConditionsIncident:
    name = f"{first.label}-{first.run}-{first.lumi}-{cause}".lower()
    return ConditionsIncident(
        name, first.label, first.run, cause, first.lumi, last, closed, maps, shift, detail
    )


def _is_shifted(rows: Sequence[LumiRow], place: int, before: float) -> bool:
    """Whether all maps are off from here on; not where they are as before, or off in this one alone."""
    pair = rows[place : place + 2]
    if len(pair) < 2 or any(abs(row.shift - before) < SHIFTED for row in pair):
        return False
    return len({row.shift > before for row in pair}) == 1


def _end(rows: Sequence[LumiRow], triggers: Sequence[str], place: int, before: float) -> int:
    """The place at which a change is over: usual by now, the trigger changed again, or a shift went away."""
    last = min(place + SETTLED, len(rows))
    for here in range(place + 1, last):
        if triggers[here] or (not triggers[place] and here > place + 1 and _is_back(rows, here, before)):
            return here
    return last


def _is_back(rows: Sequence[LumiRow], place: int, before: float) -> bool:
    """Whether all maps are as before for two lumisections."""
    pair = rows[place : place + 2]
    return bool(pair) and all(abs(row.shift - before) < SHIFTED / 2 for row in pair)
