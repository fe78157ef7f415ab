"""Steps of the trigger in a run: other settings, other numbers of events; and what maps did at one."""

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

from caloscope.store import LumiRow

LUMIS: Final = 5
"""Lumisections before that a number of events is compared with."""

LEVEL_LUMIS: Final = 10
"""The same for the level of maps."""

STEP: Final = 0.06
"""Relative change of the events that means another trigger or prescale, beyond two sigma of counting."""

SIGMAS: Final = 2.0
CHANGED: Final = 0.03
"""Relative change of a map that is worth telling."""


class Steps:
    """The lumisections of a run, ascending, and where the trigger was changed."""

    def __init__(self, rows: Sequence[LumiRow]) -> None:
        self._rows = rows
        self._since = 0
        self._setting_before = ""

    def trigger_at(self, place: int) -> str:
        """What changed at a place, in words; empty where nothing did. To be asked in order.

        A step of events is one that the next lumisection shows too: single ones with few are common.
        """
        words = ", ".join(filter(None, (self._setting(place), self._events_step(place))))
        if words:
            self._since = place
        return words

    def _setting(self, place: int) -> str:
        """A change of the setting that somebody told."""
        before, now = self._setting_before, self._rows[place].trigger
        self._setting_before = now or before
        return f"trigger {before} -> {now}" if before and now not in ("", before) else ""

    def _events_step(self, place: int) -> str:
        """A change of the number of events that lasts."""
        (before, now), after = self._events(place), self._events_of(place + 1)
        if before is None or now is None or after is None:
            return ""
        if not _stepped(before, now) or _stepped(now, after) or not _stepped(before, (now + after) / 2, 0.75):
            return ""
        return f"events {now / max(before, 1.0) - 1:+.0%} ({before:.0f} -> {now:.0f})"

    def _events(self, place: int) -> tuple[float | None, float | None]:
        """Events of a lumisection as usual before it, and in it."""
        known = [self._events_of(each) for each in range(max(self._since, place - LUMIS), place)]
        usual = [each for each in known if each is not None]
        return (median(usual) if usual else None), self._events_of(place)

    def _events_of(self, place: int) -> float | None:
        """Events of a lumisection: those of its producers in the middle; None where nobody says."""
        if place >= len(self._rows):
            return None
        events = self._rows[place].events.values()
        return float(median(events)) if events else None


def _stepped(before: float, now: float, share: float = 1.0) -> bool:
    noise = math.sqrt(max(before, 1.0) * (1.0 + 1.0 / LUMIS))
    return abs(now - before) > share * (STEP * before + SIGMAS * noise)


def usual_shift(usual: Sequence[LumiRow]) -> float:
    """What all maps do together as usual; at the start of a run, what was learned: 0."""
    return median(row.shift for row in usual[-LEVEL_LUMIS:]) if usual else 0.0


def changed_maps(usual: Sequence[LumiRow], after: Sequence[LumiRow]) -> dict[str, float]:
    """By how much each map changed, relative to its usual level, where it did."""
    first, before = after[:LUMIS], usual[-LEVEL_LUMIS:]
    found = {}
    for name in {name for row in first for name in row.levels}:
        now = [row.levels[name] for row in first if name in row.levels]
        then = [row.levels[name] for row in before if name in row.levels] or [0.0]
        change = (1.0 + median(now)) / max(1.0 + median(then), 1e-3) - 1.0
        if abs(change) >= CHANGED:
            found[name] = change
    return found
