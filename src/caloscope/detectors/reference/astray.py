"""Cells that were not themselves in single lumisections that are learned from: dead, or very hot.

Good data are certified by lumisection, not by cell: a supermodule that is missing in one of them, or one hot
tower, must not be learned. Only what is beyond doubt is taken out here; a cell that is strange for a whole
run is seen in `mean`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import sparse

from caloscope.detectors.base import Array, Noise
from caloscope.detectors.reference.cells import Cells, Whole
from caloscope.detectors.reference.samples import Samples
from caloscope.records import Mask

MOST: Final = 300
"""So many lumisections, evenly taken, tell what is usual: a median over them does not see a few faults."""

FANO: Final = {"overdispersed": 12.0, "binomial": 1.0}
"""Variance over mean before anything is learned: of ECAL towers of run 276582, and of a binomial at most."""

SURELY: Final = 15.0
"""So many times that must be expected before too little is beyond doubt: then a tenth is 3.5 sigma below."""

ABSENT, HOT = 0.1, 5.0
"""Shares of what is expected beyond which a cell, or a region of hardware, is not itself."""

SMALLEST: Final = 4
"""Cells of the smallest region that is looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Mended:
    """Lumisections with what is due where cells were not themselves, and those `cells` by lumisection."""

    samples: Samples
    cells: Mapping[int, Whole]


def mended(samples: Samples, cells: Cells, noise: Noise) -> Mended:
    """Take out of each lumisection what is no healthy cell beyond doubt."""
    flat = np.flatnonzero(cells.view.exists)
    usual = _usual(samples, flat)
    busy = usual >= np.median(usual[usual > 0]) if (usual > 0).any() else np.zeros(len(usual), np.bool_)
    regions = _regions(cells)
    repairs, astray = dict[int, tuple[Whole, Array]](), dict[int, Whole]()
    for place, observation in enumerate(samples.observations):
        counts = observation.counts.ravel()[flat]
        due = usual * float(np.median(counts[busy] / usual[busy])) if busy.any() else usual
        strange = np.flatnonzero(_strange(counts, due, FANO[noise], regions))
        if len(strange):
            repairs[place] = (flat[strange], due[strange])
            astray[place] = strange
    return Mended(replace(samples, observations=samples.observations.repaired(repairs)), astray)


def _usual(samples: Samples, flat: Whole) -> Array:
    """What cells count in an event, `(n,)`; medians take out the level of each map and what is strange."""
    lumis = len(samples.observations)
    rows = np.unique(np.linspace(0, lumis - 1, min(lumis, MOST)).round().astype(np.int64))
    counts = np.array([samples.observations[row].counts.ravel()[flat] for row in rows])
    counts /= samples.events[rows][:, None]
    first: Array = np.median(counts, axis=0)
    if not (first > 0).any():
        return first
    busy = first >= np.median(first[first > 0])
    level = np.median(counts[:, busy] / first[busy], axis=1)
    counts = counts[level > 0] / level[level > 0][:, None]
    middle = np.median(counts, axis=0)
    # Counts are skew: the mean of all that is near the median is nearer to what is due than the median.
    near = (counts >= ABSENT * middle) & (counts <= HOT * middle)
    return np.asarray((counts * near).sum(axis=0) / np.maximum(near.sum(axis=0), 1))


def _regions(cells: Cells) -> sparse.csr_array:
    """Ones where a cell belongs to a region of hardware, `(region, n)`."""
    members = [cells.members(region.members) for region in cells.view.regions]
    members = [each for each in members if len(each) >= SMALLEST]
    rows = np.repeat(np.arange(len(members)), [len(each) for each in members])
    columns = np.concatenate(members) if members else np.zeros(0, np.int64)
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(members), cells.count))


def _strange(counts: Array, due: Array, fano: float, regions: sparse.csr_array) -> Mask:
    """Cells that are absent or hot, and all cells of regions that are absent."""
    sure = SURELY * fano
    found = (counts < ABSENT * due) & (due > sure)
    found |= (counts > HOT * due + sure) & (due > 0)
    absent = (regions @ counts < ABSENT * (regions @ due)) & (regions @ due > sure)
    if absent.any():
        found |= (regions[np.flatnonzero(absent)].sum(axis=0) > 0) & (due > 0)
    return np.asarray(found)
