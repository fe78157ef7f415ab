"""How common modes of several groups of cells hang together, where a map has more than one.

Groups of neighbouring cells (depths of HCAL) are correlated, so the level of one cannot be told by itself:
all levels are solved for together. Beforehand they are taken to go together too, as pileup moves them all: in
six lumisections of run 306138 the modes of HB and HE correlate by 0.9. Products with the inverse correlation
matrix are taken for a lever that varies slowly within a group or a part: they follow from sums of its square.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse

from caloscope.detectors.base import Array
from caloscope.evidence.layout import Layout
from caloscope.evidence.neighbours import Neighbours
from caloscope.records import Floats

TOGETHER: Final = 0.95
"""Correlation of the common modes of two groups; what differs is a pattern of its own in the short run."""


def beforehand(usual: Array) -> Array:
    """Inverse of the covariance of modes of these rms before anything is seen, `(group, group)`."""
    alike = np.full((len(usual), len(usual)), TOGETHER)
    np.fill_diagonal(alike, 1.0)
    return np.asarray(np.linalg.inv(alike * np.multiply.outer(usual, usual)))


@dataclass(frozen=True, slots=True, eq=False)
class Couplings:
    """Of a lever of one in every cell, s'Ps' over the roots of both numbers of cells.

    `groups` `(group, group)` between groups; `parts` `(part, group)` between parts and groups.
    """

    groups: Array
    parts: Array

    def between(self, squares: Array) -> Array:
        """Information on the levels of groups, `(group, group)`, from their sums of squared levers."""
        root = np.sqrt(squares)
        return self.groups * np.multiply.outer(root, root)

    def lost(self, of_parts: Floats, squares: Array, usual: Array) -> Floats:
        """Information that parts lose as the levels of groups, of rms `usual`, are not known, `(part,)`.

        `of_parts` and `squares` are sums of squared levers over parts and over groups.
        """
        known = np.linalg.inv(self.between(squares) + beforehand(usual))
        shared = self.parts * np.sqrt(np.maximum(of_parts, 0.0))[:, None] * np.sqrt(squares)
        return np.asarray(((shared @ known) * shared).sum(axis=1), np.float32)


def couplings_of(layout: Layout, around: Neighbours) -> Couplings:
    """Those of a map; made once."""
    found: Couplings = around.remembered((layout, "couplings"), lambda: _made(layout, around))
    return found


def _made(layout: Layout, around: Neighbours) -> Couplings:
    count = len(around.common)
    inside = np.flatnonzero(around.group)
    ones = np.ones(len(inside), np.float32)
    groups = sparse.csr_array((ones, (inside, around.group[inside] - 1)), shape=(layout.cells, count))
    spread: Any = around.matrix @ groups
    sizes = np.sqrt(np.maximum(np.asarray(groups.sum(axis=0), np.float64), 1.0))
    among: Any = groups.T @ spread
    beside: Any = layout.parts @ spread
    within = np.asarray(among.toarray(), np.float64) / np.multiply.outer(sizes, sizes)
    of_parts = np.asarray(beside.toarray(), np.float64)
    return Couplings(within, of_parts / np.sqrt(layout.sizes)[:, None] / sizes)
