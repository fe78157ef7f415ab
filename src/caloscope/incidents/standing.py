"""The one standing incident of a map: the cells that never counted in its reference."""

import numpy as np

from caloscope.incidents.shape import cells_of
from caloscope.incidents.track import Owner, identity
from caloscope.records import Direction, Incident, LumiId, Mask, Reason, Severity


def standing(never_alive: Mask, owner: Owner, at: LumiId) -> Incident | None:
    """The one standing incident of a map: the cells that never counted in its reference."""
    if not never_alive.any():
        return None
    cells = cells_of(np.flatnonzero(never_alive), never_alive.shape)
    return Incident(
        id=identity(owner, LumiId(0, 0), cells[0], "never alive"),
        label=owner.label,
        map=owner.map,
        bundle=owner.bundle,
        hardware=f"{len(cells)} cells never alive in the reference",
        cells=cells,
        opened=at,
        last=at,
        onset=at,
        closed=None,
        direction=Direction.LOW,
        reason=Reason.NEVER_ALIVE,
        severity=Severity.CLUSTER if len(cells) > 1 else Severity.CELL,
        factor=0.0,
        peak_evidence=0.0,
        masked=True,
        standing=True,
    )
