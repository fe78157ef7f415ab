"""A histogram's axis (`TAxis`), out of its bytes."""

from functools import lru_cache

from caloscope.readers.root.bytestream import Cursor, DamagedError
from caloscope.readers.root.streamed import enter, require_version, step_over, take_named
from caloscope.readers.shelf import BinAxis

_VERSIONS = (9, 10)
_MAX_EDGES = 2**20
"""Edges become Python numbers; an axis with more of them is damaged, or made to fill the memory."""
_KEPT_BYTES = 4096
"""Axes take some hundred bytes; those with many labels more, and they are not kept."""


def take_axis(cursor: Cursor) -> BinAxis:
    """A `TAxis`, and the cursor behind it. Equal bytes mostly give the same object.

    Raises `DamagedError`, or `UnexpectedError` for a version that is not known.
    """
    start = cursor.place
    end, _ = enter(cursor)
    cursor.jump(end)
    raw = bytes(cursor.data[start:end])
    return _known(raw) if len(raw) <= _KEPT_BYTES else _parse(raw)


def _parse(raw: bytes) -> BinAxis:
    cursor = Cursor(raw)
    _, version = enter(cursor)
    require_version("TAxis", version, *_VERSIONS)
    _, title = take_named(cursor)
    step_over(cursor)
    bins, low, high, count = cursor.take("iddi")
    if bins < 1:
        raise DamagedError(f"an axis of {bins} bins")
    if count == 0:
        return BinAxis(bins, low, high, None, title)
    if count != bins + 1 or count > _MAX_EDGES:
        raise DamagedError(f"{count} edges for an axis of {bins} bins")
    return BinAxis(bins, low, high, cursor.take(f"{count}d"), title)


_known = lru_cache(maxsize=512)(_parse)
