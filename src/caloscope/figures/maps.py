"""Maps of a view: one picture a map, or a row of pictures, one a depth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import Colormap
from matplotlib.figure import SubFigure
from numpy.typing import NDArray

from caloscope.figures import style
from caloscope.geometry import View
from caloscope.geometry.view import Axis
from caloscope.records import Mask

_SMALL = 0.03
"""A depth with fewer cells than this share of the largest is left out of the picture."""

_STEPS = 64

COUNTS, SIGNED, FACTOR = "viridis", "RdBu_r", "cividis"


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A map to be shown: `values` in the view's shape (NaN: nothing is known), its range and colours.

    A line is drawn around the cells that are `outlined`, bool in the same shape.
    """

    title: str
    values: NDArray[np.float64]
    low: float
    high: float
    unit: str = "counts"
    colours: str = COUNTS
    outlined: Mask | None = None


def draw_map(
    axes: Axes, view: View, values: NDArray[np.float64], shown: Shown, depth: int | None = None
) -> QuadMesh:
    """Draws one plane, `(y, x)`; cells that do not exist, or are NaN, are grey."""
    exists = view.exists if depth is None else view.exists[depth]
    plane = np.ma.masked_where(~exists | ~np.isfinite(values), values)
    x = np.linspace(view.x.low, view.x.high, view.x.bins + 1)
    y = np.linspace(view.y.low, view.y.high, view.y.bins + 1)
    axes.set_facecolor(style.ABSENT)
    mesh = axes.pcolormesh(
        x, y, plane, cmap=_colours(shown.colours), vmin=shown.low, vmax=shown.high, rasterized=True
    )
    if shown.outlined is not None:
        _outline(axes, shown.outlined if depth is None else shown.outlined[depth], x, y)
    if view.x.bins == view.y.bins:
        axes.set_aspect("equal")
    return mesh


def _outline(axes: Axes, cells: Mask, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """Lines between cells that are in and cells that are not."""
    wide = np.pad(cells, 1)
    across = np.argwhere(wide[1:-1, 1:] != wide[1:-1, :-1])
    along = np.argwhere(wide[1:, 1:-1] != wide[:-1, 1:-1])
    lines = [((x[column], y[row]), (x[column], y[row + 1])) for row, column in across]
    lines += [((x[column], y[row]), (x[column + 1], y[row])) for row, column in along]
    axes.add_collection(LineCollection(lines, colors=style.VERMILLION, linewidths=1.0))


def map_figure(view: View, shown: Sequence[Shown], title: str, *, columns: int = 2) -> bytes:
    """A PNG: flat maps `columns` in a row, deep ones one below the other, each a row of its depths."""
    deep = bool(view.depths)
    columns = 1 if deep else columns
    lines = -(-len(shown) // columns)
    wide, high = (12.0, 2.6 * lines) if deep else (12.0, _flat_height(view, columns) * lines)
    with style.look():
        figure = style.new(wide, high + 0.5)
        style.headline(figure, title)
        parts = np.asarray(figure.subfigures(lines, columns, squeeze=False)).ravel()
        for part, one in zip(parts, shown, strict=False):
            _deep(part, view, one) if deep else _flat(part, view, one)
        return style.png(figure)


def _flat_height(view: View, columns: int) -> float:
    """Inches that a map takes: endcaps are square, barrels are not."""
    return 12.0 / columns * (0.85 if view.x.bins == view.y.bins else 0.5)


def _flat(part: SubFigure, view: View, shown: Shown) -> None:
    axes = part.subplots()
    mesh = draw_map(axes, view, shown.values, shown)
    axes.set_title(shown.title)
    axes.set_xlabel(axis_title(view.x))
    axes.set_ylabel(axis_title(view.y))
    part.colorbar(mesh, ax=axes, label=shown.unit, pad=0.01, extend="both")


def _deep(part: SubFigure, view: View, shown: Shown) -> None:
    cells = view.exists.sum((1, 2))
    depths = [place for place in range(len(view.depths)) if cells[place] > _SMALL * cells.max()]
    part.suptitle(shown.title, x=0.01, ha="left", fontsize=10, fontweight="bold")
    row = np.asarray(part.subplots(1, len(depths), squeeze=False)).ravel()
    for axes, depth in zip(row, depths, strict=True):
        mesh = draw_map(axes, view, shown.values[depth], shown, depth)
        axes.set_title(f"depth {view.depths[depth]}", fontsize=8.5, fontweight="normal")
        axes.set_xlabel(axis_title(view.x))
        axes.tick_params(labelleft=axes is row[0])
    row[0].set_ylabel(axis_title(view.y))
    part.colorbar(mesh, ax=list(row), label=shown.unit, pad=0.01, extend="both")


def axis_title(axis: Axis) -> str:
    """The title of an axis; HCAL's ieta is booked in numbers of bins, and its title says so."""
    numbered = min(axis.values) < axis.low or max(axis.values) > axis.high
    return f"{axis.title} bin" if numbered else axis.title


def _colours(name: str) -> Colormap:
    # Few enough colours that a small PNG holds them all.
    return colormaps[name].resampled(_STEPS).with_extremes(bad=style.ABSENT)
