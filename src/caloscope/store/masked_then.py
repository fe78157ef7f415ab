"""Whether an incident was masked in a lumisection, from the flags of its cells in the run."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from caloscope.records import Cell, Code, Direction, Incident, LumiId
from caloscope.store.columns import AnyRow

Series: TypeAlias = tuple[str, str, str]
"""Label, map and bundle."""

Flags: TypeAlias = Mapping[tuple[Series, Cell], Sequence[AnyRow]]
"""Rows of intervals by series and cell: in a bad night there are many incidents of many cells each."""


def by_cell(rows: Iterable[AnyRow]) -> Flags:
    """Rows of intervals that know their series too."""
    found: dict[tuple[Series, Cell], list[AnyRow]] = defaultdict(list)
    for row in rows:
        cell = (row.y, row.x) if row.depth is None else (row.depth, row.y, row.x)
        found[(row.label, row.map, row.bundle), cell].append(row)
    return found


def masked_then(incident: Incident, flags: Flags, here: LumiId) -> bool:
    """Whether all that was flagged of it when it was last seen, at `here` or before, was masked.

    Of one that opened later in the run: when it opened. `flags` are those in the run of `here`. Where none is
    its own, it is as masked as it is known to be today.
    """
    of = (incident.label, incident.map, incident.bundle)
    high = incident.direction is Direction.HIGH
    first = incident.opened.lumi if incident.opened.run == here.run else 0
    last = max(here.lumi, first)
    if incident.last.run == here.run:
        last = min(last, incident.last.lumi)
    seen: dict[int, bool] = {}
    for row in (row for cell in incident.cells for row in flags.get((of, cell), ())):
        at = min(row.last, last)
        if row.first <= last and at >= first and (row.direction > 0) is high:
            seen[at] = seen.get(at, True) and row.code == Code.MASKED_BAD
    return seen[max(seen)] if seen else incident.masked
