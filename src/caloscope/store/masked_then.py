"""Whether an incident was masked in a lumisection, from the flags of its cells in the run."""

from collections.abc import Iterable

from caloscope.records import Code, Direction, Incident, LumiId
from caloscope.store.columns import AnyRow


def masked_then(incident: Incident, flags: Iterable[AnyRow], here: LumiId) -> bool:
    """Whether all that was flagged of it when it was last seen, at `here` or before, was masked.

    Of one that opened later in the run: when it opened. `flags` are rows of intervals of its series in the
    run of `here`. Where none is its own, it is as masked as it is known to be today.
    """
    cells = set(incident.cells)
    high = incident.direction is Direction.HIGH
    first = incident.opened.lumi if incident.opened.run == here.run else 0
    last = max(here.lumi, first)
    if incident.last.run == here.run:
        last = min(last, incident.last.lumi)
    seen: dict[int, bool] = {}
    for row in flags:
        cell = (row.y, row.x) if row.depth is None else (row.depth, row.y, row.x)
        at = min(row.last, last)
        if row.first <= last and at >= first and (row.direction > 0) is high and cell in cells:
            seen[at] = seen.get(at, True) and row.code == Code.MASKED_BAD
    return seen[max(seen)] if seen else incident.masked
