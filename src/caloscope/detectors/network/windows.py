"""Residuals of the last lumisections together, in standard deviations: what supervised networks look at."""

from typing import Final

import numpy as np

from caloscope.detectors.base import Array, Memory
from caloscope.detectors.network.residuals import LEAST_VARIANCE
from caloscope.errors import BundleError
from caloscope.records import Floats

WINDOWS: Final = (1, 3, 10)
"""Lumisections whose counts are summed, the newest last."""

CLIPPED: Final = 20.0
"""Standard deviations at which sums are cut."""

OFF, VARIANCE, RUN = "window_off", "window_variance", "window_run"


def remembered(memory: Memory, run: int, off: Array, variance: Array) -> dict[str, Floats]:
    """The last lumisections of the run with the newest, `(lumi, cell)` each, at most the longest window."""
    same = np.array_equal(memory.get(RUN, np.array(-1)), np.array(run))
    return {
        name: np.concatenate([_kept(memory, name, newest.size, same=same), newest[np.newaxis]])[
            -WINDOWS[-1] :
        ]
        for name, newest in ((OFF, off.astype(np.float32)), (VARIANCE, variance.astype(np.float32)))
    }


def _kept(memory: Memory, name: str, cells: int, *, same: bool) -> Floats:
    kept = (
        np.asarray(memory[name], np.float32) if same and name in memory else np.zeros((0, cells), np.float32)
    )
    if kept.ndim != 2 or kept.shape[1] != cells:
        raise BundleError(f"found a saved state of shape {kept.shape}, expected {cells} cells")
    return kept


def windows(off: Floats, variance: Floats) -> Array:
    """Sums over each window in standard deviations, `(window, cell)`, from `(lumi, cell)`, the newest last.

    `off` is counts minus their mean. Where a run is younger than a window, all of it is summed.
    """
    found = [
        off[-size:].sum(axis=0) / np.sqrt(np.maximum(variance[-size:].sum(axis=0), LEAST_VARIANCE))
        for size in WINDOWS
    ]
    return np.asarray(np.clip(found, -CLIPPED, CLIPPED))
