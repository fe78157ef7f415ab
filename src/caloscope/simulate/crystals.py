"""Counts of towers, shared among their crystals, for histograms that are booked in crystals."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec
from caloscope.detectors.base import Array
from caloscope.geometry import View
from caloscope.geometry.ecal_endcap import crystals as endcap_crystals
from caloscope.geometry.readout import CRYSTALS, footprints, full_readout_share
from caloscope.records import Counts, MapRecord, Mask

_TAG: Final = 0xC125
_MOST_EVENTS: Final = 1_000_000


def in_crystals(spec: MapSpec, view: View) -> bool:
    """Whether a map's only histogram has several bins for each cell."""
    return spec.block > 1 and len(spec.paths(view.era)) == 1 and not view.depths


def spread(spec: MapSpec, view: View, record: MapRecord, stream: Sequence[int]) -> Counts:
    """Counts of crystals, `(block x y, block x x)`, whose sums over blocks are those of the record's cells.

    Drawn at random, the same for the same stream of numbers; a crystal counts at most once an event, and one
    that does not exist nothing. Whole readouts of a tower give one count to each of its crystals, the other
    counts fall anywhere: so the noise of crystals is that of real ones. Cumulative counts, and those that are
    more than the crystals could have counted, are shared evenly: so what accumulates never falls. A cell
    without crystals is taken to have all of them, so that nothing is lost.
    """
    rng = np.random.default_rng([*stream, _TAG, *spec.name.encode()])
    counts = record.counts.astype(np.int64).ravel()
    exists = _existing(spec, view).astype(np.int64)
    events = min(record.events or 0, _MOST_EVENTS)
    even = np.full(counts.shape, record.cumulative) | (counts > events * exists.sum(axis=1))
    shared = _evenly(exists, np.where(even, counts, 0))
    shared[~even] = _read(rng, exists[~even], counts[~even], events, _whole_share(view)[~even])
    block, (rows, columns) = spec.block, record.counts.shape
    blocks = shared.reshape(rows, columns, block, block).swapaxes(1, 2)
    fine: Counts = blocks.reshape(rows * block, columns * block).astype(np.uint32)
    return fine


def _evenly(exists: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Shares the counts of each row among the columns that exist; the first take what is left."""
    number = exists.sum(axis=1)
    first = np.cumsum(exists, axis=1) <= (counts % number)[:, None]
    shared: NDArray[np.int64] = exists * ((counts // number)[:, None] + first)
    return shared


def _read(
    rng: np.random.Generator, exists: NDArray[np.int64], counts: NDArray[np.int64], events: int, share: Array
) -> NDArray[np.int64]:
    """Shares the counts of each row: about `share` of them as whole readouts, the rest in other events."""
    number = exists.sum(axis=1)
    whole = np.floor(share * counts / number + rng.random(len(counts))).astype(np.int64)
    whole = np.minimum(whole, counts // number)
    rest = shared_out(rng, (events - whole)[:, None] * exists, counts - whole * number)
    return np.asarray(whole[:, None] * exists + rest)


def shared_out(
    rng: np.random.Generator, places: NDArray[np.int64], left: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Shares `left` things of each row among so many `places` of each column, all places alike."""
    drawn = np.zeros_like(places)
    beyond = places.sum(axis=1)
    for column in range(places.shape[1]):
        here = places[:, column]
        beyond = beyond - here
        drawn[:, column] = rng.hypergeometric(here, beyond, left)
        left = left - drawn[:, column]
    return drawn


@lru_cache(maxsize=32)
def _whole_share(view: View) -> Array:
    """Share of each cell's counts that whole readouts make, with the noise of real blocks; flat.

    Blocks of the endcaps cut through supercrystals. What they add to the noise goes with the crystals less
    one that they read in a supercrystal, so that share of whole readouts which adds as much is smaller.
    """
    found = footprints(view.name)
    mean = sum(each.share * float((each.crystals**2).sum()) / each.size for each in found)
    share: Array = full_readout_share(view).ravel() * max(mean - 1.0, 0.0) / (CRYSTALS - 1.0)
    return share


@lru_cache(maxsize=32)
def _existing(spec: MapSpec, view: View) -> Mask:
    """Which crystals of each cell exist, `(cells, block x block)`."""
    rows, columns, block = view.y.bins, view.x.bins, spec.block
    whole = np.ones((rows * block, columns * block), np.bool_)
    known = endcap_crystals() if view.name in ("EE-", "EE+") else whole
    fine = known if known.shape == whole.shape else whole
    cells = fine.reshape(rows, block, columns, block).swapaxes(1, 2).reshape(rows * columns, block * block)
    return np.asarray(cells | ~cells.any(axis=1, keepdims=True))
