"""Series that go on smoothly from one lumisection to the next, whichever is asked for first."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from caloscope.detectors.base import Array

LAGS: Final = 48
"""Steps that are remembered; a block must have as many at least."""


def autoregressive(steps: Callable[[int], Array], block: int, memory: float) -> Array:
    """One block of an autoregressive series of variance 1, shape (lumisections of a block, modes).

    `steps(number)` are the normal numbers of a block, in the same shape, `memory` the correlation of a
    lumisection with the next. Each value is a sum over the last steps, of sizes that fall like powers: so no
    series has to be followed from its start.
    """
    recent = np.concatenate([steps(block - 1), steps(block)])
    weights = math.sqrt(1.0 - memory**2) * memory ** np.arange(LAGS)
    windows = np.lib.stride_tricks.sliding_window_view(recent, LAGS, axis=0)[-(len(recent) // 2) :]
    return np.asarray(windows @ weights[::-1])
