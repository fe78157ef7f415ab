"""What is known of a map beforehand: neighbours, thresholds, and how far health may be off."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from caloscope.detectors.base import Array, Covariance, Expectation
from caloscope.evidence.changes import Change
from caloscope.evidence.kinds import Kind
from caloscope.evidence.layout import Layout
from caloscope.evidence.neighbours import Neighbours, alone, neighbours_of
from caloscope.evidence.state import CELLS, PARTS, EvidenceState
from caloscope.evidence.thresholds import Thresholds, limits_of
from caloscope.records import Floats

HALF: Final = 0.4
"""Share of a map from which a part is taken for half of it."""

LOOSE: Final = 0.05
"""Relative rms by which the level of a whole map may be another after the trigger was changed."""

CALM, WILD = np.float32(0.5), np.float32(4.0)
"""Factors within which the variance of a part's changes is taken to follow that of its cells."""

_LEAST: Final = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Places, neighbours and kinds of a map; `together`: there is a covariance, so parts can be tested."""

    layout: Layout
    around: Neighbours
    together: bool
    cells: Kind
    parts: Kind
    whole: Kind


def setting_of(expectation: Expectation, layout: Layout, thresholds: Thresholds) -> Setting:
    """That of one lumisection."""
    together, limits = expectation.covariance, limits_of(thresholds, layout)
    around = alone(layout.cells) if together is None else neighbours_of(together)
    error = expectation.relative_error
    cells, parts, whole = around.remembered_of(
        (layout, "changes"), error, lambda: _changes(error, layout, together)
    )
    return Setting(
        layout=layout,
        around=around,
        together=together is not None,
        cells=Kind(CELLS, limits.cells, cells),
        parts=Kind(PARTS, limits.parts, parts),
        whole=Kind(PARTS, limits.whole, whole),
    )


def _changes(error: Array, layout: Layout, together: Covariance | None) -> tuple[Floats, Floats, Floats]:
    """Variances by which cells, parts and the whole map may change from run to run."""
    own = layout.of_cells(error).astype(np.float32) ** 2
    rms = (0.0, 0.0) if together is None else (together.region_change, together.map_change)
    parts, whole = (np.array([max(each**2, _LEAST)], np.float32) for each in rms)
    # A half of a map is measured against the other half, which changes as well.
    half = layout.sizes > np.float32(HALF * layout.cells)
    parts = parts * _restlessness(own, layout) * np.where(half, np.float32(2), np.float32(1))
    return np.maximum(own, np.float32(_LEAST)), parts, whole


def _restlessness(variance: Floats, layout: Layout) -> Floats:
    """How much more parts change from run to run than the typical one, as their cells do, `(part,)`."""
    known = variance[variance > 0]
    if not len(known):
        return np.ones(len(layout.sizes), np.float32)
    mean = layout.total(variance) / layout.sizes
    return np.asarray(np.clip(mean / np.median(known), CALM, WILD), np.float32)


def loosened(setting: Setting) -> Setting:
    """The setting after a change of the trigger: what the whole map does then is learned, not judged."""
    prior = np.maximum(setting.whole.prior, np.float32(LOOSE**2))
    return replace(setting, whole=replace(setting.whole, prior=prior))


def begun(state: EvidenceState, setting: Setting, run: int, told: Expectation) -> EvidenceState:
    """The state at the start of a lumisection; in a new run, or new conditions, levels are forgotten."""
    if state.run not in (0, run):
        state = replace(
            state,
            loose=False,
            cells=setting.cells.in_new_run(state.cells),
            parts=setting.parts.in_new_run(state.parts),
            whole=setting.whole.in_new_run(state.whole),
        )
    if told.reshaped:
        none = Change.none(len(state.cells.bad))
        state = replace(state, cells=replace(state.cells, change=none))
    if told.unsettled:
        state = replace(
            state,
            loose=state.loose or told.retriggered,
            parts=replace(state.parts, change=Change.none(len(state.parts.bad))),
            whole=replace(state.whole, change=Change.none(1)),
        )
    return state
