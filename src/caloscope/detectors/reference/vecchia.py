"""The inverse of the correlation matrix of all cells, sparse and positive definite by construction.

Each cell is predicted from a few cells before it (A. V. Vecchia, J. R. Stat. Soc. B 50 (1988) 297): with
weights A and variances D of what is left, the inverse is (I - A)' D^-1 (I - A).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from caloscope.detectors.base import Array
from caloscope.detectors.reference.cells import Cells, Whole, lags_within
from caloscope.detectors.reference.lags import Alike
from caloscope.records import Mask

LEAST_LEFT: Final = 0.03
"""Share of its variance that a cell keeps, however well its neighbours predict it."""

SIZES: Final = {2: (3, 24), 3: (4, 20)}
"""For views without and with depths: how far along y and x the cells are that predict, and how many."""

NOTHING: Final = 1e-4
"""A correlation below this predicts nothing."""


class Inverse(NamedTuple):
    """Compressed rows of a symmetric matrix `(n, n)`."""

    data: NDArray[np.float32]
    indices: NDArray[np.int32]
    indptr: NDArray[np.int32]

    def matrix(self) -> sparse.csr_array:
        """As scipy knows it."""
        size = len(self.indptr) - 1
        return sparse.csr_array((self.data, self.indices, self.indptr), shape=(size, size))


def inverse_of(alike: Alike, cells: Cells, use: Mask) -> Inverse:
    """The inverse of the correlations of the cells to `use`; the others are left by themselves."""
    reach, most = SIZES[len(cells.view.shape)]
    lags = np.array(lags_within(len(cells.view.shape), reach, alike.depths))
    rows, columns, weights, left = [], [], [], np.ones(cells.count)
    for family in range(len(cells.families)):
        table = alike.tables[family]
        strength = np.abs(_at(table, lags))
        order = np.argsort(-strength, kind="stable")
        ordered = lags[order[strength[order] > NOTHING]]
        mine = np.flatnonzero((cells.family == family) & use)
        if not len(ordered) or not len(mine):
            continue
        near, which = _before(cells, ordered, mine, use, most)
        weight, rest = _predict(table, ordered, near, which, alike.share, mine)
        left[mine] = rest
        some = near >= 0
        rows.append(np.repeat(mine, near.shape[1])[some.ravel()])
        columns.append(near[some])
        weights.append(weight[some])
    return _product(rows, columns, weights, left)


def _at(table: Array, steps: Whole) -> Array:
    """Correlations at distances `(..., axes)`, 0 beyond the table."""
    depths = np.zeros((*steps.shape[:-1], table.ndim - steps.shape[-1]), np.int64)
    place = np.concatenate([depths, steps], axis=-1) + np.array(table.shape) // 2
    inside = ((place >= 0) & (place < table.shape)).all(axis=-1)
    place[~inside] = 0
    return np.asarray(np.where(inside, table[tuple(np.moveaxis(place, -1, 0))], 0.0))


def _before(cells: Cells, lags: Whole, mine: Whole, use: Mask, most: int) -> tuple[Whole, Whole]:
    """The cells before each that say most of it, `(mine, most)`, -1 for none, and at which lag they are."""
    found = cells.neighbours(lags)[mine]
    family = cells.family[mine][:, None]
    good = (found >= 0) & (found < mine[:, None]) & use[found] & (cells.family[found] == family)
    order = np.argsort(~good, axis=1, kind="stable")[:, :most]
    near = np.where(np.take_along_axis(good, order, axis=1), np.take_along_axis(found, order, axis=1), -1)
    return near, order


def _predict(
    table: Array, lags: Whole, near: Whole, which: Whole, share: Array, mine: Whole
) -> tuple[Array, Array]:
    """Weights of the cells before each, and the share of its variance that they do not explain."""
    between, towards = _at(table, lags[None, :] - lags[:, None]), _at(table, lags)
    root = np.where(near >= 0, np.sqrt(share)[near], 0.0)
    matrix = between[which[:, :, None], which[:, None, :]] * root[:, :, None] * root[:, None, :]
    places = np.arange(near.shape[1])
    matrix[:, places, places] = 1.0
    shown = towards[which] * root * np.sqrt(share[mine])[:, None]
    weight = np.linalg.solve(matrix, shown[:, :, None])[:, :, 0]
    left = 1.0 - np.einsum("ij,ij->i", weight, shown)
    # Where an axis goes round in a few cells, one cell is at two distances, and there may be no such matrix.
    wrong = left < LEAST_LEFT
    return np.where(wrong[:, None], 0.0, weight), np.where(wrong, 1.0, left)


def _product(rows: list[Whole], columns: list[Whole], weights: list[Array], left: Array) -> Inverse:
    size = len(left)
    before = sparse.csr_array((size, size))
    if rows:
        entries = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
        before = sparse.csr_array(entries, shape=(size, size))
    apart = sparse.eye_array(size, format="csr") - before
    found = (apart.T @ sparse.diags_array(1.0 / left) @ apart).tocsr()
    found.sum_duplicates()
    found.sort_indices()
    return Inverse(
        found.data.astype(np.float32), found.indices.astype(np.int32), found.indptr.astype(np.int32)
    )
