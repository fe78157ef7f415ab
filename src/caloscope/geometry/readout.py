"""The blocks of towers that ECAL's selective readout takes, and how much of what a tower counts is theirs.

Around a trigger tower with much energy a whole block of towers is read out, all crystals of them; elsewhere
only crystals above a threshold are. So a tower counts 25 digis at once or a few single ones, and neighbours
fluctuate together. If a share f of a tower's mean comes in readouts of `a` crystals each (an average weighted
by crystals), the variance is (1 + f (a - 1)) times the mean.

Sizes and shares were chosen so that sums of independent blocks have the noise of real lumisections: 23 of the
barrel and 7 of each endcap, taken in 2016 (run 276582 and others), counts of 300 to 1,200 a tower.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from caloscope.geometry.view import View
from caloscope.records import Mask

Array = NDArray[np.float64]

SIDE: Final = 5
"""Crystals along a side of a whole tower or supercrystal."""

CRYSTALS: Final = SIDE**2
"""Crystals of a whole tower or supercrystal."""

# Barrel: side of the block in towers, and its share of the digis that come in blocks.
_SQUARES: Final = ((1, 0.15), (3, 0.57), (5, 0.255), (7, 0.025))

# Endcap: angle in degrees of a square of 14 x 14 crystals, and its centre in crystals from that of the seed's
# supercrystal, (iy, ix). Trigger towers lie in rings and sectors there, across the grid of supercrystals.
_TURNED: Final = ((10, 1, 1), (25, -1, 1), (40, 1, -1), (55, -1, -1), (70, 1, 0), (85, 0, -1))
_TURNED_SIDE: Final = 14
_ALONE: Final = 0.20
"""Share of the endcaps' blocks that are a single supercrystal."""

# Share of an endcap's digis that come in blocks, against the distance from the beam in supercrystals.
_RADII: Final = (2.0, 3.0, 4.0, 5.0, 9.0, 10.0)
_SHARES: Final = (0.08, 0.26, 0.52, 0.61, 0.61, 0.57)


@dataclass(frozen=True, slots=True, eq=False)
class Footprint:
    """One shape of a block.

    `share` is its part of all digis that come in blocks; those of a view add up to 1. `which` tells which
    crystals are read, `(5 n, 5 n)` = (y, x) in crystals, the seed's tower in the middle, n odd; read-only.
    """

    share: float
    which: Mask

    @property
    def crystals(self) -> NDArray[np.int64]:
        """Crystals of each tower around the seed that are read, `(n, n)` = (y, x), 0 to 25."""
        towers = len(self.which) // SIDE
        by_tower = self.which.reshape(towers, SIDE, towers, SIDE)
        return np.asarray(by_tower.sum(axis=(1, 3)), dtype=np.int64)

    @property
    def size(self) -> int:
        """Crystals of the whole block."""
        return int(self.which.sum())


@cache
def footprints(view_name: str) -> tuple[Footprint, ...]:
    """The blocks of EB, EE+ or EE-; none for any other view."""
    if view_name == "EB":
        return tuple(_square(towers, share) for towers, share in _SQUARES)
    if view_name in ("EE+", "EE-"):
        share = (1.0 - _ALONE) / len(_TURNED)
        return (_square(1, _ALONE), *(_turned(*placed, share) for placed in _TURNED))
    return ()


def full_readout_share(view: View) -> Array:
    """Share of each cell's mean that comes in blocks; zero where no cell is and on views without blocks.

    In the barrel from the Fano factor, 14.6 in the middle and 7.8 at the ends; in the endcaps from that of
    whole supercrystals, about 13, but 5 beside the beam hole.
    """
    y, x = np.indices(view.shape[-2:])
    if view.name == "EB":
        ends = (np.abs(y - 16.5) - 0.5) / 16.0
        fano = 14.6 - 3.6 * ends - 3.2 * ends**4
        share = (fano - 1.0) / (CRYSTALS - 1.0)
    elif view.name in ("EE+", "EE-"):
        share = np.interp(np.hypot(y - 9.5, x - 9.5), _RADII, _SHARES)
    else:
        return np.zeros(view.shape)
    return np.where(view.exists, share, 0.0)


def lost_with_seeds(view: View, seeds: Mask) -> Array:
    """Share of each cell's healthy mean that is lost when these cells never seed a block.

    `seeds` and the answer have the view's shape; zeros on views without blocks. Taken for seeds that are
    otherwise equally frequent all around, as they nearly are.
    """
    taken = np.zeros(view.shape)
    if footprints(view.name) and seeds.any():
        lost, whole = _spread(seeds & view.exists, view), _spread(view.exists, view)
        np.divide(lost, whole, out=taken, where=view.exists)
        # Only the cells in reach lose something: no rounding elsewhere.
        taken[lost < 1e-9] = 0.0
    return taken * full_readout_share(view)


def _spread(seeds: Mask, view: View) -> Array:
    """Crystals read on average by one block of each of these seeds, in units of a block's."""
    kernel = _kernel(view.name)
    margin = len(kernel) // 2
    widths = [(margin, margin) if circular else (0, 0) for circular in view.circular]
    wrapped = np.pad(seeds.astype(np.float64), widths, mode="wrap")
    spread = ndimage.convolve(wrapped, kernel, mode="constant")
    return np.asarray(
        spread[tuple(slice(before, before + n) for (before, _), n in zip(widths, view.shape, strict=True))]
    )


@cache
def _kernel(view_name: str) -> Array:
    """Mean crystals of each tower around a seed that one digi of its blocks stands for, sum 1."""
    found = footprints(view_name)
    towers = max(len(each.crystals) for each in found)
    kernel = np.zeros((towers, towers))
    for each in found:
        margin = (towers - len(each.crystals)) // 2
        inside = slice(margin, towers - margin)
        kernel[inside, inside] += each.share * each.crystals / each.size
    return kernel


def _square(towers: int, share: float) -> Footprint:
    return Footprint(share, _frozen(np.ones((SIDE * towers, SIDE * towers), dtype=np.bool_)))


def _turned(angle: float, down: float, right: float, share: float, towers: int = 5) -> Footprint:
    """A turned square of crystals: those whose middle lies inside."""
    steps = np.arange(SIDE * towers) - (SIDE * towers - 1) / 2
    y, x = steps[:, np.newaxis] - down, steps[np.newaxis] - right
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    along, across = np.abs(x * cosine + y * sine), np.abs(y * cosine - x * sine)
    return Footprint(share, _frozen(np.maximum(along, across) <= _TURNED_SIDE / 2))


def _frozen(which: Mask) -> Mask:
    which.setflags(write=False)
    return which
