"""The crystals behind the counts of ECAL's towers."""

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry.readout import SIDE
from caloscope.records import Counts
from caloscope.simulate.crystals import shared_out
from caloscope.simulate.ecal.blocks import Blocks, by_tower
from caloscope.simulate.ecal.faults import Parts

Whole = NDArray[np.int64]


def spread(blocks: Blocks, drawn: Parts, towers: Counts, rng: np.random.Generator) -> Counts:
    """Counts of crystals, `(5 y, 5 x)`, whose sums over towers are `towers`, `(y, x)`, exactly.

    Each block adds one to each crystal that it reads, single digis fall on living crystals at random. What
    the towers count less than both, digis that are no hits for example, is left out at random.
    """
    crystals = _read(blocks, drawn.blocks.astype(np.int64))
    each = by_tower(crystals).reshape(-1, SIDE * SIDE)
    each = each + _singles(blocks, drawn.singles.astype(np.int64), rng)
    each -= shared_out(rng, each, each.sum(axis=1) - np.ravel(towers).astype(np.int64))
    rows, columns = towers.shape
    square = each.reshape(rows, columns, SIDE, SIDE).transpose(0, 2, 1, 3)
    return square.reshape(rows * SIDE, columns * SIDE).astype(np.uint32)


def _read(blocks: Blocks, drawn: Whole) -> Whole:
    """How often each crystal was read in a block."""
    rows, columns = blocks.alive.shape
    edge = max(len(each.which) for each in blocks.footprints)
    wide = np.zeros((rows + 2 * edge, columns + 2 * edge), dtype=np.int64)
    for footprint, seeds in zip(blocks.footprints, drawn, strict=True):
        size = len(footprint.which)
        start = edge - size // 2 + SIDE // 2
        for y, x in np.argwhere(seeds):
            top, left = start + SIDE * y, start + SIDE * x
            wide[top : top + size, left : left + size] += seeds[y, x] * footprint.which
    read = wide[edge : edge + rows, edge : edge + columns]
    if blocks.view.x.circular:
        read[:, -edge:] += wide[edge : edge + rows, :edge]
        read[:, :edge] += wide[edge : edge + rows, edge + columns :]
    return np.asarray(read * blocks.alive)


def _singles(blocks: Blocks, singles: Whole, rng: np.random.Generator) -> Whole:
    """Single digis of each crystal, `(cells, 25)`."""
    alive = by_tower(blocks.alive).reshape(-1, SIDE * SIDE).astype(np.float64)
    alive[:, 0] += alive.sum(axis=1) == 0.0  # nothing falls there: no tower without crystals has digis
    return np.asarray(rng.multinomial(np.ravel(singles), alive / alive.sum(axis=1, keepdims=True)))
