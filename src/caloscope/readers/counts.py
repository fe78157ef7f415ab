"""From what a histogram holds to counts, or to the bin that cannot be one."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.errors import Fault, SourceError
from caloscope.records import Counts

_BEYOND = 2**32
"""The first number that is too large; unlike the largest one allowed, single precision holds it exactly."""

_EXPECTED = f"whole numbers from 0 to {_BEYOND - 1}"


def to_counts(values: NDArray[Any], path: Path, name: str) -> Counts:
    """Bin contents `(y, x)` as counts; `name` is the histogram's.

    Raises `SourceError` INVALID_COUNTS naming the first bin that holds no count (bins as ROOT numbers them,
    from 1): NaN, infinite, negative, not whole, or more than an unsigned 32-bit number holds.
    """
    if values.dtype.kind not in "fiu":
        raise SourceError(path, Fault.INVALID_COUNTS, f"{values.dtype} in {name}", _EXPECTED)
    # Comparisons with NaN are false, so every condition is put the way that a count fulfils it.
    with np.errstate(invalid="ignore"):
        good = (values >= 0) & (values < _BEYOND) & (np.floor(values) == values)
    if not good.all():
        y, x = (int(index) for index in np.argwhere(~good)[0])
        found = f"{values[y, x]!s} in {name}, bin x={x + 1} y={y + 1}"
        raise SourceError(path, Fault.INVALID_COUNTS, found, _EXPECTED)
    return values.astype(np.uint32)
