"""Flags as intervals: a cell that stays flagged costs one row, however long it stays so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from caloscope.records import Code, LumiId, MapResult, Quality, Reason
from caloscope.store.columns import number
from caloscope.store.schema import flags

Key: TypeAlias = tuple[int | None, int, int, int, int, str]
"""What must stay the same for an interval to go on: depth index, y, x, code, direction, reason."""

Open: TypeAlias = tuple[int, float | None]
"""An interval that may go on: its number and its largest evidence so far."""

OPEN = (
    flags.c.id,
    flags.c.peak,
    flags.c.depth,
    flags.c.y,
    flags.c.x,
    flags.c.code,
    flags.c.direction,
    flags.c.reason,
)


@dataclass(frozen=True, slots=True)
class Flagged:
    """The flagged cells of one map in one lumisection, with the evidence of each (None: not known)."""

    id: LumiId
    cells: Mapping[Key, float | None]


def flagged(result: MapResult) -> Flagged:
    """The cells of a result that carry code 0 or 3; none where the map is UNKNOWN."""
    arrays = {"evidence": result.evidence, "direction": result.direction, "never_alive": result.never_alive}
    return flagged_in(
        LumiId(result.key.run, result.key.lumi), result.quality, result.codes, result.flag_reason, arrays
    )


def flagged_in(
    id: LumiId,  # noqa: A002 - the field's word
    quality: Quality,
    codes: NDArray[np.generic],
    reason: Reason,
    arrays: Mapping[str, NDArray[np.generic] | None],
) -> Flagged:
    """The flagged cells, from the arrays `evidence`, `direction` and `never_alive` where they are there.

    A cell that was never alive is low for that reason; all others share `reason`.
    """
    if quality == Quality.UNKNOWN:
        return Flagged(id, {})
    where = np.nonzero((codes == Code.BAD) | (codes == Code.MASKED_BAD))
    count = len(where[0])
    dead = _taken(arrays.get("never_alive"), where, count, False) & (codes[where] == Code.MASKED_BAD)
    direction = np.where(dead, -1, _taken(arrays.get("direction"), where, count, 0))
    reasons = [str(Reason.NEVER_ALIVE if never else reason) for never in dead.tolist()]
    depth = where[0].tolist() if codes.ndim == 3 else [None] * count
    y, x = where[-2].tolist(), where[-1].tolist()
    keys = zip(depth, y, x, codes[where].tolist(), direction.tolist(), reasons, strict=True)
    evidence = arrays.get("evidence")
    values = [None] * count if evidence is None else [number(value) for value in evidence[where].tolist()]
    return Flagged(id, dict(zip(keys, values, strict=True)))


def extend(connection: Connection, series: int, found: Flagged) -> None:
    """Let the intervals that end in the lumisection before go on into this one, and begin new ones."""
    run, lumi = found.id
    here = and_(flags.c.series == series, flags.c.run == run, flags.c.last == lumi - 1)
    rows = connection.execute(select(*OPEN).where(here))
    standing: dict[Key, Open] = {tuple(key): (number, peak) for number, peak, *key in rows}
    kept = {key: standing[key] for key in standing.keys() & found.cells.keys()}
    if kept and len(kept) == len(standing):
        connection.execute(update(flags).where(here).values(last=lumi))
    elif kept:
        one = update(flags).where(flags.c.id == bindparam("which")).values(last=lumi)
        connection.execute(one, [{"which": number} for number, _ in kept.values()])
    _raise_peaks(connection, kept, found)
    new = [_values(series, found, key) for key in found.cells if key not in standing]
    if new:
        connection.execute(insert(flags), new)


def cut(connection: Connection, series: int, start: LumiId) -> None:
    """Forget all flags from a lumisection on, in its run and in later ones."""
    run, lumi = start
    beyond = or_(flags.c.run > run, and_(flags.c.run == run, flags.c.first >= lumi))
    connection.execute(delete(flags).where(flags.c.series == series, beyond))
    across = and_(flags.c.series == series, flags.c.run == run, flags.c.last >= lumi)
    connection.execute(update(flags).where(across).values(last=lumi - 1))


def _raise_peaks(connection: Connection, kept: Mapping[Key, Open], found: Flagged) -> None:
    """Keep the largest evidence of each interval."""
    higher = [
        {"which": number, "value": evidence}
        for key, (number, peak) in kept.items()
        if (evidence := found.cells[key]) is not None and (peak is None or evidence > peak)
    ]
    if higher:
        change = update(flags).where(flags.c.id == bindparam("which")).values(peak=bindparam("value"))
        connection.execute(change, higher)


def _values(series: int, found: Flagged, key: Key) -> dict[str, Any]:
    """Columns of an interval that begins."""
    depth, y, x, code, direction, reason = key
    return {
        "series": series,
        "run": int(found.id.run),
        "depth": depth,
        "y": y,
        "x": x,
        "first": int(found.id.lumi),
        "last": int(found.id.lumi),
        "code": code,
        "direction": direction,
        "reason": reason,
        "peak": found.cells[key],
    }


def _taken(
    array: NDArray[np.generic] | None, where: tuple[NDArray[np.intp], ...], count: int, default: bool | int
) -> NDArray[Any]:
    """The values of some cells, or a default for all of them."""
    return np.full(count, default) if array is None else array[where]
