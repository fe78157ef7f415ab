"""The colours of one plane, the grey of cells that never counted, and the colour bar."""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.outputs.data_page.planes import Plane, axis_of
from caloscope.outputs.data_page.plotly import INK, Json, numbers
from caloscope.outputs.data_page.scales import Scale
from caloscope.outputs.data_page.sums import MapSums
from caloscope.records import BinRange

MAX_SIDE = 400
"""Bins of one side of a picture; finer planes are averaged over blocks of bins."""

NEVER = "#aeb4ba"
"""The grey of cells that never counted; it is not among the colours of the scale."""

MOST_RINGS = 30
"""Cells without counts that are ringed; more of them are seen without."""

Box: TypeAlias = tuple[float, float, float, float]
"""Left, right, low and high edge of a panel as parts of the figure."""


def plane_traces(plane: Plane, number: int, box: Box, sums: MapSums) -> list[Json]:
    """The grey of cells that never counted, over it the colours of the others, and rings if they are few."""
    block = max(1, math.ceil(max(plane.mean.shape) / MAX_SIDE))
    mean = _coarse(np.where(plane.exists & ~plane.never, plane.mean, np.nan), block)
    never = _coarse(np.where(plane.never, 1.0, np.nan), block)
    never[np.isfinite(mean)] = np.nan
    where = _where(number, axis_of(sums, -1), axis_of(sums, -2), block)
    traces = [_grey(where, never)] if plane.never.any() or plane.scale is None else []
    if plane.scale is not None:
        traces.append(_coloured(where, mean, plane.scale, box))
    if 0 < plane.never.sum() <= MOST_RINGS:
        traces += _rings(where, never)
    return traces


def _grey(where: Json, never: NDArray[np.float64]) -> Json:
    return {
        **where,
        "type": "heatmap",
        "z": numbers(never),
        "colorscale": [[0, NEVER], [1, NEVER]],
        "showscale": False,
        "hovertemplate": "%{x}, %{y}: no counts<extra></extra>",
    }


def _coloured(where: Json, mean: NDArray[np.float64], scale: Scale, box: Box) -> Json:
    ends = scale.place(np.array([scale.low, scale.high])).tolist()
    return {
        **where,
        "type": "heatmap",
        "z": numbers(scale.place(mean)),
        "zmin": ends[0],
        "zmax": ends[1],
        "colorscale": "Viridis",
        "customdata": numbers(mean),
        "hovertemplate": "%{x}, %{y}: %{customdata:.4g}<extra></extra>",
        "colorbar": _colour_bar(scale, box),
    }


def _rings(where: Json, never: NDArray[np.float64]) -> list[Json]:
    """Rings around cells that a picture of so many would hide; black on white is seen on every colour."""
    y, x = np.nonzero(np.isfinite(never))
    at = {
        "x": numbers(where["x0"] + x * where["dx"], "f8"),
        "y": numbers(where["y0"] + y * where["dy"], "f8"),
        "xaxis": where["xaxis"],
        "yaxis": where["yaxis"],
    }
    rings = (("#ffffff", 4), ("#000000", 1.6))
    return [
        {
            **at,
            "type": "scatter",
            "mode": "markers",
            "marker": {"symbol": "circle-open", "size": 11, "color": colour, "line": {"width": width}},
            "hoverinfo": "skip",
        }
        for colour, width in rings
    ]


def _colour_bar(scale: Scale, box: Box) -> Json:
    left, right, low, high = box
    return {
        "x": right + 0.012 * (right - left),
        "xanchor": "left",
        "xpad": 4,
        "y": (low + high) / 2,
        "len": high - low,
        "ypad": 0,
        "thickness": 11,
        "outlinewidth": 0,
        "tickvals": [scale.place(np.array(tick)).item() for tick, _ in scale.ticks],
        "ticktext": [words for _, words in scale.ticks],
        "tickfont": {"size": 11, "color": INK},
    }


def _where(number: int, x: BinRange, y: BinRange, block: int) -> Json:
    """Axes of a panel and the middle and width of its bins."""
    places: Json = {"xaxis": axis_name("x", number), "yaxis": axis_name("y", number)}
    for letter, axis in (("x", x), ("y", y)):
        width = (axis.high - axis.low) / axis.bins * block
        places[f"{letter}0"] = axis.low + width / 2
        places[f"d{letter}"] = width
    return places


def axis_name(letter: str, number: int) -> str:
    """What Plotly calls an axis of the panel of that number."""
    return letter if number == 0 else f"{letter}{number + 1}"


def _coarse(values: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """The mean of the finite values of each `block` x `block` bins, NaN where there is none."""
    if block == 1:
        return values
    pad = [(0, -side % block) for side in values.shape]
    padded = np.pad(values, pad, constant_values=np.nan)
    ny, nx = padded.shape
    blocks = padded.reshape(ny // block, block, nx // block, block)
    known = np.isfinite(blocks)
    total: NDArray[np.float64] = np.where(known, blocks, 0.0).sum(axis=(1, 3))
    count: NDArray[np.int64] = known.sum(axis=(1, 3))
    mean: NDArray[np.float64] = np.full(total.shape, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean
