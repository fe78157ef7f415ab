"""Histograms as they are to be written, and their statistics as ROOT defines them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

STORABLE = tuple(np.dtype(kind) for kind in ("f4", "f8", "i1", "i2", "i4"))
"""Types of contents, each with a class of its own: TH2F, TH2D, TH2C, TH2S, TH2I."""


@dataclass(frozen=True, slots=True, eq=False)
class Histogram2D:
    """A two-dimensional histogram; its type of contents decides the ROOT class (`STORABLE`).

    `values` is `(y, x)`, index 0 in bin 1; nothing is in the overflows. `x_labels` and `y_labels` name bins,
    from the first. `minimum` and `maximum` fix the scale of the colours. `entries` is what ROOT shows as
    such; where it is None, the sum of the contents.
    """

    title: str
    x_title: str
    y_title: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    values: NDArray[Any]
    x_labels: Sequence[str] | None = None
    y_labels: Sequence[str] | None = None
    option: str = "colz"
    minimum: float | None = None
    maximum: float | None = None
    entries: float | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or not self.values.size:
            raise ValueError(f"{self.title}: contents of shape {self.values.shape}, not (y, x)")
        if self.values.dtype not in STORABLE:
            names = ", ".join(str(dtype) for dtype in STORABLE)
            raise ValueError(f"{self.title}: contents of type {self.values.dtype}, not one of {names}")
        for labels, bins in ((self.y_labels, self.values.shape[0]), (self.x_labels, self.values.shape[1])):
            if labels is not None and len(labels) != bins:
                raise ValueError(f"{self.title}: {len(labels)} labels for {bins} bins")


class Sums(NamedTuple):
    """The statistics that ROOT keeps of a histogram: sums over bins of weight w, w x, w x^2, ..."""

    w: float
    w2: float
    wx: float
    wx2: float
    wy: float
    wy2: float
    wxy: float


def sums_of(histogram: Histogram2D) -> Sums:
    """The statistics of a histogram from its bins' centres, as `TH2::GetStats` computes them.

    The squared error of a bin is the size of its content, as for counts. Contents that are not finite count
    as 0.
    """
    values = histogram.values.astype(np.float64)
    w = np.where(np.isfinite(values), values, 0.0)
    y = centres(histogram.y_range, w.shape[0])[:, np.newaxis]
    x = centres(histogram.x_range, w.shape[1])[np.newaxis, :]
    terms = (w, np.abs(w), w * x, w * x * x, w * y, w * y * y, w * x * y)
    return Sums(*(float(term.sum()) for term in terms))


def centres(axis: tuple[float, float], bins: int) -> NDArray[np.float64]:
    """Middles of equal bins."""
    low, high = axis
    return low + (np.arange(bins) + 0.5) * (high - low) / bins


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """The mean of a quantity in bins of another, as a ROOT `TProfile`.

    `entries`, `sums` and `squares` are `(bins,)`: the number of values in each bin, their sum and the sum of
    their squares. Nothing is in the overflows.
    """

    title: str
    x_title: str
    x_range: tuple[float, float]
    bins: int
    entries: NDArray[np.float64]
    sums: NDArray[np.float64]
    squares: NDArray[np.float64]
    y_title: str = ""

    def __post_init__(self) -> None:
        for values in (self.entries, self.sums, self.squares):
            if values.shape != (self.bins,) or self.bins < 1:
                raise ValueError(f"{self.title}: contents of shape {values.shape} for {self.bins} bins")

    @classmethod
    def of(
        cls,
        points: Iterable[tuple[float, float]],
        *,
        title: str,
        x_title: str = "",
        y_title: str = "",
        bins: int = 200,
        x_range: tuple[float, float] = (0, 2000),
    ) -> Self:
        """The profile of points (x, value); by default on the axis of CMS's `MESetTrend`, bins of 10 LS.

        Left out are points beside the axis, and those whose value is not finite: it is not known.
        """
        low, high = x_range
        known = [(x, value) for x, value in points if low <= x < high and math.isfinite(value)]
        x, values = np.array(known, np.float64).reshape(-1, 2).T
        # In the order of operations of TAxis::FindFixBin, so that a point on an edge goes where ROOT puts it.
        index = (bins * (x - low) / (high - low)).astype(np.int64)

        def summed(weights: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.bincount(index, weights, minlength=bins).astype(np.float64)

        return cls(
            title=title,
            x_title=x_title,
            x_range=x_range,
            bins=bins,
            entries=summed(np.ones_like(values)),
            sums=summed(values),
            squares=summed(values * values),
            y_title=y_title,
        )


Object: TypeAlias = Histogram2D | Profile | int | float | str
"""What can be written."""
