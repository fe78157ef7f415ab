"""Flags that belong together become one incident, with the name of the hardware they share.

A region that is filled with flags is one incident. Those that opened inside it a short while ago were its
first signs and end in it; an older one, of another fault, goes on with its own cells beside it. Other flags
stay with the open incident that their cell belongs to. What is left over is gathered by contact, over a gap
of one cell at most; it joins the young incidents that it touches, which become one, or opens a new one. An
incident closes after three scored lumisections without any of its flags; a record that covers several
lumisections is as many of them. What comes back in the same run is the same incident, open again: a fault
that flickers is one.
"""

from collections.abc import Sequence

from caloscope.geometry import View
from caloscope.incidents.giving import Giving
from caloscope.incidents.holding import Making
from caloscope.incidents.resting import resting_in
from caloscope.incidents.scrambled import join_scrambled
from caloscope.incidents.shape import region_sizes
from caloscope.incidents.track import Flags, Owner, Track
from caloscope.records import Direction, Incident


def follow(
    tracks: Sequence[Track], flags: Flags, view: View, owner: Owner
) -> tuple[tuple[Track, ...], tuple[Incident, ...]]:
    """Carry the open incidents through one scored lumisection.

    Answers with the tracks to be followed further, those of incidents that closed in this run included, and
    every incident that was opened, carried on or closed.
    """
    resting = resting_in(tracks, flags.id.run)
    tracks = [track for track in tracks if track.is_open]
    if not tracks and not flags.flagged.any():
        return resting, ()
    sizes = region_sizes(flags.testable if flags.seen is None else flags.seen, view)
    # A detector that does not know the direction counts as low.
    high = flags.flagged & (flags.direction > 0)
    sides = (
        Giving(flags, flags.flagged & ~high, Direction.LOW, view, sizes),
        Giving(flags, high, Direction.HIGH, view, sizes),
    )
    for side in sides:
        side.run(tracks, resting)
    held, ended = join_scrambled((sides[0].held, sides[1].held), sizes, view)
    still: list[Track] = []
    closed: list[Incident] = []
    rest: list[Track] = []
    for side, holds, over in zip(sides, held, ended, strict=True):
        making = Making(flags, side.direction, sizes, view, owner)
        still += [making.track(hold) for hold in holds]
        cured = [track.ended(flags.id) for track in side.cured]
        closed += [track.incident for track in cured]
        closed += [track.ended(flags.id).incident for track in (*side.ended, *over)]
        rest += side.resting.with_more(cured)
    return (*still, *rest), (*closed, *(track.incident for track in still))
