"""Thresholds of every class before any calibration."""

import numpy as np

from caloscope.decide import budget, threshold_for
from caloscope.evidence import FACTORS, SHIFTS, layout_of
from caloscope.geometry import View
from caloscope.records import Mask


def formula_thresholds(on: View, alive: Mask, per_day: float) -> dict[str, float]:
    """Nats for each class that a view has, by `threshold_for`, which takes places for independent.

    `alive`, in the view's shape, are the cells that are tested. Raises `UsageError` for a rate that is not
    above zero.
    """
    layout = layout_of(on)
    patches = layout.parts.shape[0] - layout.regions
    places = {
        "cell": max(1, int(np.count_nonzero(alive & on.exists))),
        "region": layout.regions,
        "patch": patches,
        "map": 1,
    }
    there = [(name, side) for name, number in places.items() if number for side in ("low", "high")]
    shares = budget([f"{name}_{side}" for name, side in there], per_day)
    return {
        f"{name}_{side}": threshold_for(places[name], _alternatives(name, side), shares[f"{name}_{side}"])
        for name, side in there
    }


def _alternatives(name: str, side: str) -> int:
    """How many strengths of a fault are looked for."""
    found, healthy = (FACTORS, 1.0) if name == "cell" else (SHIFTS, 0.0)
    return int(np.count_nonzero(found < healthy if side == "low" else found > healthy))
