"""What is missing around dead trigger towers: it belongs to them."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from caloscope.evidence.layout import Layout
from caloscope.geometry import View
from caloscope.geometry.readout import lost_with_seeds
from caloscope.records import Floats


def halo_of(layout: Layout, bad: NDArray[np.int8]) -> Floats:
    """Share of their counts that cells would lose around those flagged low, `(cell,)`, these not included.

    A dead trigger tower seeds no readout: what its readouts would have brought is missing around it.
    """
    low = bad < 0
    if not low.any():
        return np.zeros(len(bad), np.float32)
    return _halo(layout.view, low.tobytes())


@lru_cache(maxsize=64)
def _halo(view: View, low: bytes) -> Floats:
    seeds = np.zeros(view.shape, np.bool_)
    seeds[view.exists] = np.frombuffer(low, np.bool_)
    lost = lost_with_seeds(view, seeds)
    lost[seeds] = 0.0
    found = lost[view.exists].astype(np.float32)
    found.setflags(write=False)
    return found
