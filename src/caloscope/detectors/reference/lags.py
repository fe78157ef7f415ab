"""How alike residuals of two cells are at each distance, pooled over the map."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import fft

from caloscope.detectors.base import Array
from caloscope.detectors.reference.cells import Cells
from caloscope.records import Floats, Mask

REACH: Final = 6
"""Cells along y and x beyond which nothing is alike: ECAL reads out at most five towers at once."""

DEPTHS: Final = 2
FAR: Final = 7
"""Distance from which on alikeness is that of the whole map."""

FARTHEST: Final = 12
MOST_LUMIS: Final = 600
"""So many lumisections show correlations to a part in a thousand."""

LEAST_EIGENVALUE: Final = 0.03
ROUNDS: Final = 10

ECAL: Final = {
    (0, 1): 0.59, (0, 2): 0.36, (0, 3): 0.14, (0, 4): 0.06,
    (1, 1): 0.44, (1, 2): 0.27, (2, 2): 0.17, (1, 3): 0.10, (2, 3): 0.06, (1, 4): 0.04,
}  # fmt: skip
"""Correlations of ECAL towers by distance along y and x, either way round. Those along an axis and on the
diagonals are measured on run 276582, the others are what reading out blocks of towers makes of them."""

ENDCAPS: Final = 0.92
"""What makes them those of the endcaps, where neighbours remove 53-61 % of the variance, not 62-64 %."""

ECAL_PAIRS: Final = 12_000.0
"""Pairs that ECAL's default weighs: about five lumisections of the barrel."""

HCAL: Final = 0.05
HCAL_DISTANCE: Final = 4.0
"""Correlation of HCAL channels side by side, and the distance at which it has fallen to zero."""

