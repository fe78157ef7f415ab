"""Bytes of histograms as ROOT streams them, put together piece by piece, so that any piece can be wrong."""

import math
import struct
from collections.abc import Sequence

import numpy as np

FULL = (3, 2, 4)
"""Bins along x, y and z."""
_DTYPES = {"C": ">i1", "S": ">i2", "I": ">i4", "L": ">i8", "F": ">f4", "D": ">f8"}


def framed(version: int, *pieces: bytes) -> bytes:
    """A class with its length and version."""
    body = struct.pack(">H", version) + b"".join(pieces)
    return struct.pack(">I", 0x40000000 | len(body)) + body


def text(value: str) -> bytes:
    """A `TString` of at most 254 bytes."""
    return bytes([len(value)]) + value.encode()


def named(name: str, title: str) -> bytes:
    """A `TNamed`."""
    return framed(1, struct.pack(">HII", 1, 0, 0), text(name), text(title))


def axis(
    bins: int,
    low: float,
    high: float,
    *,
    title: str = "",
    edges: Sequence[float] = (),
    count: int | None = None,
    version: int = 10,
) -> bytes:
    """A `TAxis`; `count` edges are claimed."""
    numbers = struct.pack(">iddi", bins, low, high, len(edges) if count is None else count)
    rest = struct.pack(f">{len(edges)}d", *edges) + struct.pack(">iiHB", 0, 0, 0, 0) + text("") + bytes(8)
    return framed(version, named("xaxis", title), framed(4, bytes(30)), numbers, rest)


def bases(
    dimensions: int,
    axes: Sequence[bytes],
    cells: int,
    name: str = "h",
    line_version: int = 8,
    squares: int = 0,
) -> bytes:
    """`TH1`, inside `TH2` or `TH3` where there are more dimensions."""
    absent = [axis(1, 0.0, 1.0)] * (3 - len(axes))
    line = framed(
        line_version,
        named(name, "title"),
        *(framed(2, bytes(6)) for _ in range(3)),
        struct.pack(">i", cells),
        *axes,
        *absent,
        struct.pack(">hh8d", 0, 1000, *range(8)),
        struct.pack(">ii", 0, squares) + bytes(8 * squares),
        text("") + framed(5, bytes(15)),
        struct.pack(">ibii", 0, 0, 0, 2),
    )
    if dimensions == 1:
        return line
    if dimensions == 2:
        return framed(5, line, struct.pack(">4d", *range(4)))
    return framed(6, line, framed(1), struct.pack(">7d", *range(7)))


def histogram_bytes(
    classname: str,
    *,
    axes: Sequence[bytes] | None = None,
    cells: int | None = None,
    stored: int | None = None,
    name: str = "h",
    line_version: int = 8,
    squares: int = 0,
) -> bytes:
    """A `THnX` that counts its cells; `cells` and `stored` are what it claims to have."""
    dimensions = int(classname[2])
    if axes is None:
        axes = [
            axis(bins, 0.0, float(bins), title=title)
            for bins, title in zip(FULL[:dimensions], ("x", "", ""), strict=False)
        ]
    number = math.prod(bins + 2 for bins in FULL[:dimensions])
    contents = np.arange(number).astype(_DTYPES[classname[3]]).tobytes()
    base = bases(dimensions, axes, number if cells is None else cells, name, line_version, squares)
    count = struct.pack(">i", number if stored is None else stored)
    return framed(3 if dimensions == 1 else 4, base, count, contents)


def profile_bytes(sums: Sequence[float], weights: Sequence[float], squares: int = 0) -> bytes:
    """A `TProfile`."""
    inner = framed(3, bases(1, [axis(len(sums) - 2, 0.0, 1.0)], len(sums)), _doubles(sums))
    return framed(7, inner, _doubles(weights), bytes(36), _doubles([0.0] * squares))


def _doubles(values: Sequence[float]) -> bytes:
    return struct.pack(f">i{len(values)}d", len(values), *values)


LINE = histogram_bytes("TH1F")
PROFILE = profile_bytes([0, 6, 5, 0, 0], [0, 2, 0, 1, 0])
