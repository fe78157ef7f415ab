"""What of its lumisections a selection takes, and what the provenance says of those."""

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final

from caloscope.convert.dropped import EVERY_MAP, Drops, Why
from caloscope.convert.selection import Selection
from caloscope.records import Lumisection

_MOST_ASSUMPTIONS: Final = 20


class Sieve:
    """Lets through what a selection takes; `drops` collects the rest."""

    def __init__(self, selection: Selection) -> None:
        self.drops = Drops()
        self._selection = selection

    def keep(self, lumisection: Lumisection) -> Lumisection | None:
        """A lumisection without the maps that are not wanted; None where nothing is left.

        What grows is kept whatever was asked for within a run: it may be what is subtracted from the next.
        """
        run, lumi = lumisection.id
        for name in lumisection.unusable:
            self.drops.add(name, self._selection.refuses(lumisection.id) or Why.UNUSABLE, run, lumi)
        if not lumisection.maps:
            if lumisection.unusable:
                return None
            why = self._selection.refuses(lumisection.id) or Why.MAP_MISSING
            self.drops.add(EVERY_MAP, why, run, lumi)
            return None
        if self._selection.refuses_run(run):
            self.drops.add(EVERY_MAP, Why.NOT_ASKED, run, lumi)
            return None
        kept = {}
        for name, record in lumisection.maps.items():
            why_not = None if record.cumulative else self._selection.refuses(lumisection.id, record.span)
            if why_not is None:
                kept[name] = record
            else:
                self.drops.add(name, why_not, run, lumi)
        return replace(lumisection, maps=kept) if kept else None


@dataclass(slots=True)
class Seen:
    """What was taken of one source so far."""

    lumisections: int = 0
    simulated: bool = False
    runs: set[int] = field(default_factory=set)
    assumptions: dict[str, None] = field(default_factory=dict)

    def add(self, kept: Lumisection) -> None:
        """One more lumisection."""
        self.lumisections += 1
        self.simulated |= bool(kept.simulated)
        self.runs.add(kept.run)
        self.assumptions |= dict.fromkeys(_for_any(kept))

    def told(self) -> dict[str, Any]:
        """For the provenance, which has no word of what is not so."""
        found: dict[str, Any] = {"lumisections": self.lumisections}
        if self.simulated:
            found["simulated"] = True
        found["runs"] = sorted(self.runs)
        if self.assumptions:
            found["assumptions"] = list(self.assumptions)[:_MOST_ASSUMPTIONS]
        return found


def _for_any(lumisection: Lumisection) -> list[str]:
    """What was assumed for a lumisection, in words that are the same for the next."""
    number = rf"\b{lumisection.lumi}\b"
    return [re.sub(rf"lumisection {number}", "lumisection N", text) for text in lumisection.assumptions]
