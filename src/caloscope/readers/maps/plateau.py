"""The number of events behind an occupancy map of the hadron calorimeter, from the map itself.

The forward calorimeter (HF) is read out without zero suppression: each of its channels counts every event. In
six real lumisections of 2017 all 864 HF channels of a depth hold exactly the number of events.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.geometry import View

ASSUMPTION = "events taken from the plateau of the forward calorimeter"

_HF_COLUMNS = 13
"""HF takes the first and the last 13 ieta bins (|ieta| 29 to 41) of the 84."""

_IETA_BINS = 84
_CALORIMETER = ("HCAL", "HO")


def plateau_name(pattern: str, view: View) -> str | None:
    """Name of the histogram or array in which HF shows the number of events: depth 1 of the same quantity.

    `pattern` is the map's own, such as `.../depth{depth}` or `.../depthHO`. None on a view that is not CMS's
    HCAL or HO.
    """
    if view.name not in _CALORIMETER:
        return None
    stem, depth, _ = pattern.replace("{depth}", "1").rpartition("depth")
    return f"{stem}{depth}1" if depth else None


def plateau_events(plane: NDArray[Any]) -> int | None:
    """What most HF channels of a plane `(iphi, ieta bin)` count.

    None where they count nothing, do not agree, or the plane has other columns than HCAL.
    """
    if plane.ndim != 2 or plane.shape[1] != _IETA_BINS:
        return None
    forward = np.concatenate([plane[:, :_HF_COLUMNS], plane[:, -_HF_COLUMNS:]], axis=1)
    alive = forward[forward > 0]
    if not alive.size:
        return None
    # A value that more than half of them have is in the middle when they are sorted.
    middle = np.partition(alive, alive.size // 2)[alive.size // 2]
    if 2 * np.count_nonzero(alive == middle) <= alive.size or not float(middle).is_integer():
        return None
    return int(middle)
