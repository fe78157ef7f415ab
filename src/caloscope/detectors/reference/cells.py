"""Which cells of a view behave alike, and where the neighbours of each are.

All arrays are flat, over the n cells that exist, in C order.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry import View
from caloscope.records import Mask

Lag: TypeAlias = tuple[int, ...]
Whole: TypeAlias = NDArray[np.int64]

SUBDETECTOR: Final = "subdetector"


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells of a view that exist.

    A *family* of cells, `(n,)`, has noise of one kind; its name is in `families`. A *group*, `(n,)`, is what
    one depth holds of a family: its cells follow pileup, and fluctuate from one lumisection to the next,
    together. `number` has the view's shape: the flat place of each cell, -1 where there is none.
    """

    view: View
    family: Whole
    families: tuple[str, ...]
    group: Whole
    number: Whole

    @property
    def count(self) -> int:
        """How many cells exist."""
        return len(self.family)

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return int(self.group.max()) + 1

    @classmethod
    def of(cls, view: View) -> "Cells":
        """Families are the view's regions of the kind `subdetector`; a view without any is one family."""
        exists = view.exists
        regions = [region for region in view.regions if region.kind == SUBDETECTOR]
        label = np.zeros(view.shape, np.int64)
        for place, region in enumerate(regions, start=1):
            label[region.members] = place
        found, family = np.unique(label[exists], return_inverse=True)
        names = (view.name, *(region.name for region in regions))
        number = np.full(view.shape, -1)
        number[exists] = np.arange(int(exists.sum()))
        return cls(view, family, tuple(names[i] for i in found), _groups(view, family), number)

    def members(self, mask: Mask) -> Whole:
        """Flat places of the cells of a region."""
        return np.asarray(self.number[mask & self.view.exists])

    def neighbours(self, lags: Sequence[Lag] | Whole) -> Whole:
        """Flat place of the cell so far away from each, `(n, lags)`; -1 where there is none."""
        places = np.argwhere(self.view.exists)
        found = np.empty((len(places), len(lags)), np.int64)
        for column, lag in enumerate(lags):
            there = places + np.asarray(lag)
            inside = np.ones(len(there), np.bool_)
            for axis, (bins, circular) in enumerate(zip(self.view.shape, self.view.circular, strict=True)):
                if circular:
                    there[:, axis] %= bins
                else:
                    inside &= (there[:, axis] >= 0) & (there[:, axis] < bins)
            there[~inside] = 0
            found[:, column] = np.where(inside, self.number[tuple(there.T)], -1)
        return found


def lags_within(dimensions: int, reach: int, depths: int) -> list[Lag]:
    """All distances but zero, up to `reach` along y and x, and up to `depths` in depth where there is one."""
    axes = [range(-depths, depths + 1)] * (dimensions - 2) + [range(-reach, reach + 1)] * 2
    return [lag for lag in itertools.product(*axes) if any(lag)]


def _groups(view: View, family: Whole) -> Whole:
    depth = np.nonzero(view.exists)[0] if view.depths else np.zeros(len(family), np.int64)
    return np.asarray(np.unique(family * (len(view.depths) + 1) + depth, return_inverse=True)[1])
