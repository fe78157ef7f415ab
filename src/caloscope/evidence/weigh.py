"""One lumisection of one map: from what was counted and expected to evidence and flags.

All of it comes from one picture: residuals, whitened by how cells fluctuate together. Cells are tested given
their neighbours, which sharpens single cells and hides regions; so regions, patches and the whole map are
tested as such.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array
from caloscope.evidence.changes import followed
from caloscope.evidence.flags import WHOLE, Flagged
from caloscope.evidence.kinds import SUSPECT
from caloscope.evidence.layout import Layout
from caloscope.evidence.one_pass import Pass, Told, one_pass
from caloscope.evidence.places import overlapping
from caloscope.evidence.setting import Setting, begun, loosened, setting_of
from caloscope.evidence.state import PARTS, EvidenceState
from caloscope.evidence.thresholds import Thresholds
from caloscope.records import LumiId, Mask

PASSES: Final = 4
"""Times that one lumisection is looked at, at most, with what was found in it left out."""

RUN_STEP: Final = 1_000_000
_LEAST_LEVER: Final = np.float32(1e-6)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Evidence of one lumisection, on the view's shape.

    `value` is in nats on the scale of `Thresholds.cell_low` (high = worse), `direction` -1 low or +1 high,
    `flagged` the cells that are flagged, by themselves or as part of a region. `onset` holds, in these, the
    estimated first faulty lumisection as run x 1,000,000 + lumi, 0 elsewhere. `peaks` is the largest evidence
    of each class in this lumisection, not capped, by the names of `Thresholds`.
    """

    value: Array
    direction: NDArray[np.int8]
    onset: NDArray[np.int64]
    flagged: Mask
    peaks: Mapping[str, float]

    @staticmethod
    def nothing(shape: tuple[int, ...]) -> "Evidence":
        """No evidence anywhere."""
        none = np.zeros(shape, np.bool_)
        return Evidence(np.zeros(shape), np.zeros(shape, np.int8), np.zeros(shape, np.int64), none, {})


def onset_of(stamp: int) -> LumiId:
    """The lumisection that a stamp of `Evidence.onset` stands for."""
    return LumiId(*divmod(int(stamp), RUN_STEP))


def weigh(
    state: EvidenceState, told: Told, layout: Layout, limits: Thresholds
) -> tuple[Evidence, EvidenceState]:
    """Add one lumisection. Deterministic: the same lumisections in the same order give the same evidence.

    A broken region drags the level of the map, and all that overlaps it. So what is newly flagged is left
    out, and the lumisection looked at again from the start.
    """
    setting = setting_of(told.expectation, layout, limits)
    state = begun(state, setting, told.id.run, told.expectation)
    if state.loose:
        setting = loosened(setting)
    seen = one_pass(setting, state, told)
    for _ in range(1, PASSES):
        over = (state.parts.bad != 0) & (seen.flagged.parts == 0)
        if seen.flagged.new:
            state = _supposing(state, setting, seen.flagged.new)
        elif over.any():
            state = _relieved(state, setting, over)
        else:
            break
        seen = one_pass(setting, state, told)
    return _evidence(seen.flagged, layout, told.id.run), _after(state, seen, told.id)


def _supposing(state: EvidenceState, setting: Setting, new: Sequence[tuple[int, int]]) -> EvidenceState:
    """The state as if the strongest new fault had been flagged before, and others like it elsewhere.

    What else was gathered by parts that overlap it, or are off the other way, may have been its doing:
    forgotten.
    """
    (part, way), layout = new[0], setting.layout
    whole, parts = state.whole, state.parts
    if part == WHOLE:
        return replace(state, whole=replace(whole, bad=np.array([way], np.int8)))
    beside = overlapping(layout, part)
    found = [part, *(other for other, its in new if its == way and other != WHOLE and not beside[other])]
    bad, cells = parts.bad.copy(), state.cells.bad.copy()
    bad[found] = way
    for each in found:
        cells[layout.members(each)] = way
    others, opposite = bad == 0, PARTS.halves[0 if way > 0 else 1]
    sums = parts.sums.cleared(others & beside, slice(None)).cleared(others, opposite)
    none = whole.sums.cleared(np.ones(1, np.bool_), slice(None))
    return replace(
        state,
        cells=replace(state.cells, bad=cells),
        parts=replace(parts, sums=sums, bad=bad),
        whole=replace(whole, sums=none),
    )


def _relieved(state: EvidenceState, setting: Setting, over: Mask) -> EvidenceState:
    """The state without parts that are good again; what their cells gathered meanwhile was theirs."""
    inside = setting.layout.covered(over)
    cells, parts = state.cells, state.parts
    return replace(
        state,
        cells=replace(
            cells,
            sums=cells.sums.cleared(inside, slice(None)),
            bad=np.where(inside, np.int8(0), cells.bad),
            suspect=cells.suspect & ~inside,
        ),
        parts=replace(parts, bad=np.where(over, np.int8(0), parts.bad)),
    )


def _after(state: EvidenceState, seen: Pass, at: LumiId) -> EvidenceState:
    found, flagged = seen.seen.found, seen.flagged
    lever = found.cells.lever
    calm = (seen.shown.largest < SUSPECT / 2) & (flagged.cells == 0) & (lever > 0) & ~found.out
    off = np.asarray(found.cells.z / np.maximum(lever, _LEAST_LEVER), np.float32)
    return EvidenceState(
        cells=replace(seen.cells, bad=flagged.cells),
        parts=replace(seen.parts, bad=flagged.parts),
        whole=replace(seen.whole, bad=flagged.whole),
        drift=followed(state.drift, off, calm),
        scores=state.scores,
        run=at.run,
        lumi=at.lumi,
        loose=state.loose,
    )


def _evidence(flagged: Flagged, layout: Layout, run: int) -> Evidence:
    onset = np.zeros(layout.cells, np.int64)
    bad = np.flatnonzero(flagged.cells)
    onset[bad] = np.maximum(flagged.since[bad], 1).astype(np.int64) + run * RUN_STEP
    return Evidence(
        value=layout.on_view(flagged.value.astype(np.float64)),
        direction=layout.on_view(flagged.direction),
        onset=layout.on_view(onset),
        flagged=layout.on_view(flagged.cells != 0),
        peaks=flagged.peaks,
    )
