"""The inverse of the true correlation matrix of a simulated map, in blocks independent of each other."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array
from caloscope.geometry import View
from caloscope.records import Mask
from caloscope.simulate import Conditions, Healthy
from caloscope.simulate.hcal.detector import HcalMap

Floats32 = NDArray[np.float32]

WHOLE: Final = 5_000
"""Cells up to which a map or a subdetector is one block."""

CERTAIN: Final = 0.25
"""Variance of a count that never varies: half a count squared, so that any other count is beyond doubt."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some of the cells that exist, by number, with the inverse of their correlation matrix."""

    cells: NDArray[np.int64]
    inverse: Floats32


@dataclass(frozen=True, slots=True, eq=False)
class Precision:
    """The inverse of the correlation matrix of all cells that exist, n of them in C order.

    Cells outside all blocks are independent. `diagonal` holds P_ii, `variance` what the matrix was scaled by.
    """

    blocks: tuple[Block, ...]
    diagonal: Array
    variance: Array

    def times(self, z: Floats32) -> Floats32:
        """P z; `z` is `(n, ...)`."""
        found = z.copy()
        for block in self.blocks:
            found[block.cells] = block.inverse @ z[block.cells]
        return found

    def times_in(self, cells: NDArray[np.int64], z: Floats32) -> Floats32:
        """P z in these cells alone; `z` is `(n, ...)`."""
        found = z[cells]
        for block in self.blocks:
            mine = np.isin(cells, block.cells)
            if mine.any():
                rows = np.searchsorted(block.cells, cells[mine])
                many = len(rows) > len(block.cells) // 2
                inside = z[block.cells]
                found[mine] = (block.inverse @ inside)[rows] if many else block.inverse[rows] @ inside
        return found


def precision(healthy: Healthy, at: Conditions) -> Precision:
    """The one of the counts in these conditions."""
    exists = healthy.view.exists
    mean = healthy.expected(at)[exists]
    variance = np.full(len(mean), CERTAIN)
    diagonal = np.ones(len(mean))
    blocks = []
    for members in parts(healthy.view):
        covariance = _covariance(healthy, at, members)
        own = np.flatnonzero(members[exists])
        spread = np.diag(covariance)
        varies = (spread > 0.0) & (mean[own] > 0.0)
        if not varies.any():
            continue
        own, spread = own[varies], spread[varies]
        scale = np.sqrt(spread)
        inverse = np.linalg.inv(covariance[np.ix_(varies, varies)] / np.outer(scale, scale))
        variance[own], diagonal[own] = spread, np.diag(inverse)
        blocks.append(Block(own, inverse.astype(np.float32)))
    return Precision(tuple(blocks), diagonal, variance)


def _covariance(healthy: Healthy, at: Conditions, members: Mask) -> Array:
    return healthy.covariance_of(at, members) if isinstance(healthy, HcalMap) else healthy.covariance(at)


def parts(view: View) -> list[Mask]:
    """The whole map, or where it is large its subdetectors; of those that are large the two ends.

    The ends of an HCAL endcap are too far apart for one shower, and no shower reaches two subdetectors.
    """
    if int(view.exists.sum()) <= WHOLE:
        return [view.exists]
    found = []
    for part in (region.members for region in view.regions if region.kind == "subdetector"):
        halves = [each.members for each in view.regions if each.kind == "half" and part[each.members].all()]
        found += [part] if int(part.sum()) <= WHOLE else halves
    return found
