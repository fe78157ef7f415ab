"""Which cells of a result are flagged and how, as arrays: what intervals are made from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.records import Code, LumiId, MapResult, Quality, Reason

Keys: TypeAlias = NDArray[np.int64]
"""What must stay the same for an interval to go on, one number each: cell, code, direction and reason."""

Peaks: TypeAlias = NDArray[np.float64]
"""Evidence, NaN where it is not known."""

_REASONS: Final = tuple(Reason)
_NUMBERS: Final = {str(reason): number for number, reason in enumerate(_REASONS)}
_BITS: Final = 8
"""For the direction, and for the reason."""


@dataclass(frozen=True, slots=True, eq=False)
class Flagged:
    """The flagged cells of one map in one lumisection: ascending keys, and the evidence of each.

    `shape` is the map's, for the places of its cells are part of the keys.
    """

    id: LumiId
    shape: tuple[int, ...]
    keys: Keys
    peaks: Peaks


def flagged(result: MapResult) -> Flagged:
    """The cells of a result that carry code 0 or 3; none where the map is UNKNOWN."""
    arrays = {"evidence": result.evidence, "direction": result.direction, "never_alive": result.never_alive}
    place = LumiId(int(result.key.run), int(result.key.lumi))
    return flagged_in(place, result.quality, result.codes, result.flag_reason, arrays)


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
    flat = codes.reshape(-1)
    found = np.empty(0, np.intp)
    if quality != Quality.UNKNOWN:
        found = np.flatnonzero((flat == Code.BAD) | (flat == Code.MASKED_BAD))
    masked = flat[found] == Code.MASKED_BAD
    dead = masked & _taken(arrays.get("never_alive"), found, 0).astype(np.bool_)
    direction = np.where(dead, -1, _taken(arrays.get("direction"), found, 0))
    reasons = np.where(dead, _REASONS.index(Reason.NEVER_ALIVE), _REASONS.index(reason))
    peaks = _taken(arrays.get("evidence"), found, np.nan).astype(np.float64)
    return Flagged(id, codes.shape, _keys(found, masked, direction, reasons), peaks)


def keys_of(
    shape: tuple[int, ...],
    cells: NDArray[np.int64],
    codes: NDArray[np.int64],
    directions: NDArray[np.int64],
    reasons: Iterable[str],
) -> Keys:
    """The keys of intervals `(n,)`; `cells` are indices of one axis a row, `(axes, n)`."""
    places = np.ravel_multi_index(tuple(cells), shape)
    numbers = np.fromiter((_NUMBERS[reason] for reason in reasons), np.int64, len(codes))
    return _keys(np.asarray(places), codes == Code.MASKED_BAD, directions, numbers)


def columns_of(shape: tuple[int, ...], key: int) -> dict[str, Any]:
    """Columns of an interval: depth (index, None on a view without), y, x, code, direction, reason."""
    rest, reason = divmod(key, 1 << _BITS)
    rest, direction = divmod(rest, 1 << _BITS)
    place, masked = divmod(rest, 2)
    *depth, y, x = (int(index) for index in np.unravel_index(place, shape))
    return {
        "depth": depth[0] if depth else None,
        "y": y,
        "x": x,
        "code": int(Code.MASKED_BAD if masked else Code.BAD),
        "direction": direction - (1 << _BITS - 1),
        "reason": str(_REASONS[reason]),
    }


def _keys(place: NDArray[Any], masked: NDArray[Any], direction: NDArray[Any], reason: NDArray[Any]) -> Keys:
    key = place.astype(np.int64) << 1 | masked
    key = key << _BITS | direction.astype(np.int64) + (1 << _BITS - 1)
    return np.asarray(key << _BITS | reason)


def _taken(array: NDArray[Any] | None, places: NDArray[np.intp], default: float) -> NDArray[Any]:
    """The values of some cells, or a default for all of them."""
    return np.full(places.size, default) if array is None else array.reshape(-1)[places]
