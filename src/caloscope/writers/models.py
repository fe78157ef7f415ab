"""Histograms as the objects that uproot writes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from uproot.writing.identify import to_TAxis, to_TH2x, to_THashList, to_TObjString, to_TProfile

from caloscope.writers.histograms import Histogram2D, Profile, centres, sums_of

_NOT_SET = -1111.0
"""ROOT's own value for a minimum or maximum that is to be found from the contents."""


def to_model(item: Histogram2D | Profile) -> Any:
    """The ROOT object of a histogram: `TH2x` by its type of contents, or `TProfile`."""
    return _profile(item) if isinstance(item, Profile) else _histogram(item)


def _histogram(item: Histogram2D) -> Any:
    """A `TH2x`; ROOT keeps bins x first, with an underflow before and an overflow behind on each axis."""
    rows, columns = item.values.shape
    full = np.zeros((rows + 2, columns + 2), item.values.dtype)
    full[1:-1, 1:-1] = item.values
    sums = sums_of(item)
    return to_TH2x(
        fName=None,
        fTitle=item.title,
        data=full.ravel(),
        fEntries=sums.w if item.entries is None else float(item.entries),
        fTsumw=sums.w,
        fTsumw2=sums.w2,
        fTsumwx=sums.wx,
        fTsumwx2=sums.wx2,
        fTsumwy=sums.wy,
        fTsumwy2=sums.wy2,
        fTsumwxy=sums.wxy,
        fSumw2=None,
        fXaxis=_axis("xaxis", item.x_title, columns, item.x_range, item.x_labels),
        fYaxis=_axis("yaxis", item.y_title, rows, item.y_range, item.y_labels),
        fOption=item.option,
        fMinimum=_NOT_SET if item.minimum is None else float(item.minimum),
        fMaximum=_NOT_SET if item.maximum is None else float(item.maximum),
    )


def _profile(item: Profile) -> Any:
    """A `TProfile`, each value with weight one."""
    x = centres(item.x_range, item.bins)
    total = float(item.entries.sum())
    return to_TProfile(
        fName=None,
        fTitle=item.title,
        data=_with_overflows(item.sums),
        fEntries=total,
        fTsumw=total,
        fTsumw2=total,
        fTsumwx=float((item.entries * x).sum()),
        fTsumwx2=float((item.entries * x * x).sum()),
        fTsumwy=float(item.sums.sum()),
        fTsumwy2=float(item.squares.sum()),
        fSumw2=_with_overflows(item.squares),
        fBinEntries=_with_overflows(item.entries),
        fBinSumw2=np.array([], np.float64),
        fXaxis=_axis("xaxis", item.x_title, item.bins, item.x_range),
        fYaxis=_axis("yaxis", item.y_title, 1, (0.0, 1.0)),
    )


def _with_overflows(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bin contents with an empty bin before and behind."""
    return np.pad(values, 1)


def _axis(
    name: str, title: str, bins: int, edges: tuple[float, float], labels: Sequence[str] | None = None
) -> Any:
    """A `TAxis` of equal bins; ROOT keeps a label as a string whose identifier is its bin, from 1."""
    names = None
    if labels is not None:
        names = to_THashList([_label(text, place) for place, text in enumerate(labels, 1)])
    low, high = edges
    return to_TAxis(name, title, bins, float(low), float(high), fLabels=names)


def _label(text: str, place: int) -> Any:
    """One label."""
    label = to_TObjString(text)
    label._bases[0]._members["@fUniqueID"] = place
    return label
