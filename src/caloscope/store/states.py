"""How checkpoints are kept, inside the transaction of a record."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from sqlalchemy import Connection, and_, bindparam, delete, insert, select

from caloscope.records import LumiId
from caloscope.store.columns import Values
from caloscope.store.places import at_or_after
from caloscope.store.rows import Checkpoint
from caloscope.store.schema import checkpoints

KEPT_CHECKPOINTS = 20

_KEY = ("series", "run", "lumi")
_BOUND = tuple(f"which_{name}" for name in _KEY)

_THERE: Final = select(*(checkpoints.c[name] for name in _KEY)).where(
    checkpoints.c.series.in_(bindparam("numbers", expanding=True))
)
_DROP: Final = delete(checkpoints).where(
    and_(*(checkpoints.c[name] == bindparam(bound) for name, bound in zip(_KEY, _BOUND, strict=True)))
)
_KEEP: Final = insert(checkpoints)


def drop_stale(connection: Connection, touched: Iterable[int], start: LumiId) -> None:
    """Drop the checkpoints of some series that a revision made untrue."""
    stale = at_or_after(start, checkpoints.c.run, checkpoints.c.lumi)
    connection.execute(delete(checkpoints).where(checkpoints.c.series.in_(touched), stale))


def write_checkpoints(connection: Connection, given: Mapping[int, Sequence[Checkpoint]]) -> None:
    """Keep these checkpoints, by the number of their series, and only the last of each series."""
    new = {(number, int(one.run), int(one.lumi)): one.blob for number, all_ in given.items() for one in all_}
    if not new:
        return
    there = set(map(tuple, connection.execute(_THERE, {"numbers": list(given)}).all()))
    kept = set[tuple[int, ...]]()
    for _, group in groupby(sorted(there | new.keys(), reverse=True), key=lambda key: key[0]):
        kept |= set(list(group)[:KEPT_CHECKPOINTS])
    gone = [dict(zip(_BOUND, key, strict=True)) for key in there if key in new or key not in kept]
    if gone:
        connection.execute(_DROP, gone)
    rows = [Values(zip(_KEY, key, strict=True)) | {"blob": blob} for key, blob in new.items() if key in kept]
    if rows:
        connection.execute(_KEEP, rows)
