"""What a bundle keeps of the reference, and how it is checked when it comes back."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.base import Array, Settings
from caloscope.detectors.learned import array_of, count_of, noise_of, number_of
from caloscope.detectors.reference.areas import SECTORS, Areas
from caloscope.detectors.reference.cells import Whole
from caloscope.detectors.reference.changes import Changes
from caloscope.detectors.reference.domain import Domain, Spread
from caloscope.detectors.reference.knowledge import Knowledge
from caloscope.detectors.reference.mean import Mean
from caloscope.detectors.reference.vecchia import Inverse
from caloscope.errors import BundleError

Arrays = Mapping[str, NDArray[np.generic]]

NAME: Final = "reference"
ASYMMETRY: Final = 1e-4
"""Relative difference of two entries that ought to be the same."""


def settings_of(known: Knowledge, min_events: int) -> Settings:
    """The plain values."""
    return {
        "noise": known.mean.noise,
        "follows_pileup": known.mean.follows,
        "pileup_mean": known.mean.pileup_mean,
        "pileup_low": known.mean.pileup_low,
        "pileup_high": known.mean.pileup_high,
        "region_change": known.changes.region,
        "map_change": known.changes.map,
        "only_run": known.only_run,
        "min_events": min_events,
    }


def arrays_of(known: Knowledge) -> dict[str, NDArray[np.generic]]:
    """The arrays."""
    mean, domain = known.mean, known.domain
    return {
        "exists": known.exists,
        "alive": mean.alive,
        "sure": mean.sure,
        "level": mean.level,
        "slope": mean.slope,
        "curve_group": mean.group.astype(np.int32),
        "curve": mean.curve,
        "dispersion": known.dispersion,
        "inverse_data": known.inverse.data,
        "inverse_indices": known.inverse.indices,
        "inverse_indptr": known.inverse.indptr,
        "group": known.group.astype(np.int32),
        "common": known.common,
        "common_without_pileup": known.common_without,
        "change": known.changes.cell,
        "change_in_run": known.changes.in_run,
        "area": domain.areas.number.astype(np.int32),
        "ring_family": domain.areas.family.astype(np.int32),
        "ring_counting": domain.rings.counting,
        "ring_change": domain.rings.change,
        "sector_counting": domain.sectors.counting,
        "sector_change": domain.sectors.change,
    }


def restored(settings: Settings, arrays: Arrays) -> tuple[Knowledge, int]:
    """What was learned, and the least number of events. Raises `BundleError` when something does not fit."""
    exists = array_of(NAME, arrays, "exists") > 0
    count = int(exists.sum())
    if not count:
        raise BundleError(f"{NAME}: found a view without cells, expected some")
    mean = _mean(settings, arrays, count)
    groups = len(mean.curve)
    found = Knowledge(
        exists=exists,
        mean=mean,
        dispersion=_positive(arrays, "dispersion", count),
        inverse=_inverse(arrays, count),
        group=_places(arrays, "group", count, -1, groups),
        common=array_of(NAME, arrays, "common", (groups,)),
        common_without=array_of(NAME, arrays, "common_without_pileup", (groups,)),
        changes=Changes(
            _positive(arrays, "change", count),
            _positive(arrays, "change_in_run", count),
            number_of(NAME, settings, "region_change"),
            number_of(NAME, settings, "map_change"),
        ),
        domain=_domain(arrays, count, 2 if mean.noise == "binomial" else 1),
        only_run=count_of(NAME, settings, "only_run"),
    )
    return found, count_of(NAME, settings, "min_events")


def _mean(settings: Settings, arrays: Arrays, count: int) -> Mean:
    curve = array_of(NAME, arrays, "curve", negative=True)
    if curve.ndim != 2 or curve.shape[1] != 2 or not len(curve):
        raise BundleError(f"{NAME}: found curve of shape {curve.shape}, expected (groups, 2)")
    middle, low, high = (number_of(NAME, settings, f"pileup_{name}") for name in ("mean", "low", "high"))
    follows = bool(settings.get("follows_pileup"))
    if follows and not 0 < low <= middle <= high:
        raise BundleError(
            f"{NAME}: found pileup {middle:g} in a range from {low:g} to {high:g}, expected it inside"
        )
    return Mean(
        noise=noise_of(NAME, settings),
        level=array_of(NAME, arrays, "level", (count,), negative=True),
        slope=array_of(NAME, arrays, "slope", (count,), negative=True),
        group=_places(arrays, "curve_group", count, 0, len(curve)),
        curve=curve,
        alive=array_of(NAME, arrays, "alive", (count,)) > 0,
        sure=array_of(NAME, arrays, "sure", (count,)) > 0,
        follows=follows,
        pileup_mean=middle,
        pileup_low=low,
        pileup_high=high,
    )


def _positive(arrays: Arrays, name: str, count: int) -> Array:
    found = array_of(NAME, arrays, name, (count,))
    if not (found > 0).all():
        raise BundleError(f"{NAME}: found a {name} of zero, expected positive ones")
    return found


def _places(arrays: Arrays, name: str, count: int | None, low: int, high: int) -> Whole:
    """Whole numbers from `low` to below `high`."""
    found = array_of(NAME, arrays, name, None if count is None else (count,), negative=True)
    whole = found.astype(np.int64)
    if (whole != found).any() or (found.size and not (low <= whole.min() and whole.max() < high)):
        raise BundleError(f"{NAME}: found {name} beyond {low} to {high - 1}, expected places in that range")
    return np.asarray(whole)


def _inverse(arrays: Arrays, count: int) -> Inverse:
    starts = _places(arrays, "inverse_indptr", count + 1, 0, 2**31)
    size = int(starts[-1])
    if starts[0] != 0 or (np.diff(starts) < 1).any():
        raise BundleError(f"{NAME}: found inverse_indptr that does not ascend from 0, expected rows in order")
    data = array_of(NAME, arrays, "inverse_data", (size,), negative=True)
    columns = _places(arrays, "inverse_indices", size, 0, count)
    found = Inverse(data.astype(np.float32), columns.astype(np.int32), starts.astype(np.int32))
    matrix = found.matrix()
    if not matrix.has_canonical_format or not (matrix.diagonal() > 0).all():
        raise BundleError(
            f"{NAME}: found an inverse that cannot be, expected ordered rows, a positive diagonal"
        )
    difference = abs(matrix - matrix.T)
    if difference.nnz and float(difference.max()) > ASYMMETRY * float(matrix.diagonal().max()):
        raise BundleError(f"{NAME}: found an inverse that is not symmetric, expected a symmetric one")
    return found


def _domain(arrays: Arrays, count: int, kinds: int) -> Domain:
    family = array_of(NAME, arrays, "ring_family")
    if family.ndim != 1:
        raise BundleError(f"{NAME}: found ring_family of shape {family.shape}, expected (rings,)")
    rings = len(family)
    areas = Areas(_places(arrays, "area", count, -1, rings * SECTORS), family.astype(np.int64))
    return Domain(areas, _spread(arrays, "ring", rings, kinds), _spread(arrays, "sector", rings, kinds))


def _spread(arrays: Arrays, name: str, rings: int, kinds: int) -> Spread:
    counting, change = (
        array_of(NAME, arrays, f"{name}_{part}", (kinds, rings)) for part in ("counting", "change")
    )
    if not (counting > 0).all():
        raise BundleError(f"{NAME}: found a {name}_counting of zero, expected positive ones")
    return Spread(counting, change)
