"""Flags of both directions that fill one region together: cables or channels that were exchanged."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry import View
from caloscope.incidents.holding import Hold, merged
from caloscope.incidents.shape import Filled, filled_regions
from caloscope.incidents.track import Track

NAMED_FROM = 1 / 3
"""Share of the flags in a region from which those of one direction have the region's name."""

JOINED_FROM = 1 / 10
"""Share of them from which those of one direction are one incident; fewer are faults of their own."""

Sides = tuple[list[Hold], list[Hold]]


def join_scrambled(sides: Sides, sizes: NDArray[np.int64], view: View) -> tuple[Sides, list[list[Track]]]:
    """One incident a direction in each region that young incidents of both directions fill together.

    An incident that has the region's name takes in young ones however old it is. Answers with what each
    side holds then, and the tracks that ended.
    """
    parts = [[hold for hold in side if hold.young or hold.is_region()] for side in sides]
    ended: list[list[Track]] = [[], []]
    if not all(parts) or not any(hold.young for part in parts for hold in part):
        return sides, ended
    low, high = list(sides[0]), list(sides[1])
    flagged = np.unique(np.concatenate([hold.every() for part in parts for hold in part]))
    for region in filled_regions(flagged, sizes, view):
        mask = np.zeros(view.exists.size, np.bool_)
        mask[region.places] = True
        inside = [_inside(part, region, mask) for part in parts]
        counts = [sum(int(mask[hold.every()].sum()) for hold in part) for part in inside]
        if not all(count >= JOINED_FROM * sum(counts) > 0 for count in counts):
            continue
        for side, part, count, gone in zip((low, high), inside, counts, ended, strict=True):
            one, tracks = merged(part)
            if count >= NAMED_FROM * sum(counts):
                one.region = region.name
            side[:] = [hold for hold in side if hold not in part] + [one]
            gone.extend(tracks)
    return (low, high), ended


def _inside(part: Sequence[Hold], region: Filled, mask: NDArray[np.bool_]) -> list[Hold]:
    """Those of one direction that are young or have the region's name, with most of their cells in it."""
    return [
        hold
        for hold in part
        if (hold.young or hold.hardware() == region.name) and 2 * mask[hold.every()].sum() > hold.every().size
    ]
