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
from caloscope.decide import excursions, fit_tail
from caloscope.incidents.giving import CLOSE_AFTER
from caloscope.records import Incident, LumiId, Mask

WIDENED: Final = 2 * CLOSE_AFTER
"""Lumisections before and after a fault that are left out too: it may be weaker, and sums remember it."""

STANDING: Final = 10
"""Lumisections, far above the formula's threshold, after which a cell is bad and no chance."""


class Brief(NamedTuple):
    """Faults that nobody noticed: cells to leave out, in the view's shape, and lumisections, `(lumi,)`.

    `incidents` are those whose lumisections are left out.
    """

    cells: Mask
    lumis: Mask
    incidents: tuple[Incident, ...]


def brief(bundle: Bundle, seen: Watched, beyond: Mapping[str, float]) -> Brief:
    """What to leave out of what was seen with the thresholds `beyond` reach, for incidents in it.

    Nothing where the tails of the other lumisections lead as far: then it is the detector that says more
    than there is, and its thresholds must be above that.
    """
    cells, alive = np.zeros(bundle.view.shape, np.bool_), np.count_nonzero(bundle.detector.alive)
    all_of_them, lumis = (np.zeros(len(seen.ids), np.bool_) for _ in range(2))
    passing = []
    for incident in seen.incidents:
        within = _within(seen.ids, incident)
        share = np.count_nonzero(within) / len(seen.ids)
        wide = np.asarray(binary_dilation(within, iterations=WIDENED))
        all_of_them |= wide
        if np.count_nonzero(within) >= STANDING and len(incident.cells) <= share * alive:
            cells[tuple(np.transpose(incident.cells))] = True
        else:
            passing.append(incident)
            lumis |= wide
    if passing and _expected(seen, seen.without(all_of_them), beyond):
        return Brief(np.zeros_like(cells), np.zeros_like(lumis), ())
    return Brief(cells, lumis, tuple(passing))


def _within(ids: Sequence[LumiId], incident: Incident) -> Mask:
    """The lumisections of an incident, `(lumi,)`."""
    first = min(incident.onset, incident.opened)
    return np.array([first <= each <= incident.last for each in ids])


def _expected(seen: Watched, rest: Watched, beyond: Mapping[str, float]) -> bool:
    """Whether chance alone may go so far, by the tail of each class in the rest."""
    for name in seen.peaks:
        limit = beyond[name]
        number = len(excursions(seen.series(name), limit))
        if not number:
            continue
        if not rest.lumis or number > seen.lumis * fit_tail(rest.series(name)).rate_at(limit).high:
            return False
    return True
