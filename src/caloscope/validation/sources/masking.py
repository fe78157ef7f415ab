"""What is left out of a comparison, each by a rule that is stated."""

from typing import NamedTuple

import numpy as np

from caloscope.detectors.base import Array
from caloscope.geometry import View
from caloscope.records import Mask
from caloscope.validation.expectation import rank_one
from caloscope.validation.rings import rings
from caloscope.validation.statistics.shape import medians

HOT = 10.0
"""A tower this many times its median over the lumisections is a fault of one lumisection."""

EMPTY = 0.05
ODD = 6.0
_RANGES = {"EB": (0.6, 2.0), "EE+": (0.4, 2.5), "EE-": (0.4, 2.5)}
"""Cells whose mean is outside this share of their ring's median are left out."""


class Masked(NamedTuple):
    """`valid` `(lumisections, y, x)`, mean counts, cells `dead` throughout, and what was done in words."""

    valid: Mask
    mean: Array
    dead: Mask
    notes: tuple[str, ...]


def mask(view: View, counts: Array) -> Masked:
    """Leaves out faults that somebody put in, odd supermodules, and cells that are sick throughout."""
    valid = np.broadcast_to(view.exists, counts.shape).copy()
    notes = _hot(counts, valid)
    notes += _odd_regions(view, counts, valid)
    mean = rank_one(counts.reshape(len(counts), -1), valid.reshape(len(counts), -1))[1].reshape(view.shape)
    dead, sick, said = _sick(view, mean, np.asarray(valid.any(0)))
    return Masked(valid & ~sick, np.where(dead, 0.0, mean), dead, tuple(notes + said))


def _hot(counts: Array, valid: Mask) -> list[str]:
    usual = np.median(counts, axis=0)
    hot = valid & (counts > HOT * np.maximum(usual, 1.0)) & (usual > 0)
    valid &= ~hot
    if not hot.any():
        return []
    return [f"{int(hot.sum())} towers above {HOT:g} times their median over the lumisections left out"]


def _odd_regions(view: View, counts: Array, valid: Mask) -> list[str]:
    """Supermodules (sectors) that in a lumisection count nothing, or far from what is expected of them."""
    regions = [region for region in view.regions if region.kind in ("supermodule", "sector")]
    if not regions:
        return []
    # Medians both ways: one odd supermodule must not make its other lumisections look odd.
    usual = np.median(counts, axis=0)
    ratio = np.array([_over(counts, usual, valid & region.members) for region in regions]).T
    use = ratio > EMPTY
    ratio = np.where(use, ratio, np.nan)
    for axis in (1, 0):
        ratio = ratio / np.nanmedian(ratio, axis=axis, keepdims=True)
    spread = 1.4826 * float(np.median(np.abs(ratio[use] - np.median(ratio[use]))))
    odd = use & (np.abs(ratio - 1.0) > ODD * spread)
    for lumi, place in np.argwhere(~use | odd):
        valid[lumi, regions[place].members] = False
    kind = regions[0].kind
    rule = f"{ODD:g} robust standard deviations ({100 * spread:.1f} % each)"
    return [
        f"a {kind} without counts left out {int((~use).sum())} times",
        f"a {kind} whose sum is more than {rule} from expectation left out {int((odd & use).sum())} times",
    ]


def _over(counts: Array, usual: Array, cells: Mask) -> Array:
    """Counts of some cells over what is usual for them, lumisection by lumisection; `cells` as `counts`."""
    hoped = (cells * usual).sum((1, 2))
    return np.asarray((cells * counts).sum((1, 2)) / np.maximum(hoped, 1e-9))


def _sick(view: View, mean: Array, seen: Mask) -> tuple[Mask, Mask, list[str]]:
    ring = rings(view)
    share = mean / np.maximum(ring.spread_out(medians(mean, seen & (mean > 0), ring)), 1e-9)
    low, high = _RANGES.get(view.name, (0.05, 20.0))
    share = np.nan_to_num(share)
    dead, sick = seen & (share < 0.1), seen & ((share < low) | (share > high))
    rule = f"below {low:g} or above {high:g} of their ring's median"
    words = f"{int(sick.sum())} cells whose mean is {rule} left out"
    return dead, sick, [f"{words} ({int(dead.sum())} of them dead: below 0.1)"]
