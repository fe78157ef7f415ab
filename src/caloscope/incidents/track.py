"""What incidents are followed with: one that is open, the flags of a lumisection, and whose they are."""

import hashlib
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.records import Cell, Incident, LumiId, Mask, Reason

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Track:
    """An incident that is open, or closed in this run, and what is needed to carry it on.

    `quiet` counts the scored lumisections since its last flag, `small` those in which only few of its cells
    were flagged; `observed` and `expected` are sums of counts over its cells while they were flagged.
    """

    incident: Incident
    quiet: int = 0
    small: int = 0
    observed: float = 0.0
    expected: float = 0.0

    @property
    def since(self) -> LumiId:
        """When it opened, or last came back."""
        gaps = self.incident.gaps
        return gaps[-1][1] if gaps else self.incident.opened

    @property
    def is_open(self) -> bool:
        """Whether the incident is not over."""
        return self.incident.closed is None

    def ended(self, at: LumiId) -> "Track":
        """As it rests, its incident being over since this lumisection."""
        return replace(self, incident=replace(self.incident, closed=at), quiet=0, small=0)

    def again(self, at: LumiId) -> "Track":
        """As it goes on, its incident being open again since this lumisection."""
        over = self.incident.closed
        gaps = self.incident.gaps if over is None else (*self.incident.gaps, (over, at))
        return replace(self, incident=replace(self.incident, closed=None, gaps=gaps))


@dataclass(frozen=True, slots=True, eq=False)
class Flags:
    """The flagged cells of one map in one lumisection; all arrays have the view's shape.

    `onset` holds the estimated first faulty lumisection of each flagged cell, None where it is not known.
    What is not flagged is known to be good where it is `testable`. Regions are named by their cells that were
    `seen`: all that would have been flagged if the region were lost; None stands for the testable ones.
    `masked` cells are followed too, but an incident of masked cells alone makes nothing BAD. All of it is
    about `span` lumisections, this one and those before.
    """

    id: LumiId
    flagged: Mask
    direction: NDArray[np.int8]
    evidence: Array
    counts: Array
    expected: Array
    testable: Mask
    masked: Mask
    onset: dict[Cell, LumiId]
    reason: Reason = Reason.EVIDENCE
    span: int = 1
    seen: Mask | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose incidents these are."""

    label: str
    map: str
    bundle: str


def identity(owner: Owner, at: LumiId, cell: Cell, what: str) -> str:
    """The same incident has the same identity in a replay and after a restart."""
    text = f"{owner.label}|{owner.map}|{owner.bundle}|{at.run}:{at.lumi}|{cell}|{what}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]
