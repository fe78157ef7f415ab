"""Faults in lumisections that are said to be good, and what is left out because of them.

An incident that opens although thresholds are out of reach is a fault that nobody noticed. Its lumisections
are left out; where it lasts and few cells have it, these are left out throughout, whichever is the smaller
share of what is there. A cell that is dead for ten runs costs one cell, a quadrant that is dead for ten
lumisections costs those.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.ndimage import binary_dilation

from caloscope.bundle import Bundle
from caloscope.calibrate.watch import Watched
from caloscope.decide import beyond_chance
from caloscope.incidents.giving import CLOSE_AFTER
from caloscope.records import Incident, LumiId, Mask

WIDENED: Final = 2 * CLOSE_AFTER
"""Lumisections before and after a fault that are left out too: it may be weaker, and sums remember it."""

STANDING: Final = 10
"""Lumisections, far above the formula's threshold, after which a cell is bad and no chance."""

MOST: Final = 0.5
"""Share of the lumisections that may be left out: data with more faults than that are not good ones."""


class Brief(NamedTuple):
    """Faults that nobody noticed: cells to leave out, in the view's shape, and lumisections, `(lumi,)`.

    `incidents` are those whose lumisections are left out.
    """

    cells: Mask
    lumis: Mask
    incidents: tuple[Incident, ...]


def brief(bundle: Bundle, seen: Watched, beyond: Mapping[str, float]) -> Brief:
    """What to leave out of what was seen with the thresholds `beyond` reach, for incidents in it.

    Nothing where the tails below these thresholds lead as far: then it is the detector that says more than
    there is, and its thresholds must be above that. Nothing either where it would be more than half.
    """
    cells, alive = np.zeros(bundle.view.shape, np.bool_), np.count_nonzero(bundle.detector.alive)
    lumis = np.zeros(len(seen.ids), np.bool_)
    nothing = Brief(cells.copy(), lumis.copy(), ())
    if not seen.incidents or _by_chance(seen, beyond):
        return nothing
    passing = []
    for incident in seen.incidents:
        within = _within(seen.ids, incident)
        often = int(np.count_nonzero(within))
        if often >= STANDING and len(incident.cells) <= often / len(seen.ids) * alive:
            cells[tuple(np.transpose(incident.cells))] = True
        else:
            passing.append(incident)
            lumis |= _widened(seen.ids, within)
    return Brief(cells, lumis, tuple(passing)) if lumis.mean() <= MOST else nothing


def _within(ids: Sequence[LumiId], incident: Incident) -> Mask:
    """The lumisections in which an incident was there, `(lumi,)`; in its gaps it was not."""
    first = min(incident.onset, incident.opened)
    return np.array(
        [
            first <= each <= incident.last and not any(cured <= each < back for cured, back in incident.gaps)
            for each in ids
        ]
    )


def _widened(ids: Sequence[LumiId], within: Mask) -> Mask:
    """The same with some before and after, of the same runs."""
    runs = np.array([each.run for each in ids])
    wide = np.asarray(binary_dilation(within, iterations=WIDENED))
    return wide & np.isin(runs, runs[within])


def _by_chance(seen: Watched, beyond: Mapping[str, float]) -> bool:
    """Whether the tail of each class below the thresholds leads to what is beyond them."""
    known = (name for name in seen.peaks if name in beyond)
    return not any(beyond_chance(seen.series(name), beyond[name]) for name in known)
