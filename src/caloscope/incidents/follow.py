"""Flags that belong together become one incident, with the name of the hardware they share.

A region that is filled with flags is one incident, and takes in those that had opened inside it. Other flags
stay with the open incident that their cell belongs to. What is left over is gathered by contact; it joins a
young incident that it touches or opens a new one. An incident closes after three scored lumisections without
any of its flags; a record that covers several lumisections is as many of them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry import View
from caloscope.incidents.shape import (
    clusters,
    filled_regions,
    hardware_of,
    members,
    neighbours,
    places,
    region_sizes,
)
from caloscope.records import Cell, Direction, Incident, LumiId, Mask, Reason, Severity

CLOSE_AFTER = 3
"""Scored lumisections without a flag after which an incident is over."""

FEW = 0.3
"""Share of its cells below which an incident is mostly cured."""

JOIN_WITHIN = 10
"""An incident takes in new neighbours only this many lumisections after it opened."""


Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Track:
    """An incident that is open, and what is needed to carry it on.

    `quiet` counts the scored lumisections since its last flag, `small` those in which only few of its cells
    were flagged; `observed` and `expected` are sums of counts over its cells while they were flagged.
    """

    incident: Incident
    quiet: int = 0
    small: int = 0
    observed: float = 0.0
    expected: float = 0.0


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


def follow(
    tracks: Sequence[Track], flags: Flags, view: View, owner: Owner
) -> tuple[tuple[Track, ...], tuple[Incident, ...]]:
    """Carry the open incidents through one scored lumisection.

    Answers with the tracks that stay open, and every incident that was opened, carried on or closed.
    """
    if not tracks and not flags.flagged.any():
        return (), ()
    sizes = region_sizes(flags.testable if flags.seen is None else flags.seen, view)
    still: list[Track] = []
    closed: list[Incident] = []
    for sign, direction in ((-1, Direction.LOW), (1, Direction.HIGH)):
        # A detector that does not know the direction counts as low.
        flagged = flags.flagged & (flags.direction > 0 if sign > 0 else flags.direction <= 0)
        mine = [track for track in tracks if track.incident.direction is direction]
        if mine or flagged.any():
            kept, ended = _Following(flags, flagged, direction, view, owner, sizes).run(mine)
            still += kept
            closed += ended
    return tuple(still), (*closed, *(track.incident for track in still))


class _Following:
    """The flags of one direction, given out to incidents."""

    def __init__(
        self,
        flags: Flags,
        flagged: Mask,
        direction: Direction,
        view: View,
        owner: Owner,
        sizes: NDArray[np.int64],
    ) -> None:
        self._flags = flags
        self._left = flagged.copy()
        self._direction = direction
        self._view = view
        self._owner = owner
        self._sizes = sizes
        self._kept: list[Track] = []
        self._ended: list[Incident] = []

    def run(self, tracks: Sequence[Track]) -> tuple[list[Track], list[Incident]]:
        """First whole regions, which take in the incidents inside; then known cells; then what is left."""
        waiting = list(tracks)
        for region in filled_regions(self._left, self._sizes, self._view):
            waiting = self._fill(region, waiting)
        for track in waiting:
            cells = members(track.incident.cells, self._view.shape)
            self._keep(track, cells & self._left, int((cells & self._flags.testable).sum()))
        self._join_or_open()
        return self._kept, self._ended

    def _fill(self, region: Mask, waiting: list[Track]) -> list[Track]:
        """One incident for a region that is filled: the oldest inside goes on, the others end in it."""
        inside = [track for track in waiting if self._mostly_in(track, region)]
        self._left &= ~region
        if inside:
            oldest, *others = sorted(inside, key=lambda track: track.incident.opened)
            self._kept.append(self._carry(oldest, region))
            self._ended += [replace(other.incident, closed=self._flags.id) for other in others]
        else:
            self._kept.append(self._open(region))
        return [track for track in waiting if track not in inside]

    def _mostly_in(self, track: Track, region: Mask) -> bool:
        cells = track.incident.cells
        return 2 * sum(bool(region[cell]) for cell in cells) > len(cells)

    def _keep(self, track: Track, cells: Mask, tested: int) -> None:
        """Carry a track on if it has flags, else count a quiet lumisection if any of its cells was `tested`.

        A new run without a flag ends it at once, if they were. What is left of a large incident that is
        mostly cured becomes an incident of its own.
        """
        few = int(cells.sum()) < FEW * tested
        small = track.small + self._flags.span if few else 0
        quiet = track.quiet + (self._flags.span if tested else 0)
        other_run = tested > 0 and track.incident.last.run != self._flags.id.run
        if cells.any() and small < CLOSE_AFTER:
            self._left &= ~cells
            self._kept.append(replace(self._carry(track, cells), small=small))
        elif cells.any() or other_run or quiet >= CLOSE_AFTER:
            self._ended.append(replace(track.incident, closed=self._flags.id))
        else:
            self._kept.append(replace(track, quiet=quiet, small=small))

    def _join_or_open(self) -> None:
        """Groups that are left over join a young incident that they touch, or open a new one."""
        young = self._young()
        for group in clusters(self._left, self._view):
            near = neighbours(places(group), self._view)
            touched = young[tuple(near.reshape(-1, near.shape[2]).T)]
            if (touched >= 0).any():
                place = int(touched[touched >= 0].min())
                self._kept[place] = self._carry(self._kept[place], group)
            else:
                self._kept.append(self._open(group))

    def _young(self) -> NDArray[np.intp]:
        """Which of the kept incidents may still grow, by cell; -1 where none."""
        place = np.full(self._view.shape, -1, np.intp)
        first = self._flags.id.lumi - self._flags.span + 1
        for number, track in reversed(list(enumerate(self._kept))):
            opened = track.incident.opened
            if opened.run == self._flags.id.run and first - opened.lumi <= JOIN_WITHIN:
                place[members(track.incident.cells, self._view.shape)] = number
        return place

    def _open(self, group: Mask) -> Track:
        flags, owner = self._flags, self._owner
        cells = cells_of(group)
        strongest = cells[int(np.argmax(flags.evidence[group]))]
        incident = Incident(
            id=identity(owner, flags.id, cells[0], self._direction),
            label=owner.label,
            map=owner.map,
            bundle=owner.bundle,
            hardware="",
            cells=(),
            opened=flags.id,
            last=flags.id,
            onset=min(flags.onset.get(strongest, flags.id), flags.id),
            closed=None,
            direction=self._direction,
            reason=flags.reason,
            severity=Severity.CELL,
            factor=None,
            peak_evidence=0.0,
        )
        return self._carry(Track(incident), group)

    def _carry(self, track: Track, mine: Mask) -> Track:
        """The track with this lumisection's flags added; it is masked while all that is flagged is."""
        flags, incident = self._flags, track.incident
        cells = tuple(sorted({*incident.cells, *cells_of(mine)}))
        observed = track.observed + float(flags.counts[mine].sum())
        expected = track.expected + float(flags.expected[mine].sum())
        hardware, severity = incident.hardware, incident.severity
        if len(cells) > len(incident.cells):
            hardware, severity = hardware_of(members(cells, self._view.shape), self._sizes, self._view)
        followed = replace(
            incident,
            cells=cells,
            hardware=hardware,
            severity=severity,
            last=max(incident.last, flags.id),
            factor=observed / expected if expected > 0 else None,
            peak_evidence=max(incident.peak_evidence, float(flags.evidence[mine].max())),
            masked=bool(flags.masked[mine].all()),
        )
        return Track(followed, observed=observed, expected=expected)


def cells_of(mask: Mask) -> tuple[Cell, ...]:
    """The cells of a mask, in C order."""
    return tuple(tuple(index) for index in places(mask).tolist())


def identity(owner: Owner, at: LumiId, cell: Cell, what: str) -> str:
    """The same incident has the same identity in a replay and after a restart."""
    text = f"{owner.label}|{owner.map}|{owner.bundle}|{at.run}:{at.lumi}|{cell}|{what}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]
