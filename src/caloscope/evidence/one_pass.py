"""One look at a lumisection: its cells, its parts and the whole map, all weighed and flagged."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from caloscope.detectors.base import Array, Expectation
from caloscope.evidence.around import given_around
from caloscope.evidence.counted import Counted
from caloscope.evidence.flags import Flagged, flagged_places
from caloscope.evidence.halo import halo_of
from caloscope.evidence.places import Seen, news_of_cells, news_of_parts, news_of_whole
from caloscope.evidence.residuals import Levels, residuals
from caloscope.evidence.setting import Setting
from caloscope.evidence.state import EvidenceState, Family
from caloscope.evidence.sums import Shown
from caloscope.records import LumiId, Mask

BELIEVED: Final = np.float32(0.7)
"""Share of the computed halo of a fault that is taken for the uncertainty of the cells in it."""

_NO_HALO: Final = np.zeros(1, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What one lumisection brings to be weighed.

    `counts` on the view's shape, what was expected, the cells that are `masked`, and by how much all other
    maps of the lumisection were off together, relative (`coherent`).
    """

    id: LumiId
    counts: Array
    expectation: Expectation
    masked: Mask
    coherent: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """What was found: residuals, evidence of cells, all families with this lumisection, flags."""

    seen: Seen
    shown: Shown
    cells: Family
    parts: Family
    whole: Family
    flagged: Flagged


def one_pass(setting: Setting, state: EvidenceState, told: Told) -> Pass:
    """Weigh one lumisection from this state."""
    seen = _seen(setting, state, told)
    lumi, layout = told.id.lumi, setting.layout
    halo = BELIEVED * halo_of(layout, state.cells.bad)
    news = news_of_cells(given_around(seen.found, told.expectation.surroundings, layout))
    shown, cells = setting.cells.grown(state.cells, news, halo, lumi)
    if not setting.together:
        flagged = flagged_places((shown, None, None), state, setting, seen)
        return Pass(seen, shown, cells, state.parts, state.whole, flagged)
    mean_halo = layout.total(halo) / layout.sizes if halo.any() else _NO_HALO
    news = news_of_parts(seen, layout, state.parts.bad, state.parts.change.level)
    of_parts, parts = setting.parts.grown(state.parts, news, mean_halo, lumi)
    news = news_of_whole(seen, state.whole.change.level)
    of_whole, whole = setting.whole.grown(state.whole, news, _NO_HALO, lumi)
    flagged = flagged_places((shown, of_parts, of_whole), state, setting, seen)
    return Pass(seen, shown, cells, parts, whole, flagged)


def _seen(setting: Setting, state: EvidenceState, told: Told) -> Seen:
    """The lumisection's residuals, without the cells that are known to be bad."""
    layout, bad_map = setting.layout, state.whole.bad[0] != 0
    levels = Levels(setting.around, setting.layout, abs(told.coherent))
    change = state.drift + state.cells.change.level
    cells = Counted.of(layout.of_cells(told.counts), told.expectation, layout, change)
    barred: Mask = layout.of_cells(told.masked) | ~cells.testable
    out = state.cells.suspect | barred
    if not bad_map:
        out |= state.cells.bad != 0
    broken = bool(bad_map or state.whole.suspect[0])
    return Seen(residuals(cells, setting.around, levels, out, broken=broken), setting.around, levels, barred)
