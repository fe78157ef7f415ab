"""Whether a histogram's bins are the cells of a view."""

import math
from pathlib import Path

import numpy as np

from caloscope.errors import Fault, SourceError
from caloscope.geometry import Axis
from caloscope.readers.histogram import BinAxis

_TOLERANCE = 1e-6
"""Of an axis' length; edges written in single precision still agree."""


def require_axis(path: Path, name: str, direction: str, found: BinAxis, expected: Axis) -> None:
    """Raises `SourceError` WRONG_BINNING unless an axis (`direction` x or y) of a histogram is the view's."""
    slack = _TOLERANCE * abs(expected.high - expected.low)
    fits = (
        found.bins == expected.bins
        and math.isclose(found.low, expected.low, rel_tol=0, abs_tol=slack)
        and math.isclose(found.high, expected.high, rel_tol=0, abs_tol=slack)
        and _uniform(found, slack)
    )
    if not fits:
        kind = "" if _uniform(found, slack) else " of unequal width"
        raise SourceError(
            path,
            Fault.WRONG_BINNING,
            f"{found.bins} bins{kind} from {found.low:g} to {found.high:g} along {direction} in {name}",
            f"{expected.bins} ({expected.name}) from {expected.low:g} to {expected.high:g}",
        )


def _uniform(axis: BinAxis, slack: float) -> bool:
    """Whether all bins are equally wide."""
    if axis.edges is None:
        return True
    even = np.linspace(axis.low, axis.high, axis.bins + 1)
    return axis.edges.shape == even.shape and bool(np.allclose(axis.edges, even, rtol=0, atol=slack))
