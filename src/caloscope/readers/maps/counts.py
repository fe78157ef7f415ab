"""From what histograms hold to counts, or to the bin that cannot be one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.errors import Fault, SourceError
from caloscope.records import Counts, Floats

_BEYOND = 2**32
"""The first number that is too large; unlike the largest one allowed, single precision holds it exactly."""

_SIGNED = 2**31

EXPECTED = f"whole numbers from 0 to {_BEYOND - 1} (--as-float takes real ones)"

_AXES = "xyz"


def stack(planes: Sequence[NDArray[Any] | None], shape: tuple[int, ...]) -> NDArray[Any]:
    """Planes one behind the other as `(plane, *shape)`, in one type of this machine's byte order.

    A plane that is None is filled with zeros. At least one plane is there, and all have the shape.
    """
    types = {plane.dtype for plane in planes if plane is not None}
    dtype = np.result_type(*types).newbyteorder("=")
    complete = all(plane is not None for plane in planes)
    stacked = (np.empty if complete else np.zeros)((len(planes), *shape), dtype)
    for place, plane in zip(stacked, planes, strict=True):
        if plane is not None:
            place[...] = plane
    return stacked


def to_counts(values: NDArray[Any], path: Path, names: str | Sequence[str]) -> Counts:
    """Bin contents as counts; `names` is the histogram's name, or those of the planes along the first axis.

    Raises `SourceError` INVALID_COUNTS naming the first bin that holds no count (bins as ROOT numbers them,
    from 1): NaN, infinite, negative, not whole, or more than an unsigned 32-bit number holds.
    """
    if values.dtype.kind not in "fiu":
        name = names if isinstance(names, str) else names[0]
        raise SourceError(path, Fault.INVALID_COUNTS, f"{values.dtype} in {name}", EXPECTED)
    if not values.size:
        return values.astype(np.uint32)
    with np.errstate(invalid="ignore"):
        # Processors turn floats into signed numbers several times as fast as into unsigned ones.
        small = values.max() < _SIGNED and values.min() >= 0
        counts = values.astype(np.int32).view(np.uint32) if small else values.astype(np.uint32)
        # What is whole and in range comes back unchanged. The ends of the range are looked at too, because
        # machines differ in what they make of a number beyond it; NaN fails every comparison.
        back = (counts.view(np.int32) if small else counts).astype(values.dtype)
        good = (small or _in_range(values)) and bool((back == values).all())
    if not good:
        raise _refused(values, path, names)
    return counts


def _in_range(values: NDArray[Any]) -> bool:
    return bool(values.min() >= 0 and values.max() < _BEYOND)


def to_floats(values: NDArray[Any], path: Path, names: str | Sequence[str]) -> Floats:
    """Bin contents as real numbers in single precision.

    NaN stays, as the content of a bin of which nothing is known (a profile's without entries). Raises
    `SourceError` INVALID_COUNTS naming the first bin that is infinite, or too large for single precision.
    """
    if values.dtype.kind not in "fiu":
        name = names if isinstance(names, str) else names[0]
        raise SourceError(path, Fault.INVALID_COUNTS, f"{values.dtype} in {name}", "numbers")
    with np.errstate(over="ignore"):
        floats = values.astype(np.float32)
    infinite = np.isinf(floats)
    if infinite.any():
        raise _invalid(values, infinite, path, names, "finite numbers of single precision, or NaN")
    return floats


def sum_blocks(values: NDArray[Any], block: int, path: Path, names: str | Sequence[str]) -> NDArray[Any]:
    """Sums of `block` x `block` neighbours along the last two axes, in the type that came in.

    Raises `SourceError` INVALID_COUNTS where a sum of counts is more than an unsigned 32-bit number holds.
    """
    if block == 1:
        return values
    *front, rows, columns = values.shape
    wide = np.uint64 if values.dtype.kind == "u" else np.float64
    strips = values.reshape(*front, rows // block, block, columns).sum(axis=-2, dtype=wide)
    sums = strips.reshape(*front, rows // block, columns // block, block).sum(axis=-1)
    if wide is np.uint64 and sums.max() >= _BEYOND:
        name = names if isinstance(names, str) else names[0]
        found = f"{sums.max()} in {block} x {block} bins of {name}"
        raise SourceError(path, Fault.INVALID_COUNTS, found, f"sums up to {_BEYOND - 1}")
    summed: NDArray[Any] = sums.astype(values.dtype)
    return summed


def _refused(values: NDArray[Any], path: Path, names: str | Sequence[str]) -> SourceError:
    """Says which bin is the first that holds no count."""
    # Comparisons with NaN are false, so every condition is put the way that a count fulfils it.
    with np.errstate(invalid="ignore"):
        good = (values >= 0) & (values < _BEYOND) & (np.floor(values) == values)
    return _invalid(values, ~good, path, names, EXPECTED)


def _invalid(
    values: NDArray[Any], bad: NDArray[np.bool_], path: Path, names: str | Sequence[str], expected: str
) -> SourceError:
    place = np.unravel_index(int(np.argmax(bad)), bad.shape)
    value = values[place]
    index = [int(each) for each in place]
    name = names if isinstance(names, str) else names[index.pop(0)]
    where = " ".join(f"{axis}={each + 1}" for axis, each in zip(_AXES, reversed(index), strict=False))
    return SourceError(path, Fault.INVALID_COUNTS, f"{value!s} in {name}, bin {where}", expected)
