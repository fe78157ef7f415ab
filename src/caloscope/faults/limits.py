"""The most that a cell can count."""

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from caloscope.errors import UsageError
from caloscope.geometry import View
from caloscope.geometry.ecal_endcap import crystals as endcap_crystals
from caloscope.geometry.readout import CRYSTALS, SIDE

ECAL: Final = frozenset({"EB", "EE-", "EE+"})
HCAL: Final = frozenset({"HCAL", "HO"})


def capacity(view: View, events: int, noise: str = "overdispersed") -> float:
    """The most that a cell of the view can count in so many events.

    Once an event in a channel of HCAL and HO, 25 times in a tower of ECAL. For other calorimeters the family
    of the `noise` says: once an event where it is `binomial`, infinity (nobody knows) where it is not.
    """
    if view.name in ECAL:
        return float(CRYSTALS * max(events, 0))
    return float(max(events, 0)) if view.name in HCAL or noise == "binomial" else math.inf


def finite(most: float, view: View, what: str) -> int:
    """The capacity as a whole number; raises `UsageError` where nobody knows it."""
    if not math.isfinite(most):
        raise UsageError(
            f"{view.name}: found a fault of kind {what!r}, expected one that needs no limit: "
            "nobody knows what these cells can count at most"
        )
    return max(int(most), 0)


def crystals(view: View) -> NDArray[np.int64]:
    """Crystals in each cell, in the view's shape: 25, fewer at the endcaps' rims, none where no cell is."""
    if view.name not in ("EE-", "EE+"):
        return np.where(view.exists, CRYSTALS, 0)
    return _endcap()


@cache
def _endcap() -> NDArray[np.int64]:
    fine = endcap_crystals()
    rows, columns = (n // SIDE for n in fine.shape)
    by_supercrystal = fine.reshape(rows, SIDE, columns, SIDE)
    counted: NDArray[np.int64] = by_supercrystal.sum(axis=(1, 3), dtype=np.int64)
    counted.setflags(write=False)
    return counted
