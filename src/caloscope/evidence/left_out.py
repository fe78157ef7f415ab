"""What it takes to leave cells out of the picture, exactly.

With F the cells that are left out and o all others, the inverse correlation matrix of the others is P_oo -
P_oF P_FF^-1 P_Fo. So those that are left out are replaced by what the others make of them, -P_FF^-1 P_Fo z_o,
and the precision of each of the others falls by the diagonal of the second term.
"""

from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from caloscope.records import Floats, Mask

LARGEST_BLOCK: Final = 1_000
"""Cells that hang together and are left out as one; of more, each, and each beside them, is taken by itself.
"""

_BLOCKS_KEPT, _NUMBERS_KEPT = 256, 8_000_000
_LEAST: Final = np.float32(1e-3)

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Cells that hang together: their covariance given all others, and what they take from those."""

    cells: Numbers
    covariance: Floats
    around: Numbers
    less: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """Cells that are left out, and their rows of the matrix.

    Places among them: the `single` ones depend on no other that is left out, the others hang together in
    `blocks`. `alone` are the cells of the map that are taken by themselves, `asked` those that are neither.
    `precision` is of all cells.
    """

    cells: Numbers
    rows: sparse.csr_array
    single: Numbers
    blocks: tuple[tuple[Numbers, Block], ...]
    alone: Numbers
    precision: Floats
    asked: Mask

    def score(self, z: Floats, weigh: Callable[[Floats], Floats]) -> Floats:
        """Pz without the cells that are left out; theirs too, given all that are not.

        `weigh` multiplies by P.
        """
        asked = z.copy()
        asked[self.cells] = 0
        if self.rows.nnz > len(self.cells):
            asked[self.cells] = self._guess(np.asarray(self.rows @ asked, np.float32))
        score = weigh(asked)
        score[self.cells] = (z[self.cells] - asked[self.cells]) * self.precision[self.cells]
        score[self.alone] = z[self.alone]
        return score

    def _guess(self, pull: Floats) -> Floats:
        """What the others make of the cells that are left out."""
        guess = np.zeros_like(pull)
        guess[self.single] = -pull[self.single] / self.precision[self.cells[self.single]]
        for places, block in self.blocks:
            guess[places] = -(block.covariance @ pull[places])
        return guess


def left_out(
    matrix: sparse.csr_array, own: Floats, out: Mask, known: MutableMapping[bytes, Block]
) -> LeftOut:
    """Leave cells out of an inverse correlation matrix with diagonal `own`; `known` remembers blocks."""
    cells = np.flatnonzero(out)
    rows: Any = matrix[cells]
    owner = _owners(rows)
    other = rows.indices != cells[owner]
    beside = other & out[rows.indices]
    together = np.bincount(owner[beside], minlength=len(cells)) > 0
    precision = _singly(rows, cells, own, other & ~together[owner])
    blocks: list[tuple[Numbers, Block]] = []
    alone = [np.empty(0, np.int64)]
    for places in _groups(owner[beside], np.searchsorted(cells, rows.indices[beside]), together):
        if len(places) > LARGEST_BLOCK:
            alone.append(np.unique(rows[places].indices).astype(np.int64))
            continue
        block = _block(matrix, cells[places], known)
        precision[block.around] -= block.less
        precision[block.cells] = 1 / np.diagonal(block.covariance)
        blocks.append((places, block))
    by_themselves = np.concatenate(alone)
    precision[by_themselves] = 1
    least = np.maximum(precision, _LEAST).astype(np.float32)
    asked = ~out
    asked[by_themselves] = False
    return LeftOut(cells, rows, np.flatnonzero(~together), tuple(blocks), by_themselves, least, asked)


def _owners(rows: Any) -> Numbers:
    """The row of each entry."""
    return np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))


def _singly(rows: Any, cells: Numbers, own: Floats, mine: Mask) -> NDArray[np.float64]:
    """The precision that is left where cells are taken out which touch no other one that is.

    Most are of this kind: what they take is in their own row. `mine` are these entries of the rows.
    """
    owners = cells[_owners(rows)[mine]]
    taken = rows.data[mine].astype(np.float64) ** 2 / own[owners]
    return np.asarray(own - np.bincount(rows.indices[mine], taken, len(own)), np.float64)


def _groups(one: Numbers, other: Numbers, together: Mask) -> Iterator[Numbers]:
    """Places that hang together, group by group; `one` touches `other`, ascending."""
    places = np.flatnonzero(together)
    if not len(places):
        return
    starts = np.searchsorted(one, np.arange(len(together) + 1))
    links: Any = sparse.csr_array((np.ones(len(one)), other, starts), shape=(len(together),) * 2)
    labels = connected_components(links, directed=False)[1][places]
    order = np.argsort(labels, kind="stable")
    yield from np.split(places[order], np.flatnonzero(np.diff(labels[order])) + 1)


def _block(matrix: Any, cells: Numbers, known: MutableMapping[bytes, Block]) -> Block:
    """What leaving out these cells takes; remembered, as they often stay out for many lumisections."""
    key = cells.tobytes()
    found = known.get(key)
    if found is None:
        found = known[key] = _made(matrix[cells], cells)
        while (
            len(known) > _BLOCKS_KEPT or sum(each.covariance.size for each in known.values()) > _NUMBERS_KEPT
        ):
            known.pop(next(iter(known)), None)
    return found


def _made(rows: Any, cells: Numbers) -> Block:
    # All columns in which something stands, as a plain array: sparse ones are slow where they are this small.
    columns, place = np.unique(rows.indices, return_inverse=True)
    plain = np.zeros((len(cells), len(columns)))
    plain[_owners(rows), place] = rows.data
    mine = np.isin(columns, cells, assume_unique=True)
    covariance = np.linalg.inv(np.compress(mine, plain, axis=1))
    links = np.compress(~mine, plain, axis=1)
    less = np.einsum("ia,ia->a", links, covariance @ links)
    return Block(cells, covariance.astype(np.float32), columns[~mine].astype(np.int64), less)
