"""From evidence to flags: which cells, which parts of the map, and what is only a shadow of these."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.evidence.layout import Layout
from caloscope.evidence.places import Seen, unlikely
from caloscope.evidence.setting import Setting
from caloscope.evidence.state import EvidenceState
from caloscope.evidence.sums import Shown
from caloscope.records import Floats

COVERED: Final = 0.5
"""A part of which this share is flagged already says nothing new."""

WHOLE: Final = -1
"""Stands for the whole map where a part is named by its number."""


@dataclass(frozen=True, slots=True, eq=False)
class Flagged:
    """Flags by place, -1 low, +1 high, 0 none: `cells`, `parts`, `whole`.

    Of cells, those of flagged parts included: `value` in nats, every class on the scale of single low cells;
    `direction` of the stronger evidence; `since`, the lumisection in which it began (-1 an earlier run, 0
    none). `peaks` by class. `new` names the parts that were not flagged before, with their directions, the
    strongest first.
    """

    cells: NDArray[np.int8]
    parts: NDArray[np.int8]
    whole: NDArray[np.int8]
    value: Floats
    direction: NDArray[np.int8]
    since: NDArray[np.int32]
    peaks: Mapping[str, float]
    new: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Painted:
    """Flags, evidence, directions and onsets of cells, to be added to."""

    cells: NDArray[np.int8]
    value: Floats
    direction: NDArray[np.int8]
    since: NDArray[np.int32]

    def add(self, members: NDArray[np.int32], fault: "_Fault", scale: np.float32) -> None:
        """Flag cells that have no flag yet."""
        new = members[self.cells[members] == 0]
        self.cells[new] = fault.way
        self.direction[new] = fault.way
        self.since[new] = fault.since
        self.value[new] = np.maximum(self.value[new], scale + np.float32(fault.above))


@dataclass(frozen=True, slots=True)
class _Fault:
    """A part whose evidence is `above` its threshold by so many nats, margins not taken off.

    `stands` says that it was flagged before, `against` what speaks against it beside its own evidence.
    """

    part: int
    way: int
    above: float
    since: int
    stands: bool
    against: float = 0.0


def flagged_places(
    shown: tuple[Shown, Shown | None, Shown | None], state: EvidenceState, setting: Setting, seen: Seen
) -> Flagged:
    """Flags of cells, then of parts and the whole map as far as they are new; `shown` are these three.

    What was flagged before comes first, then what is farthest above its threshold.
    """
    cells, parts, whole = shown
    layout, scale, testable = setting.layout, setting.cells.limits[0, 0], seen.found.cells.testable
    found = _of_cells(cells, setting.cells.limits)
    bad, bad_map = np.zeros(len(layout.sizes), np.int8), np.zeros(1, np.int8)
    new: list[tuple[int, int]] = []
    for fault in _in_order(parts, whole, state, setting, seen):
        members = _members(layout, fault.part)
        if not fault.stands and np.count_nonzero(found.cells[members]) >= COVERED * len(members):
            continue
        found.add(members[testable[members]], fault, scale)
        if fault.part == WHOLE:
            bad_map[0] = fault.way
        else:
            bad[fault.part] = fault.way
        if not fault.stands:
            new.append((fault.part, fault.way))
    peaks = dict(_peaks(cells, parts, whole, layout))
    return Flagged(found.cells, bad, bad_map, found.value, found.direction, found.since, peaks, tuple(new))


def _in_order(
    parts: Shown | None, whole: Shown | None, state: EvidenceState, setting: Setting, seen: Seen
) -> list[_Fault]:
    """Parts, and the whole map, that passed their thresholds."""
    if parts is None or whole is None:
        return []
    faults = _faults(whole, setting.whole.limits, state.whole.bad, first=WHOLE)
    for fault in _faults(parts, setting.parts.limits, state.parts.bad):
        against = 0.0 if fault.stands else unlikely(seen, setting.layout.members(fault.part))
        faults.append(replace(fault, against=against))
    return sorted(faults, key=lambda each: (not each.stands, each.against - each.above))


def _of_cells(shown: Shown, limits: Floats) -> _Painted:
    """High evidence is brought to the scale of low evidence."""
    low = shown.value[0]
    high = np.maximum(shown.value[1] - (limits[1] - limits[0]), np.float32(0))
    # A cell that is flagged on one side is shown so, whatever the other says.
    way = np.where(shown.flag[0] == shown.flag[1], high > low, shown.flag[1])
    value = np.where(way, high, low)
    sign = way.astype(np.int8)
    sign += sign
    sign -= np.int8(1)
    flag = shown.flag[0] | shown.flag[1]
    return _Painted(sign * flag, value, sign * (value > 0), np.where(way, shown.since[1], shown.since[0]))


def _faults(shown: Shown, limits: Floats, before: NDArray[np.int8], first: int = 0) -> list[_Fault]:
    """Places that passed their threshold, numbered from `first`; `before` are their flags until now."""
    return [
        _Fault(
            part=int(place) + first,
            way=1 if row else -1,
            above=float(shown.value[row, place] + shown.margin[row, place] - limits[row, place]),
            since=int(shown.since[row, place]),
            stands=bool(before[place] != 0),
        )
        for row, place in np.argwhere(shown.flag)
    ]


def _members(layout: Layout, part: int) -> NDArray[np.int32]:
    return np.arange(layout.cells, dtype=np.int32) if part == WHOLE else layout.members(part)


def _peaks(
    cells: Shown, parts: Shown | None, whole: Shown | None, layout: Layout
) -> Iterator[tuple[str, float]]:
    """The largest evidence of each class that has places."""
    classes = {"cell": cells.value}
    if parts is not None and whole is not None:
        classes["region"] = parts.value[:, : layout.regions]
        classes["patch"] = parts.value[:, layout.regions :]
        classes["map"] = whole.value
    for name, values in classes.items():
        if values.shape[1]:
            yield f"{name}_low", float(values[0].max())
            yield f"{name}_high", float(values[1].max())
