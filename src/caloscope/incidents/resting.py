"""Incidents that are over, but not their run: what comes back is the same fault."""

from collections.abc import Sequence

import numpy as np

from caloscope.geometry import View
from caloscope.incidents.shape import Indices, places_of
from caloscope.incidents.track import Track

MOST_RESTING = 100
"""Incidents of a direction that are remembered after they closed, the last ones."""


def resting_in(tracks: Sequence[Track], run: int) -> tuple[Track, ...]:
    """Those of incidents that closed in this run."""
    return tuple(track for track in tracks if track.incident.closed and track.incident.closed.run == run)


class Resting:
    """The resting incidents of one direction, the earliest first."""

    def __init__(self, tracks: Sequence[Track], view: View) -> None:
        self._tracks: list[Track | None] = list(tracks)
        self._view = view
        self._last_of: Indices | None = None

    def with_more(self, cured: Sequence[Track]) -> list[Track]:
        """Those that still rest, with those that were cured now."""
        return [track for track in (*self._tracks, *cured) if track is not None][-MOST_RESTING:]

    def coming_back(self, group: Indices) -> Track | None:
        """The one that these flags, flat places, bring back, which rests no longer; None where they are new.

        At least half of the flags are cells of that incident, the last one that had them, and at least half
        of its cells are flagged: a dead cell is not the region that it was once in.
        """
        if not self._tracks:
            return None
        owner = self._owner()[group]
        owner = owner[owner >= 0]
        if not owner.size:
            return None
        number = int(np.bincount(owner).argmax())
        track, both = self._tracks[number], int((owner == number).sum())
        if track is None or 2 * both < max(len(track.incident.cells), group.size):
            return None
        self._tracks[number] = None
        return track

    def _owner(self) -> Indices:
        """The last resting incident that each cell was in, -1 for none; made when it is first needed."""
        if self._last_of is None:
            self._last_of = np.full(self._view.exists.size, -1, np.intp)
            for number, track in enumerate(self._tracks):
                if track is not None:
                    self._last_of[places_of(track.incident.cells, self._view.shape)] = number
        return self._last_of
