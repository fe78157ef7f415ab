"""Where faults fall that are made for training: single cells, regions of hardware, patches, whole maps."""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry import View
from caloscope.records import Mask

Whole: TypeAlias = NDArray[np.int64]

CELL: Final = 0.35
PATCH: Final = 0.25
WHOLE_MAP: Final = 0.1
"""Shares of the faults that are of one cell, of a patch, of all cells. The others are of regions, all kinds
of them alike; where a view has no regions, these are patches."""

LARGEST: Final = 0.5
"""Longest side of a patch, as a share of the axis."""

ALL_DEPTHS: Final = 0.5
"""Share of the patches that go through all depths."""


class Places:
    """Draws the cells of faults on a view.

    Cells are those that exist, in C order. Patches are rectangles, at one depth or through all.
    """

    def __init__(self, on: View) -> None:
        at = np.nonzero(on.exists)
        self._depth = at[0].astype(np.int16) if on.depths else np.zeros(at[0].size, np.int16)
        self._along = (at[-2].astype(np.int16), at[-1].astype(np.int16))
        self._bins = (on.y.bins, on.x.bins)
        self._circular = (on.y.circular, on.x.circular)
        held = [region for region in on.regions if region.members.any()]
        kinds = dict.fromkeys(region.kind for region in held)
        self._members = np.array([region.members[on.exists] for region in held], np.bool_)
        self._numbers = [
            np.array([number for number, region in enumerate(held) if region.kind == kind]) for kind in kinds
        ]
        regions = 1.0 - CELL - PATCH - WHOLE_MAP
        share = [regions / len(self._numbers)] * len(self._numbers)
        self._share = np.array([CELL, PATCH if share else PATCH + regions, WHOLE_MAP, *share])

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self._depth.size

    def draw(self, faults: int, rng: np.random.Generator) -> Mask:
        """The cells of so many faults, `(faults, cells)`, at least one each."""
        found = np.zeros((faults, self.cells), np.bool_)
        what = rng.choice(self._share.size, size=faults, p=self._share / self._share.sum())
        centre = rng.integers(self.cells, size=faults)
        single, patch = what == 0, np.flatnonzero(what == 1)
        found[single, centre[single]] = True
        found[patch] = self._patches(centre[patch], rng)
        found[what == 2] = True
        for kind, numbers in enumerate(self._numbers, start=3):
            these = np.flatnonzero(what == kind)
            found[these] = self._members[rng.choice(numbers, size=these.size)]
        return found

    def _patches(self, centre: Whole, rng: np.random.Generator) -> Mask:
        """Rectangles of any size around the centres, round the seam of circular axes."""
        alone = rng.random(centre.size) >= ALL_DEPTHS
        inside = ~alone[:, np.newaxis] | (self._depth == self._depth[centre][:, np.newaxis])
        for along, bins, circular in zip(self._along, self._bins, self._circular, strict=True):
            longest = max(1.0, LARGEST * bins)
            # small ones are as frequent as large ones
            side = np.exp(rng.uniform(0.0, np.log(longest + 1.0), centre.size)).astype(np.int16)
            first = along[centre] - rng.integers(0, side)
            apart = along - first[:, np.newaxis].astype(np.int16)
            if circular:
                apart %= bins
            inside &= (apart >= 0) & (apart < side[:, np.newaxis])
        return np.asarray(inside)
