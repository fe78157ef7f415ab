"""Pictures of the mean occupancy of a map: one plane a depth, each with a colour scale of its own."""

import math
from dataclasses import dataclass

import numpy as np

from caloscope.outputs.data_page.cells import Box, axis_name, plane_traces
from caloscope.outputs.data_page.planes import Plane, axis_of, ticks_of
from caloscope.outputs.data_page.plotly import (
    BASE_AXIS,
    INK,
    LINE,
    MUTED,
    WIDTH,
    Figure,
    Json,
    base,
    numbers,
    plotly_text,
)
from caloscope.outputs.data_page.sums import MapSums

_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 84, 30, 50


def occupancy(sums: MapSums, drawn: list[Plane]) -> Figure:
    """The planes of a map side by side."""
    grid = _grid(sums, len(drawn))
    layout = {**base(grid.width, grid.height), "annotations": []}
    data: list[Json] = []
    for number, plane in enumerate(drawn):
        box = grid.box(number)
        _place(layout, number, box, sums)
        data += plane_traces(plane, number, box, sums)
        layout["annotations"].append(_caption(plane, box))
    return Figure(data, layout, grid.width, grid.height)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Panels of `wide` x `high` pixels with room around them, so many columns."""

    columns: int
    rows: int
    wide: int
    high: int

    @property
    def width(self) -> int:
        return self.columns * (self.wide + _LEFT + _RIGHT)

    @property
    def height(self) -> int:
        return self.rows * (self.high + _TOP + _BOTTOM)

    def box(self, number: int) -> Box:
        """Left, right, low and high edge of a panel as parts of the figure."""
        left = (number % self.columns) * (self.wide + _LEFT + _RIGHT) + _LEFT
        top = (number // self.columns) * (self.high + _TOP + _BOTTOM) + _TOP
        down = (1 - (top + self.high) / self.height, 1 - top / self.height)
        return (left / self.width, (left + self.wide) / self.width, *down)


def _grid(sums: MapSums, panels: int) -> _Grid:
    """Panels whose cells are square, unless that makes them a thread."""
    columns = min(3, panels)
    ratio = min(1.25, max(0.28, sums.mean.shape[-2] / sums.mean.shape[-1]))
    wide = (WIDTH if columns > 1 else 820) // columns - _LEFT - _RIGHT
    if columns == 1:
        wide = min(wide, round(560 / ratio))
    return _Grid(columns, math.ceil(panels / columns), wide, round(wide * ratio))


def profile(sums: MapSums, drawn: list[Plane]) -> Figure:
    """A map of one axis as steps; cells that never counted are marked on the axis."""
    x = axis_of(sums, -1)
    (line,) = drawn
    edges = np.linspace(x.low, x.high, x.bins + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    unit = f"mean per {sums.per}"
    layout = {
        **base(820, 320),
        "margin": {"l": 80, "r": 20, "t": 20, "b": 50},
        "xaxis": {**_axis(x.title), "range": [x.low, x.high]},
        "yaxis": {**_axis(unit), "rangemode": "tozero"},
    }
    steps = {"type": "scatter", "mode": "lines", "line": {"shape": "hvh", "color": "#1d5d99", "width": 1.5}}
    marks = {"type": "scatter", "mode": "markers", "marker": {"symbol": "x-thin-open", "color": MUTED}}
    never = middles[line.never]
    data = [{**steps, "x": numbers(middles, "f8"), "y": numbers(line.mean), "hoverinfo": "x+y"}]
    if never.size:
        data.append({**marks, "x": numbers(never, "f8"), "y": numbers(np.zeros(never.size))})
    return Figure(data, layout, 820, 320)


def _place(layout: Json, number: int, box: Box, sums: MapSums) -> None:
    """The two axes of a panel."""
    end = "" if number == 0 else str(number + 1)
    for letter, other, which, domain in (("x", "y", -1, box[:2]), ("y", "x", -2, box[2:])):
        axis, ticks = axis_of(sums, which), ticks_of(sums, which)
        layout[f"{letter}axis{end}"] = {
            **_axis(axis.title),
            "mirror": True,
            "showline": True,
            "linecolor": LINE,
            "linewidth": 1,
            "range": [axis.low, axis.high],
            "domain": list(domain),
            "anchor": axis_name(other, number),
            **(
                {"tickvals": [t for t, _ in ticks], "ticktext": [w for _, w in ticks]}
                if ticks
                else {"nticks": 8}
            ),
        }


def _axis(words: str) -> Json:
    return {**BASE_AXIS, "title": {"text": plotly_text(words), "standoff": 6, "font": {"color": INK}}}


def _caption(plane: Plane, box: Box) -> Json:
    place = {
        "xref": "paper",
        "yref": "paper",
        "x": box[0],
        "y": box[3],
        "xanchor": "left",
        "yanchor": "bottom",
    }
    kind = "" if plane.scale is None or not plane.scale.logarithmic else "logarithmic scale"
    words = f"<b>{plotly_text(plane.name)}</b>" + (" · " if plane.name and kind else "") + kind
    return {**place, "text": words, "showarrow": False, "yshift": 3}
