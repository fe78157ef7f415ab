"""From blocks of crystals that were read out to the digis that towers count."""

from functools import cached_property
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from caloscope.detectors.base import Array
from caloscope.geometry import View
from caloscope.geometry.readout import SIDE, Footprint, footprints
from caloscope.records import Mask

_RARE: Final = 0.1
"""Mean blocks around a seed below which it is quicker to draw all of a footprint at once."""

Kind = TypeVar("Kind", bound=np.generic)
Numbers = NDArray[np.int64] | NDArray[np.float64]
"""Numbers of blocks or digis, or their means."""


def by_tower(crystals: NDArray[Kind]) -> NDArray[Kind]:
    """Crystals `(5 y, 5 x)` as `(y, x, 5, 5)`, the same memory."""
    y, x = (n // SIDE for n in crystals.shape)
    return crystals.reshape(y, SIDE, x, SIDE).transpose(0, 2, 1, 3)


class Blocks:
    """The blocks of a view whose living crystals are `alive`, `(5 y, 5 x)` = (y, x) in crystals.

    Numbers of blocks have the shape `(footprints, y, x)` = (shape of block, seed).
    """

    def __init__(self, view: View, alive: Mask) -> None:
        self.view, self.alive = view, alive
        self.footprints = footprints(view.name)
        self.live = np.asarray(by_tower(alive).sum(axis=(2, 3)), dtype=np.int64)
        """Living crystals of each tower."""
        self._squares = all(each.which.all() for each in self.footprints)

    @cached_property
    def matrices(self) -> tuple[sparse.csr_array, ...]:
        """For each footprint, crystals of a tower (row) that a block of a seed (column) reads; in C order."""
        return tuple(_matrix(self.view, each, self.alive) for each in self.footprints)

    @cached_property
    def _joined(self) -> sparse.csr_array:
        return sparse.csr_array(sparse.hstack(self.matrices, format="csr"))

    def digis(self, blocks: Numbers, left: Array | None = None) -> Numbers:
        """Digis of all towers in these blocks, `(y, x)`.

        `left` is the share of each tower's crystals that a fault leaves: so many, rounded, of each block.
        """
        if self._squares:
            live = self.live if left is None else np.rint(self.live * left).astype(np.int64)
            return np.asarray(live * _coverage(blocks, self.footprints, self.view))
        matrix = self._joined
        if left is not None:
            rows = np.repeat(np.ravel(left), np.diff(matrix.indptr))
            matrix = sparse.csr_array(
                (np.rint(matrix.data * rows), matrix.indices, matrix.indptr), matrix.shape
            )
        read = (matrix @ np.ravel(blocks)).reshape(self.view.shape)
        whole = blocks.dtype.kind == "i"
        return np.asarray(read, dtype=np.int64) if whole else np.asarray(read, dtype=np.float64)


def _matrix(view: View, footprint: Footprint, alive: Mask) -> sparse.csr_array:
    rows, columns = view.shape
    towers = len(footprint.crystals)
    middle = towers // 2
    read = np.einsum("abij,yxij->abyx", by_tower(footprint.which), by_tower(alive), dtype=np.int64)
    down, right, y, x = np.nonzero(read)
    seed_y, seed_x = y - (down - middle), x - (right - middle)
    if view.x.circular:
        seed_x %= columns
    inside = (seed_y >= 0) & (seed_y < rows) & (seed_x >= 0) & (seed_x < columns)
    inside[inside] = view.exists[seed_y[inside], seed_x[inside]]
    where = ((y * columns + x)[inside], (seed_y * columns + seed_x)[inside])
    crystals = read[down, right, y, x][inside]
    return sparse.csr_array((crystals, where), shape=(rows * columns, rows * columns))


def _coverage(blocks: Numbers, squares: tuple[Footprint, ...], view: View) -> Numbers:
    """How many square blocks cover each tower of a view with circular x, from sums over their corners."""
    rows, columns = view.shape
    halves = [len(square.which) // SIDE // 2 for square in squares]
    edge = max(halves)
    corners = np.zeros((rows + 2 * edge + 1, columns + 2 * edge + 1), blocks.dtype)
    for half, seeds in zip(halves, blocks, strict=True):
        if half == 0:
            continue
        low, high = edge - half, edge + half + 1
        for top, sign_y in ((low, 1), (high, -1)):
            for left, sign_x in ((low, 1), (high, -1)):
                part = corners[top : top + rows, left : left + columns]
                (np.add if sign_x == sign_y else np.subtract)(part, seeds, out=part)
    wide = corners.cumsum(axis=0)[edge : edge + rows].cumsum(axis=1)
    covered = wide[:, edge : edge + columns].copy()
    covered[:, columns - edge :] += wide[:, :edge]
    covered[:, :edge] += wide[:, columns + edge : columns + 2 * edge]
    for half, seeds in zip(halves, blocks, strict=True):
        if half == 0:
            covered += seeds
    return np.asarray(covered)


def drawn(rng: np.random.Generator, mean: Numbers) -> NDArray[np.int64]:
    """Poisson numbers of blocks, `(footprints, y, x)`; of rare ones a total, each of them somewhere."""
    rare = mean.mean(axis=(1, 2)) < _RARE
    found = np.empty(mean.shape, dtype=np.int64)
    found[~rare] = rng.poisson(mean[~rare])
    reached = mean[rare].cumsum()
    if len(reached):
        places = rng.random(rng.poisson(reached[-1])) * reached[-1]
        where = np.searchsorted(reached, places, side="right")
        found[rare] = np.bincount(where, minlength=len(reached) + 1)[:-1].reshape(-1, *mean.shape[1:])
    return found