PAIRS: Final = 2_000.0
"""Pairs that other defaults weigh."""


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Correlations by distance, one table for each family of cells: `(family, 2 D + 1, 2 R + 1, 2 R + 1)`.

    D is `DEPTHS` (0 on a view without depths), R is `REACH`; distance zero is in the middle, and is 1. They
    hold for cells of which all fluctuation can be shared: `share` `(n,)` is how much of a cell's can, so the
    correlation of two cells is the table's times the root of both shares. `together` is the variance of what
    all cells do at the same time.
    """

    tables: Array
    share: Array
    together: float

    @property
    def depths(self) -> int:
        """The largest distance in depth."""
        return int(self.tables.shape[1]) // 2


def learn_alike(z: Floats, lever: Array, share: Array, cells: Cells, use: Mask, degrees: int) -> Alike:
    """From residuals `(lumi, n)` of variance 1 in the cells to `use`, zero elsewhere.

    What is common to all cells, seen between those that are far apart, is taken off: it grows with `lever`.
    """
    lumis = len(z)
    z = z[:: -(-lumis // MOST_LUMIS)]
    depths = DEPTHS if cells.view.depths else 0
    tables = np.zeros((len(cells.families), 2 * depths + 1, 2 * REACH + 1, 2 * REACH + 1))
    togethers, weights = [], []
    for family in range(len(cells.families)):
        mine = use & (cells.family == family)
        sums = _sums(np.where(mine, z, np.float32(0)), cells, depths) * (lumis / len(z))
        levers = _sums(np.where(mine, lever, 0.0)[None], cells, depths) * lumis
        shares = _sums(np.sqrt(np.where(mine, share, 0.0))[None], cells, depths) * lumis
        common = _common(sums, levers, _sums(mine.astype(np.float64)[None], cells, depths) * lumis)
        found = (sums - common * levers)[_near()]
        pairs = shares[_near()] * degrees / max(lumis, 1)
        usual, weight = _default(cells.view.name, cells.families[family], tables.shape[1:])
        found = found * degrees / max(lumis, 1)
        tables[family] = possible((found + usual * weight) / np.maximum(pairs + weight, 1.0))
        togethers.append(common)
        weights.append(float(mine.sum()))
    together = float(np.average(togethers, weights=np.array(weights) + 1e-9))
    return Alike(tables, np.minimum(share, 1.0 / (1.0 - LEAST_EIGENVALUE)), together)


def _common(sums: Array, levers: Array, pairs: Array) -> float:
    """Variance of what all cells do at the same time, from cells that are far apart.

    On a map so small that there are hardly any pairs of such it is 0: what cells share is then in the
    correlations.
    """
    far = _far(sums.shape)
    known = float(levers[far].sum())
    return float(sums[far].sum()) / known if pairs[far].sum() >= PAIRS and known > 0 else 0.0


def possible(table: Array) -> Array:
    """The nearest correlations that can be: no combination of cells may have a negative variance.

    On an infinite map the eigenvalues are the Fourier transform; those below `LEAST_EIGENVALUE` are raised,
    and where that leaves some, all correlations are made smaller.
    """
    middle = tuple(size // 2 for size in table.shape)
    table = table.copy()
    table[middle] = 1.0
    for _ in range(ROUNDS):
        lowest, raised = _raised(table)
        if lowest >= LEAST_EIGENVALUE:
            return table
        table = raised / raised[middle]
    lowest, _ = _raised(table)
    table *= min(1.0, (1.0 - LEAST_EIGENVALUE) / (1.0 - lowest))
    table[middle] = 1.0
    return table


def _raised(table: Array) -> tuple[float, Array]:
    """The lowest eigenvalue, and the table with all that are too low raised."""
    wide = np.zeros([size * 2 + 1 for size in table.shape])
    inside = tuple(slice(0, size) for size in table.shape)
    wide[inside] = table
    middle, axes = [size // 2 for size in table.shape], tuple(range(table.ndim))
    spectrum = np.real(fft.fftn(np.roll(wide, [-step for step in middle], axis=axes)))
    wide = np.real(fft.ifftn(np.maximum(spectrum, 1.2 * LEAST_EIGENVALUE)))
    return float(spectrum.min()), np.roll(wide, middle, axis=axes)[inside]


def _sums(values: Floats | Array, cells: Cells, depths: int) -> Array:
    """Sums over rows and pairs of cells of the products at each distance; distance zero is at index zero."""
    view = cells.view
    reach = [depths] * (len(view.shape) - 2) + [FARTHEST] * 2
    sizes = [
        bins if circular and bins > 2 * most else bins + most
        for bins, most, circular in zip(view.shape, reach, view.circular, strict=True)
    ]
    axes = tuple(range(1, len(sizes) + 1))
    total = np.zeros([*sizes[:-1], sizes[-1] // 2 + 1])
    for start in range(0, len(values), 50):
        rows = values[start : start + 50]
        plane = np.zeros((len(rows), *view.shape), rows.dtype)
        plane[:, view.exists] = rows
        total += np.square(np.abs(fft.rfftn(plane, s=sizes, axes=axes))).sum(axis=0)
    found = fft.irfftn(total, s=sizes)
    taken = [np.arange(-most, most + 1) for most in reach]
    found = found[np.ix_(*taken)]
    return np.asarray(found if view.depths else found[None])


def _near() -> tuple[slice, ...]:
    """The part of the sums that the tables keep."""
    inside = slice(FARTHEST - REACH, FARTHEST + REACH + 1)
    return (slice(None), inside, inside)


def _far(shape: tuple[int, ...]) -> Mask:
    """Distances at which only the whole map is alike."""
    step = np.abs(np.arange(-FARTHEST, FARTHEST + 1))
    return np.broadcast_to(np.maximum(step[:, None], step) >= FAR, shape)


def _default(view: str, family: str, shape: tuple[int, ...]) -> tuple[Array, float]:
    """What is assumed before anything is seen, and how many pairs that weighs."""
    found = np.zeros(shape)
    depth, row, column = np.indices(shape)
    depth, row, column = (np.abs(axis - axis.max() // 2) for axis in (depth, row, column))
    if view in ("EB", "EE-", "EE+"):
        for (short, long), value in ECAL.items():
            here = (np.minimum(row, column) == short) & (np.maximum(row, column) == long) & (depth == 0)
            found[here] = value if view == "EB" else ENDCAPS * value
        return found, ECAL_PAIRS
    if view == "HCAL" and family in ("HB", "HE"):
        far = np.sqrt(row**2 + column**2 + depth**2)
        found = HCAL * np.clip(1.0 - (far - 1.0) / (HCAL_DISTANCE - 1.0), 0.0, 1.0)
    return found, PAIRS
