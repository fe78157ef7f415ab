"""The gate: in which conditions a map is judged, and what is still due in others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Final, TypeAlias

import numpy as np

from caloscope.bundle import Bundle
from caloscope.config.labels import SHIPPED
from caloscope.detectors.base import Answer, Array, Expectation, NotKnown
from caloscope.geometry import View
from caloscope.incidents.conditions import beyond
from caloscope.pipeline.coherent import level_of, shifted
from caloscope.records import Conditions, LumiId, LumiState, Mask, Reason

Table: TypeAlias = Callable[[LumiId], Conditions | None]
"""What people say of a lumisection, None where they say nothing."""

HCAL_PARTITIONS: Final = ("HBHEa", "HBHEb", "HBHEc", "HF", "HB", "HE")
"""Parts of HCAL's view that have a voltage of their own; which cells they hold is not known here."""

_REASONS: Final = {
    LumiState.RAMP: Reason.RAMP,
    LumiState.NO_BEAM: Reason.NO_BEAM,
    LumiState.COSMICS: Reason.COSMICS,
    LumiState.HEAVY_IONS: Reason.HEAVY_IONS,
    LumiState.SPECIAL: Reason.SPECIAL,
    LumiState.COLLISIONS: Reason.OUT_OF_RANGE,
}


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """What an operator may set while the pipeline runs.

    `labels` say what the lumisections of a primary dataset or stream are, by patterns as in a shell. `accept`
    are the states in which a map is judged, where they are not those that its bundle learned in. `raised`
    is added to all thresholds of a map, in their unit (nats; that of the score for a detector that scores).
    `table` is what people say, which counts more than what sources say. All but `labels` by map.
    """

    labels: Mapping[str, LumiState] = field(default_factory=lambda: SHIPPED)
    accept: Mapping[str, frozenset[LumiState]] = field(default_factory=dict)
    raised: Mapping[str, float] = field(default_factory=dict)
    table: Table | None = None

    def of_label(self, label: str) -> LumiState | None:
        """The state that a label tells, None where it tells none."""
        return next((state for pattern, state in self.labels.items() if fnmatchcase(label, pattern)), None)

    def accepted(self, bundle: Bundle) -> frozenset[LumiState]:
        """The states in which a bundle's map is judged."""
        return self.accept.get(bundle.card.map, learned_in(bundle))


def learned_in(bundle: Bundle) -> frozenset[LumiState]:
    """The states that a bundle learned in: stable collisions, unless its card says otherwise."""
    told = bundle.card.training.get("conditions", [])
    names = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    known = {state for state in LumiState if str(state) in names}
    return frozenset(known or {LumiState.COLLISIONS})


def closed(conditions: Conditions, accepted: frozenset[LumiState], view: View) -> NotKnown | None:
    """Why a map is not judged in these conditions; None where it is. What nobody tells is no hindrance."""
    off = sorted(name for name in conditions.off if of_view(name, view))
    said = f", as {conditions.source} says" if conditions.source else ""
    if off:
        return NotKnown(Reason.POWER_OFF, f"{', '.join(off)} off{said}")
    if conditions.state is LumiState.UNTOLD or conditions.state in accepted:
        return None
    words = str(conditions.state).replace("_", " ").lower()
    more = beyond(words, conditions.detail)
    detail = f"{words}{said}" + (f": {more}" if more else "")
    return NotKnown(_REASONS[conditions.state], detail)


def of_view(partition: str, view: View) -> bool:
    """Whether a partition of the detector is a part of a view, or all of it."""
    if view.name == "HCAL" and partition in HCAL_PARTITIONS:
        return True
    return partition == view.name or any(region.name.startswith(partition) for region in view.regions)


def cells_of(partition: str, view: View) -> Mask:
    """The cells of a partition of a view; all of them where nobody knows which they are."""
    members = [region.members for region in view.regions if region.name.startswith(partition)]
    if partition == view.name or not members:
        return view.exists
    return np.asarray(np.logical_or.reduce(members))


def still_due(answer: Answer, counts: Array, conditions: Conditions, view: View) -> Array | None:
    """Counts that are due in each cell whatever the conditions, as the level of the map itself has it.

    None where nobody can say. A part without voltage owes nothing, and says nothing of the level.
    """
    off = [cells_of(partition, view) for partition in conditions.off if of_view(partition, view)]
    powered = ~np.logical_or.reduce(off) if off else view.exists
    if isinstance(answer, Expectation):
        level = level_of(counts, replace(answer, testable=answer.testable & powered))
        scaled = shifted(answer, max(level, -1.0)) if level is not None else None
        due = scaled.mean if isinstance(scaled, Expectation) else None
    else:
        due = answer.guess if isinstance(answer, NotKnown) else None
    return None if due is None else np.where(powered, due, 0.0)
