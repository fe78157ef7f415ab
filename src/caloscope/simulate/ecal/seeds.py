"""How often blocks are read around each tower, so that together with single digis the pattern comes out."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from caloscope.detectors.base import Array
from caloscope.geometry import View
from caloscope.geometry.readout import full_readout_share
from caloscope.simulate.ecal.blocks import Blocks
from caloscope.simulate.ecal.pattern import Pattern, lose, typical

_ITERATIONS: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """What a map's digis come from, in an event at pileup 50.

    `seeds`: mean blocks of each footprint and seed, `(footprints, y, x)`; `singles`: mean single digis of
    each tower, `(y, x)`; `caused`: all digis of a seed's blocks and its tower's single ones, `(y, x)`.
    """

    blocks: Blocks
    seeds: Array
    singles: Array
    caused: Array


def sources(view: View, pattern: Pattern) -> Sources:
    """The sources whose mean is the pattern's rate exactly; that holds digis an event at pileup 50.

    Blocks are only as frequent as makes a tower's noise right, and never more than its rate allows: where
    they would be, as in a tower much weaker than those around, some of its crystals are taken for dead.
    """
    blocks = Blocks(view, pattern.alive)
    seeds = _seeds(view, pattern, blocks)
    read = blocks.digis(seeds)
    alive = pattern.alive.copy()
    while (excess := read > pattern.rate).any():  # fewer crystals in each round
        allowed = np.divide(pattern.rate, read, out=np.ones(view.shape), where=excess)
        lose(alive, np.floor(blocks.live * allowed).astype(np.int64))
        blocks = Blocks(view, alive.copy())
        read = blocks.digis(seeds)
    singles = np.asarray(pattern.rate - read)
    each = [matrix.sum(axis=0).reshape(view.shape) for matrix in blocks.matrices]
    return Sources(blocks, seeds, singles, singles + np.einsum("kyx,kyx->yx", seeds, np.array(each)))


def _seeds(view: View, pattern: Pattern, blocks: Blocks) -> Array:
    """Mean blocks, by Richardson and Lucy's iteration: never negative, and smooth as long as it is short."""
    parts = [each.share / each.size for each in blocks.footprints]
    matrix = sparse.csr_array(blocks.matrices[0] * parts[0])
    for part, one in zip(parts[1:], blocks.matrices[1:], strict=True):
        matrix = sparse.csr_array(matrix + one * part)
    wanted = np.ravel(full_readout_share(view) * typical(view, pattern.rate))
    reach = matrix.sum(axis=0)
    found = np.where(reach > 0.0, wanted, 0.0)
    for _ in range(_ITERATIONS):
        have = matrix @ found
        ratio = np.divide(wanted, have, out=np.zeros_like(have), where=have > 0.0)
        found *= np.divide(matrix.T @ ratio, reach, out=np.zeros_like(reach), where=reach > 0.0)
    return np.asarray(np.multiply.outer(np.array(parts), found.reshape(view.shape)))
