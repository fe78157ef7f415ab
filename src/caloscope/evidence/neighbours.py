"""What the other cells say of each cell.

With P the inverse of the correlation matrix, (Pz)_i / P_ii is the residual of cell i given all others and 1 /
P_ii its variance: the classical identities of Gaussian Markov fields (Besag 1974; Rue and Held 2005). Cells
that are left out are replaced by what the others make of them, which gives exactly what P would be without
them.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from caloscope.detectors.base import Array, Covariance
from caloscope.evidence.left_out import Block, LeftOut, left_out
from caloscope.records import Floats, Mask

_KEPT: Final = 24


class Neighbours:
    """The inverse correlation matrix of a map, `(cell, cell)`, ready for use.

    `group` is one more than each cell's group, 0 for none, `grouped` 1 where there is one, `common` the usual
    rms of each group. What is remembered here depends on the matrix alone.
    """

    def __init__(self, covariance: Covariance) -> None:
        n = len(covariance.indptr) - 1
        self.matrix = sparse.csr_array((covariance.data, covariance.indices, covariance.indptr), shape=(n, n))
        self.group = covariance.group.astype(np.intp) + 1
        self.grouped: Floats = (self.group > 0).astype(np.float32)
        self.common: Array = np.asarray(covariance.common, np.float64)
        self._own: Floats = np.asarray(self.matrix.diagonal(), np.float32)
        self._blocks: dict[bytes, Block] = {}
        self._left_out: dict[bytes, LeftOut] = {}
        self._remembered: dict[object, Any] = {}

    def remembered(self, key: object, made: Callable[[], Any]) -> Any:
        """What was once computed for a key, which is kept."""
        if key not in self._remembered:
            self._remembered[key] = made()
        return self._remembered[key]

    def remembered_of(self, key: object, source: object, made: Callable[[], Any]) -> Any:
        """What was last computed for a key from the same object, which nobody changes in place."""
        last = self._remembered.get(key)
        if last is None or last[0] is not source:
            last = self._remembered[key] = (source, made())
        return last[1]

    def products(self, rows: sparse.csr_array) -> Floats:
        """The products s'Ps for each row s of a sparse matrix, `(row,)`."""
        return np.asarray((rows @ self.matrix).multiply(rows).sum(axis=1), np.float32).ravel()

    def weigh(self, z: Floats) -> Floats:
        """Pz."""
        return np.asarray(self.matrix @ z, np.float32)

    def score(self, z: Floats, out: Mask) -> Floats:
        """Pz without the cells that are left `out`; theirs too, given all that are not. Linear in z.

        Over `precision` it is the residual of each cell given the others that may be asked, in standard
        deviations of the cell.
        """
        without = self._without(out)
        return self.weigh(z) if without is None else without.score(z, self.weigh)

    def precision(self, out: Mask) -> Floats:
        """One over the variance of each cell's residual given all others but those left out."""
        without = self._without(out)
        return self._own if without is None else without.precision

    def asked(self, out: Mask) -> Mask:
        """Cells whose scores add up to that of a part: not left out, nor beside too many that are."""
        without = self._without(out)
        return ~out if without is None else without.asked

    def touching(self, cell: int) -> NDArray[np.int32]:
        """The cell and all that it is compared with."""
        first, last = self.matrix.indptr[cell], self.matrix.indptr[cell + 1]
        return np.asarray(self.matrix.indices[first:last])

    def _without(self, out: Mask) -> LeftOut | None:
        """What leaving these cells out takes; often they stay out for many lumisections."""
        if not out.any():
            return None
        key = out.tobytes()
        found = self._left_out.get(key)
        if found is None:
            while len(self._left_out) >= _KEPT:
                self._left_out.pop(next(iter(self._left_out)), None)
            found = self._left_out[key] = left_out(self.matrix, self._own, out, self._blocks)
        return found


class Alone(Neighbours):
    """Cells that know nothing of each other."""

    def __init__(self, cells: int) -> None:
        one = np.arange(cells + 1, dtype=np.int32)
        nobody = np.full(cells, -1, np.int32)
        super().__init__(Covariance(np.ones(cells, np.float32), one[:-1], one, nobody, np.zeros(0)))

    def weigh(self, z: Floats) -> Floats:
        """The residuals as they are."""
        return z

    def score(self, z: Floats, out: Mask) -> Floats:  # noqa: ARG002 - nobody is asked anyway
        """The residuals as they are."""
        return z

    def asked(self, out: Mask) -> Mask:
        """Those that are not left out."""
        return ~out

    def precision(self, out: Mask) -> Floats:  # noqa: ARG002 - nobody is asked anyway
        """One."""
        return self._own


@lru_cache(maxsize=32)
def neighbours_of(covariance: Covariance) -> Neighbours:
    """The neighbours of a map; made once for each bundle."""
    return Neighbours(covariance)


@lru_cache(maxsize=8)
def alone(cells: int) -> Neighbours:
    """Cells without neighbours."""
    return Alone(cells)
