"""One map out of the histograms that make it up."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from caloscope.config.catalogue import MapSpec
from caloscope.errors import Fault, SourceError
from caloscope.geometry import View
from caloscope.readers.maps.binning import require_axis
from caloscope.readers.maps.counts import EXPECTED, stack, sum_blocks, to_counts, to_floats
from caloscope.readers.maps.depths import PLACE, planes
from caloscope.readers.shelf import BinAxis, Histogram
from caloscope.records import Content

Find = Callable[[str], Histogram | None]


class Pieces(NamedTuple):
    """A map that is there whole: its pattern, and its histograms by name, None where none is needed."""

    pattern: str
    names: tuple[str, ...]
    histograms: tuple[Histogram | None, ...]


def find_pieces(spec: MapSpec, view: View, era: str, find: Find) -> Pieces | None:
    """The first alternative of a map that is there whole; None where none is.

    A pattern without `{depth}` on a view with depths stands for one histogram whose z axis is the depth.
    """
    for pattern in spec.paths(era):
        whole = len(view.depths) > 1 and PLACE not in pattern
        histograms: list[Histogram | None] = []
        names: list[str] = []
        for name, needed in ((pattern, True),) if whole else planes(pattern, view):
            histogram = find(name)
            if histogram is None and needed:
                break
            names.append(name)
            histograms.append(histogram)
        else:
            if any(histograms):
                return Pieces(pattern, tuple(names), tuple(histograms))
    return None


def to_content(path: Path, pieces: Pieces, spec: MapSpec, view: View, *, as_float: bool) -> Content:
    """The content of a map in the view's shape, checked.

    Counts, or real numbers where they are taken `as_float`, of a profile too. Raises `SourceError`
    WRONG_BINNING and INVALID_COUNTS.
    """
    single = len(view.depths) > 1 and PLACE not in pieces.pattern
    block = _require_binning(path, pieces, spec, view)
    refuse_means(path, pieces.names, pieces.histograms, as_float=as_float)
    if single:
        names: str | Sequence[str] = pieces.names[0]
        values: NDArray[Any] = _only(pieces).values
    else:
        names = pieces.names
        shape = (block * view.y.bins, block * view.x.bins)
        values = stack([None if h is None else h.values for h in pieces.histograms], shape)
    content = to_floats(values, path, names) if as_float else to_counts(values, path, names)
    summed = sum_blocks(content, block, path, names)
    return summed.reshape(view.shape)


def refuse_means(
    path: Path, names: Sequence[str], histograms: Sequence[Histogram | None], *, as_float: bool
) -> None:
    """Raises `SourceError` INVALID_COUNTS for a profile where counts are wanted."""
    for name, histogram in zip(names, histograms, strict=True):
        if histogram is not None and histogram.mean and not as_float:
            raise SourceError(path, Fault.INVALID_COUNTS, f"means in {name}", EXPECTED)


def _only(pieces: Pieces) -> Histogram:
    (histogram,) = (each for each in pieces.histograms if each is not None)
    return histogram


def _require_binning(path: Path, pieces: Pieces, spec: MapSpec, view: View) -> int:
    """Checks all axes; how many bins along x and y make a cell."""
    checked: tuple[BinAxis, ...] | None = None
    blocks: set[int] = set()
    for name, histogram in zip(pieces.names, pieces.histograms, strict=True):
        # The histograms of a map are mostly alike, so one is looked at and the others are equal.
        if histogram is None or histogram.axes is checked or histogram.axes == checked:
            continue
        blocks.add(_require_axes(path, name, histogram, spec, view, PLACE in pieces.pattern))
        checked = histogram.axes
    if len(blocks) > 1:
        raise SourceError(path, Fault.WRONG_BINNING, f"planes of two sizes in {pieces.pattern}", "one size")
    return blocks.pop()


def _require_axes(path: Path, name: str, histogram: Histogram, spec: MapSpec, view: View, plane: bool) -> int:
    depths = 1 if plane else max(1, len(view.depths))
    dimensions = 2 if depths == 1 else 3
    if len(histogram.axes) != dimensions:
        bins = f"{view.x.bins} x {view.y.bins}" + (f" x {depths}" if dimensions == 3 else "")
        found = f"a histogram along {' and '.join('xyz'[: len(histogram.axes)])} in {name}"
        raise SourceError(path, Fault.WRONG_BINNING, found, f"a TH{dimensions} of {bins} bins")
    if dimensions == 3 and histogram.axes[2].bins != depths:
        found = f"{histogram.axes[2].bins} bins along z in {name}"
        raise SourceError(path, Fault.WRONG_BINNING, found, f"{depths}, one a depth")
    factors = {
        require_axis(path, name, "x", histogram.axes[0], view.x, spec.block),
        require_axis(path, name, "y", histogram.axes[1], view.y, spec.block),
    }
    if len(factors) > 1:
        found = f"{histogram.axes[0].bins} x {histogram.axes[1].bins} bins in {name}"
        raise SourceError(path, Fault.WRONG_BINNING, found, "cells, or their parts, along both axes")
    return factors.pop()
