"""What each incident holds of the flags of one lumisection, and the incident that this makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry import View
from caloscope.incidents.shape import Filled, Indices, cells_of, hardware_of, places_of
from caloscope.incidents.track import Flags, Owner, Track, identity
from caloscope.records import Direction, Incident, Mask, Severity


def _none() -> Indices:
    return np.zeros(0, np.intp)


@dataclass(slots=True, eq=False)
class Hold:
    """An incident while flags are given out.

    `track` is None for one that opens. `places` are its cells so far, `mine` its flags now, `more` that some
    of these may be new to it. A `young` one may still grow. `region` names a region that is known to be
    filled by these flags, alone or with those of others.
    """

    track: Track | None
    places: Indices = field(default_factory=_none)
    mine: Indices = field(default_factory=_none)
    more: bool = False
    young: bool = True
    region: str = ""

    def every(self) -> Indices:
        """Its cells so far and now."""
        if not (self.more and self.places.size):
            return self.places if self.places.size else self.mine
        return np.union1d(self.places, self.mine)

    def hardware(self) -> str:
        """The region that it is, else the name that it had."""
        return self.region or ("" if self.track is None else self.track.incident.hardware)

    def is_region(self) -> bool:
        """Whether it is a region or the whole map, not single cells of it."""
        severity = Severity.CELL if self.track is None else self.track.incident.severity
        return bool(self.region) or severity >= Severity.REGION


def hold_of(track: Track, view: View, *, young: bool) -> Hold:
    """What a track holds before any flag was given out."""
    return Hold(track, places_of(track.incident.cells, view.shape), young=young)


def merged(holds: Sequence[Hold]) -> tuple[Hold, list[Track]]:
    """All as one, which is the oldest of them, and the tracks that end in it."""
    if len(holds) == 1:
        return holds[0], []
    tracks = [hold.track for hold in holds if hold.track is not None]
    tracks.sort(key=lambda track: (track.incident.opened, track.incident.id))
    oldest = next(hold for hold in holds if not tracks or hold.track is tracks[0])
    one = Hold(
        track=_sum(tracks),
        places=np.unique(np.concatenate([hold.places for hold in holds])),
        mine=np.unique(np.concatenate([hold.mine for hold in holds])),
        more=True,
        young=oldest.young,
        region=oldest.region,
    )
    return one, tracks[1:]


def _sum(tracks: Sequence[Track]) -> Track | None:
    """The first with the counts of all; what it holds of the cells is told elsewhere."""
    if not tracks:
        return None
    strongest = max(track.incident.peak_evidence for track in tracks)
    last = max(track.incident.last for track in tracks)
    return Track(
        replace(tracks[0].incident, peak_evidence=strongest, last=last),
        quiet=min(track.quiet for track in tracks),
        observed=sum(track.observed for track in tracks),
        expected=sum(track.expected for track in tracks),
    )


def heirs_of(inside: Sequence[Hold], region: Filled, mask: Mask) -> list[Hold]:
    """Which of the incidents inside a filled region are the same fault: it has grown out of them.

    The one that has the region's name, or held at least half of its flags; if several older ones held that
    together, all of them; and those that are young.
    """
    young = [hold for hold in inside if hold.young]
    old = [hold for hold in inside if not hold.young]
    held = [int(mask[hold.places].sum()) for hold in old]
    half = region.places.size / 2
    named = [hold for hold in inside if hold.hardware() == region.name][:1]
    most = [hold for hold, count in zip(old, held, strict=True) if count >= half]
    grown = named or most or (old if sum(held) >= half else [])
    return [*grown, *(hold for hold in young if hold not in grown)]


class Making:
    """Makes tracks of what is held, for one direction of the flags of one lumisection."""

    def __init__(
        self, flags: Flags, direction: Direction, sizes: NDArray[np.int64], view: View, owner: Owner
    ) -> None:
        self._flags, self._direction, self._sizes, self._view = flags, direction, sizes, view
        self._owner = owner
        self._evidence, self._counts = flags.evidence.ravel(), flags.counts.ravel()
        self._expected, self._masked = flags.expected.ravel(), flags.masked.ravel()

    def track(self, hold: Hold) -> Track:
        """The track with this lumisection's flags added; it is masked while all that is flagged is."""
        track = hold.track or Track(self._opened(hold.mine))
        mine, incident = hold.mine, track.incident
        changes = self._named(hold, incident)
        if not mine.size:
            return replace(track, incident=replace(incident, **changes)) if changes else track
        observed = track.observed + float(self._counts[mine].sum())
        expected = track.expected + float(self._expected[mine].sum())
        followed = replace(
            incident,
            last=max(incident.last, self._flags.id),
            factor=observed / expected if expected > 0 else None,
            peak_evidence=max(incident.peak_evidence, float(self._evidence[mine].max())),
            masked=bool(self._masked[mine].all()),
            **changes,
        )
        return Track(followed, small=track.small, observed=observed, expected=expected)

    def _named(self, hold: Hold, incident: Incident) -> dict[str, Any]:
        """All cells of the incident and the name that they have now; empty where nothing is new."""
        places = hold.every()
        other = hold.region not in ("", incident.hardware)
        if places.size == len(incident.cells) and not other:
            return {}
        known = hold.region or (incident.hardware if hold.is_region() else "")
        hardware, severity = hardware_of(places, self._sizes, self._view, known)
        return {"cells": cells_of(places, self._view.shape), "hardware": hardware, "severity": severity}

    def _opened(self, mine: Indices) -> Incident:
        """A new incident, still without its cells and its name."""
        flags, owner = self._flags, self._owner
        strongest = int(np.argmax(self._evidence[mine]))
        first, loudest = cells_of(mine[[0, strongest]], self._view.shape)
        return Incident(
            id=identity(owner, flags.id, first, self._direction),
            label=owner.label,
            map=owner.map,
            bundle=owner.bundle,
            hardware="",
            cells=(),
            opened=flags.id,
            last=flags.id,
            onset=min(flags.onset.get(loudest, flags.id), flags.id),
            closed=None,
            direction=self._direction,
            reason=flags.reason,
            severity=Severity.CELL,
            factor=None,
            peak_evidence=0.0,
        )
