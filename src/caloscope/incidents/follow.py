"""Flags that belong together become one incident, with the name of the hardware they share.

A flag stays with the open incident that its cell belongs to. What is left over is gathered first by region
(a whole supermodule is one incident), then by contact; it joins a young incident that it touches or opens a
new one. An incident closes after three scored lumisections without any of its flags.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry import View
from caloscope.incidents.shape import hardware_of, members, split, touches
from caloscope.records import Cell, Direction, Incident, LumiId, Mask, Reason, Severity

CLOSE_AFTER = 3
"""Scored lumisections without a flag after which an incident is over."""

JOIN_WITHIN = 10
"""An incident takes in new neighbours only this many lumisections after it opened."""


Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Track:
    """An incident that is open, and what is needed to carry it on.

    `quiet` counts the scored lumisections since its last flag; `observed` and `expected` are sums of counts
    over its cells while they were flagged.
    """

    incident: Incident
    quiet: int = 0
    observed: float = 0.0
    expected: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Flags:
    """The flagged cells of one map in one lumisection; all arrays have the view's shape.

    `onset` holds the estimated first faulty lumisection of each flagged cell, None where it is not known.
    `masked` cells are followed too, but an incident of masked cells alone makes nothing BAD.
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
    left = flags.flagged.copy()
    open_tracks: list[Track] = []
    closed: list[Incident] = []
    for track in tracks:
        mine = members(track.incident.cells, view.shape) & left & _same_direction(flags, track)
        left &= ~mine
        followed = _carry(track, mine, flags, view) if mine.any() else replace(track, quiet=track.quiet + 1)
        if followed.quiet >= CLOSE_AFTER:
            closed.append(replace(track.incident, closed=flags.id))
        else:
            open_tracks.append(followed)
    for sign in (-1, 1):
        for group in split(
            left & _sign(flags, sign), flags.flagged & _sign(flags, sign), flags.testable, view
        ):
            _join_or_open(open_tracks, group, sign, flags, view, owner)
    return tuple(open_tracks), (*closed, *(track.incident for track in open_tracks))


def standing(never_alive: Mask, owner: Owner, at: LumiId) -> Incident | None:
    """The one standing incident of a map: the cells that never counted in its reference."""
    if not never_alive.any():
        return None
    cells = _cells(never_alive)
    return Incident(
        id=_identity(owner, LumiId(0, 0), cells[0], "never alive"),
        label=owner.label,
        map=owner.map,
        bundle=owner.bundle,
        hardware=f"{len(cells)} cells never alive in the reference",
        cells=cells,
        opened=at,
        last=at,
        onset=at,
        closed=None,
        direction=Direction.LOW,
        reason=Reason.NEVER_ALIVE,
        severity=Severity.CLUSTER if len(cells) > 1 else Severity.CELL,
        factor=0.0,
        peak_evidence=0.0,
        masked=True,
        standing=True,
    )


def _join_or_open(
    tracks: list[Track], group: Mask, sign: int, flags: Flags, view: View, owner: Owner
) -> None:
    for position, track in enumerate(tracks):
        young = (
            track.incident.opened.run == flags.id.run
            and flags.id.lumi - track.incident.opened.lumi <= JOIN_WITHIN
        )
        alike = track.incident.direction == _direction(sign)
        if young and alike and touches(members(track.incident.cells, view.shape), group, view):
            tracks[position] = _carry(track, group, flags, view)
            return
    tracks.append(_open(group, sign, flags, view, owner))


def _open(group: Mask, sign: int, flags: Flags, view: View, owner: Owner) -> Track:
    cells = _cells(group)
    strongest = cells[int(np.argmax(flags.evidence[group]))]
    direction = _direction(sign)
    incident = Incident(
        id=_identity(owner, flags.id, cells[0], direction),
        label=owner.label,
        map=owner.map,
        bundle=owner.bundle,
        hardware="",
        cells=(),
        opened=flags.id,
        last=flags.id,
        onset=min(flags.onset.get(strongest, flags.id), flags.id),
        closed=None,
        direction=direction,
        reason=flags.reason,
        severity=Severity.CELL,
        factor=None,
        peak_evidence=0.0,
    )
    return _carry(Track(incident), group, flags, view)


def _carry(track: Track, mine: Mask, flags: Flags, view: View) -> Track:
    """The track with this lumisection's flags added."""
    incident = track.incident
    cells = tuple(sorted({*incident.cells, *_cells(mine)}))
    observed = track.observed + float(flags.counts[mine].sum())
    expected = track.expected + float(flags.expected[mine].sum())
    hardware, severity = incident.hardware, incident.severity
    if len(cells) > len(incident.cells):
        hardware, severity = hardware_of(members(cells, view.shape), flags.testable, view)
    followed = replace(
        incident,
        cells=cells,
        hardware=hardware,
        severity=severity,
        last=max(incident.last, flags.id),
        factor=observed / expected if expected > 0 else None,
        peak_evidence=max(incident.peak_evidence, float(flags.evidence[mine].max())),
        masked=bool(flags.masked[members(cells, view.shape)].all()),
    )
    return Track(followed, 0, observed, expected)


def _same_direction(flags: Flags, track: Track) -> Mask:
    return _sign(flags, -1 if track.incident.direction == Direction.LOW else 1)


def _sign(flags: Flags, sign: int) -> Mask:
    """Flags of one direction; a detector that does not know the direction counts as low."""
    return flags.direction > 0 if sign > 0 else flags.direction <= 0


def _direction(sign: int) -> Direction:
    return Direction.LOW if sign < 0 else Direction.HIGH


def _cells(mask: Mask) -> tuple[Cell, ...]:
    return tuple(tuple(int(i) for i in index) for index in np.argwhere(mask))


def _identity(owner: Owner, at: LumiId, cell: Cell, what: str) -> str:
    """The same incident has the same identity in a replay and after a restart."""
    text = f"{owner.label}|{owner.map}|{owner.bundle}|{at.run}:{at.lumi}|{cell}|{what}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]
