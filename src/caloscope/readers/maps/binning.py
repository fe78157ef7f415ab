"""Whether a histogram's bins are the cells of a view."""

import math
from pathlib import Path

import numpy as np

from caloscope.errors import Fault, SourceError
from caloscope.geometry import Axis
from caloscope.readers.shelf import BinAxis

_TOLERANCE = 1e-6
"""Of an axis' length; edges written in single precision still agree."""


def require_axis(
    path: Path, name: str, direction: str, found: BinAxis, expected: Axis, block: int = 1
) -> int:
    """How many bins of a histogram's axis (`direction` x or y) make one of the view's: 1 or `block`.

    Raises `SourceError` WRONG_BINNING unless the bins are equally wide and cover the same range.
    """
    slack = _TOLERANCE * abs(expected.high - expected.low)
    factor = block if found.bins != expected.bins else 1
    fits = (
        found.bins == factor * expected.bins
        and math.isclose(found.low, expected.low, rel_tol=0, abs_tol=slack)
        and math.isclose(found.high, expected.high, rel_tol=0, abs_tol=slack)
        and _uniform(found, slack)
    )
    if not fits:
        kind = "" if _uniform(found, slack) else " of unequal width"
        finer = f", or {block * expected.bins}" if block > 1 else ""
        raise SourceError(
            path,
            Fault.WRONG_BINNING,
            f"{found.bins} bins{kind} from {found.low:g} to {found.high:g} along {direction} in {name}",
            f"{expected.bins} ({expected.name}) from {expected.low:g} to {expected.high:g}{finer}",
        )
    return factor


def _uniform(axis: BinAxis, slack: float) -> bool:
    """Whether all bins are equally wide."""
    if axis.edges is None:
        return True
    if len(axis.edges) != axis.bins + 1:
        return False
    even = np.linspace(axis.low, axis.high, axis.bins + 1)
    return bool(np.allclose(axis.edges, even, rtol=0, atol=slack))
