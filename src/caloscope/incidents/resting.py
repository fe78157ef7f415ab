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


def coming_back(resting: Sequence[Track], group: Indices, view: View) -> Track | None:
    """The last of the resting incidents that these flags, flat places, bring back; None where they are new.

    At least half of the flags are cells of that incident, and at least half of its cells are flagged: a dead
    cell is not the region that it was once in.
    """
    for track in reversed(resting):
        cells = places_of(track.incident.cells, view.shape)
        both = np.intersect1d(cells, group).size
        if 2 * both >= max(cells.size, group.size):
            return track
    return None
