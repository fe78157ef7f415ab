"""What a detector said of lumisections."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from caloscope.bundle import Bundle
from caloscope.lab.held import Data
from caloscope.lab.tables import Parts, Table, facts
from caloscope.records import Code, Codes, Floats, Incident, LumiId, Mask, Quality, Reason


@dataclass(frozen=True, eq=False)
class Scores:
    """Answers of one detector, a lumisection after the other.

    Arrays are `(lumi, [depth,] y, x)`, in the order of `ids`: `evidence` for a fault in nats, or the
    detector's own score where it `scores` (high = worse, NaN where nothing was judged); `expected` counts, or
    what a network made of the map scaled to the map's counts (NaN where neither is told); `codes` as in
    `records.Code`; `direction` -1 low, +1 high, 0 none. `quality`, `reason` (None where the map was judged)
    and `seconds` have one entry for each lumisection. `alive` are the cells that the detector knows,
    `threshold` is that of a single cell. They take ten bytes a cell and lumisection.
    """

    bundle: Bundle
    data: Data = field(repr=False)
    ids: tuple[LumiId, ...]
    evidence: Floats
    expected: Floats
    codes: Codes
    direction: Codes
    quality: tuple[Quality, ...]
    reason: tuple[Reason | None, ...]
    seconds: NDArray[np.float64]
    incidents: tuple[Incident, ...]
    scores: bool

    @property
    def flagged(self) -> Mask:
        """Cells that are flagged, `(lumi, [depth,] y, x)`."""
        return np.asarray(self.codes == Code.BAD)

    @property
    def alive(self) -> Mask:
        """Cells that the detector has seen alive."""
        return self.bundle.detector.alive

    @property
    def threshold(self) -> float:
        """Above it a single cell is flagged, nats or the detector's own unit."""
        return self.bundle.card.threshold

    @property
    def era(self) -> str:
        """The era of the data; both, where the detector learned in another: that may be another pattern."""
        eras = dict.fromkeys((self.bundle.view.era, self.data.era))
        return f"learned in {', judged in '.join(eras)}" if len(eras) > 1 else self.data.era

    @property
    def judged(self) -> int:
        """Number of lumisections that are not UNKNOWN."""
        return sum(each is not Quality.UNKNOWN for each in self.quality)

    def __len__(self) -> int:
        """Number of lumisections."""
        return len(self.ids)

    def at(self, run: int, lumi: int) -> Parts:
        """All that is known of one lumisection. Raises `UsageError` where it is none of these."""
        place = self.data.place(run, lumi)
        found = {
            "id": self.ids[place],
            "quality": self.quality[place],
            "reason": self.reason[place],
            "evidence": self.evidence[place],
            "expected": self.expected[place],
            "flagged": self.codes[place] == Code.BAD,
            "direction": self.direction[place],
            "incidents": tuple(each for each in self.incidents if _spans(each, self.ids[place])),
        }
        return Parts(found)

    def table(self) -> Table:
        """A line for each lumisection."""
        flagged = self.flagged.reshape(len(self), -1).sum(1)
        worst = np.where(np.isnan(self.evidence), -np.inf, self.evidence).reshape(len(self), -1).max(1)
        return Table(
            {
                "run": each.run,
                "lumi": each.lumi,
                "quality": str(self.quality[place]),
                "reason": None if (why := self.reason[place]) is None else str(why),
                "flagged": int(flagged[place]),
                "worst": float(worst[place]) if np.isfinite(worst[place]) else None,
            }
            for place, each in enumerate(self.ids)
        )

    def incident_table(self) -> Table:
        """A line for each incident, in the order in which they opened."""
        return Table(
            {
                "hardware": each.hardware,
                "cells": len(each.cells),
                "direction": str(each.direction),
                "onset": each.onset,
                "opened": each.opened,
                "closed": each.closed,
                "observed / expected": each.factor,
            }
            for each in self.incidents
        )

    def _told(self) -> dict[str, str]:
        unknown = len(self) - self.judged
        bad = sum(each is Quality.BAD for each in self.quality)
        return {
            "detector": f"{self.bundle.card.name} ({self.bundle.card.detector}, hash {self.bundle.hash})",
            "map": self.data.map,
            "era": self.era,  # another one may be another detector: it must not look like any other answer
            "lumisections": f"{len(self):,}: {self.judged - bad:,} good, {bad:,} bad, {unknown:,} unknown",
            "incidents": str(len(self.incidents)),
            "time": f"{1e3 * float(np.median(self.seconds)):.2g} ms a lumisection",
        }

    def __repr__(self) -> str:
        return f"<Scores {'; '.join(f'{name}: {text}' for name, text in self._told().items())}>"

    def _repr_html_(self) -> str:
        return facts(self._told())


def _spans(incident: Incident, here: LumiId) -> bool:
    return incident.opened <= here <= incident.last and not incident.is_over(here)
