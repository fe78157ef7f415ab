"""How residuals of neighbouring cells hang together."""

from collections.abc import Sequence

import numpy as np

from caloscope.detectors.base import Array
from caloscope.records import Mask

OFFSETS = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (2, 2), (0, 3), (3, 0), (0, 4), (4, 0))
"""Rows and columns from a cell to those that it is compared with."""

NEIGHBOURS = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0))


def words(offsets: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """Offsets as labels: `0,1`."""
    return tuple(f"{dy},{dx}" for dy, dx in offsets)


def shifted(values: Array, dy: int, dx: int, circular: tuple[bool, bool]) -> Array:
    """Each cell's neighbour `dy` rows and `dx` columns on; zero beyond an edge that is not circular."""
    for shift, axis, closed in ((dy, -2, circular[0]), (dx, -1, circular[1])):
        if shift:
            values = np.roll(values, -shift, axis)
            if not closed:
                values = values.copy() if values.base is not None else values
                edge = slice(-shift, None) if shift > 0 else slice(None, -shift)
                values[(..., edge, slice(None)) if axis == -2 else (..., edge)] = 0
    return values


def correlations(
    z: Array, valid: Mask, offsets: Sequence[tuple[int, int]], circular: tuple[bool, bool]
) -> Array:
    """Correlation of residuals at each offset `(dy, dx)`, both diagonals together; NaN without pairs.

    `z` is `(..., y, x)` of mean zero, and zero where not `valid`.
    """
    weight = valid.astype(float)
    squares = z**2
    found = np.full(len(offsets), np.nan)
    for place, (dy, dx) in enumerate(offsets):
        top = first = second = 0.0
        for sign in (1, -1) if dy and dx else (1,):
            there = shifted(weight, dy, sign * dx, circular)
            top += float((z * shifted(z, dy, sign * dx, circular)).sum())
            first += float((squares * there).sum())
            second += float((shifted(squares, dy, sign * dx, circular) * weight).sum())
        if first > 0 and second > 0:
            found[place] = top / np.sqrt(first * second)
    return found


def given_neighbours(z: Array, valid: Mask, circular: tuple[bool, bool]) -> tuple[float, Array]:
    """How much of a cell's variance its eight neighbours predict, and what is left of each residual.

    Linear weights are fitted on every other lumisection and tested on those between, and the other way round.
    Only cells with eight valid neighbours take part; what is left has unit variance. The share is NaN, and
    nothing is left, where there are too few.
    """
    around = np.stack([shifted(z, dy, dx, circular) for dy, dx in NEIGHBOURS], axis=-1)
    complete = valid.copy()
    for dy, dx in NEIGHBOURS:
        complete &= shifted(valid.astype(float), dy, dx, circular) > 0
    before, after, left = 0.0, 0.0, []
    for parity in (0, 1):
        fit, test = (_rows(around, z, complete, each) for each in (parity, 1 - parity))
        if len(fit[1]) < 100 or len(test[1]) < 100:
            return np.nan, np.zeros(0)
        weights = np.linalg.lstsq(fit[0].T @ fit[0], fit[0].T @ fit[1], rcond=None)[0]
        rest = test[1] - test[0] @ weights
        before, after = before + float((test[1] ** 2).sum()), after + float((rest**2).sum())
        left.append(rest)
    together = np.concatenate(left)
    return 1.0 - after / before, together / np.sqrt(np.mean(together**2))


def _rows(around: Array, z: Array, complete: Mask, parity: int) -> tuple[Array, Array]:
    """Neighbours `(rows, 8)` and values `(rows,)` of every other lumisection."""
    use = complete[parity::2]
    return around[parity::2][use], z[parity::2][use]
