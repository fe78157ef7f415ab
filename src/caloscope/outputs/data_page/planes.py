"""The planes of a map that was added up: what is drawn as one picture, with its axes and its scale."""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.outputs.data_page.facts import text
from caloscope.outputs.data_page.scales import Scale, scale_of, short
from caloscope.outputs.data_page.sums import MapSums
from caloscope.records import BinRange, Mask

_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_GREEK = {"eta": "η", "phi": "φ", "sigma": "σ", "mu": "μ", "Delta": "Δ", "theta": "θ", "tau": "τ"}


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One plane `(y, x)` of a map, or a line `(x)`.

    `never` marks the cells in which no row holds anything, `exists` the bins that are cells. `scale` is None
    where nothing is known of any cell. `index` is the plane's place in the map, None where there is one.
    """

    name: str
    index: int | None
    mean: NDArray[np.float64]
    never: Mask
    exists: Mask
    scale: Scale | None

    @property
    def alive(self) -> NDArray[np.float64]:
        """The means of the cells that hold something."""
        return _alive(self.mean, self.never, self.exists)


def planes(sums: MapSums, most: int) -> list[Plane]:
    """The planes of a map that have a cell, at most so many."""
    if sums.mean.ndim < 3:
        return [_plane(sums, None, "")]
    chosen = [index for index in range(len(sums.mean)) if sums.exists[index].any()]
    return [_plane(sums, index, _depth_name(sums, index)) for index in chosen[:most]]


def axis_of(sums: MapSums, which: int) -> BinRange:
    """Title, bins and outer edges of an axis in the order of the arrays; bin indices where nobody says."""
    bins = sums.info.shape[which]
    if len(sums.info.axes) == len(sums.info.shape):
        found = sums.info.axes[which]
        if found.bins == bins and math.isfinite(found.high - found.low) and found.low < found.high:
            return BinRange(title(found.title), bins, found.low, found.high)
    return BinRange("bin", bins, -0.5, bins - 0.5)


def ticks_of(sums: MapSums, which: int) -> list[tuple[float, str]]:
    """Where a coordinate of the view stands on its axis, where that is not the middle of its bin.

    HCAL is booked from 0 to 84 and means ieta from -41 to 41. Empty where the axis can be taken as it is.
    """
    if sums.view is None:
        return []
    axis = sums.view.y if which == -2 else sums.view.x
    values = np.array(axis.values)
    width = (axis.high - axis.low) / axis.bins
    middles = axis.low + (np.arange(axis.bins) + 0.5) * width
    if np.all(np.abs(values - middles) <= width / 2):
        return []
    step = next((s for s in _STEPS if np.ptp(values) <= 9 * s), _STEPS[-1])
    return [(float(middles[i]), str(values[i])) for i in range(axis.bins) if values[i] % step == 0]


def title(words: str) -> str:
    """A ROOT title as text: `i#eta` is `iη`."""
    return re.sub(f"#({'|'.join(_GREEK)})", lambda found: _GREEK[found[1]], text(words))


def _plane(sums: MapSums, index: int | None, name: str) -> Plane:
    pick: Any = ... if index is None else index
    mean, exists = sums.mean[pick], sums.exists[pick]
    never = exists & (~sums.ever[pick] | ~np.isfinite(mean))
    return Plane(name, index, mean, never, exists, scale_of(_alive(mean, never, exists)))


def _alive(mean: NDArray[np.float64], never: Mask, exists: Mask) -> NDArray[np.float64]:
    return np.asarray(mean[exists & ~never], np.float64)


def _depth_name(sums: MapSums, index: int) -> str:
    if sums.view is not None:
        return f"depth {sums.view.depths[index]}"
    axis = axis_of(sums, 0)
    width = (axis.high - axis.low) / axis.bins
    low = axis.low + index * width
    return f"{axis.title} {short(low)} to {short(low + width)}"
