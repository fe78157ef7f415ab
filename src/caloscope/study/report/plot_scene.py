"""An example as Plotly draws it: input, expectation, evidence, verdict and truth, side by side."""

from typing import Final

import numpy as np

from caloscope.geometry import View
from caloscope.geometry.view import Axis
from caloscope.outputs.data_page.plotly import BASE_AXIS, INK, WIDTH, Figure, Json, base, numbers, plotly_text
from caloscope.study.report.plot_lines import title_of
from caloscope.study.report.scenes import Plane, Scene, rings

UNKNOWN: Final = "#d4d4d4"
EVIDENCE: Final = [[0, "#f4f6f8"], [0.3, "#fbd3ab"], [0.6, "#e8873f"], [0.85, "#9c3b07"], [1, "#401700"]]
_TITLES: Final = ("counts", "expected", "evidence", "verdict", "truth")
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 52, 24, 40
_FLAGS: Final = (("#e3ebf2", "#D55E00"), ("#e3ebf2", "#000000"))
"""Not flagged and flagged; good and faulty."""


def scene_figure(of: Scene, view: View) -> Figure:
    """Five panels in a row."""
    columns = len(_TITLES)
    wide = WIDTH // columns - _LEFT - _RIGHT
    ratio = min(1.15, max(0.45, view.y.bins / view.x.bins))
    high = round(wide * ratio)
    width, height = columns * (wide + _LEFT + _RIGHT), high + _TOP + _BOTTOM
    layout: Json = {**base(width, height), "annotations": []}
    data: list[Json] = []
    for number, name in enumerate(_TITLES):
        left = number * (wide + _LEFT + _RIGHT) + _LEFT
        box = (left / width, (left + wide) / width, _BOTTOM / height, 1 - _TOP / height)
        end = "" if number == 0 else str(number + 1)
        layout[f"xaxis{end}"] = _axis(view.x) | {"domain": list(box[:2]), "anchor": f"y{end}"}
        layout[f"yaxis{end}"] = _axis(view.y) | {"domain": list(box[2:]), "anchor": f"x{end}"}
        layout["annotations"].append(title_of(name, box))
        data += _traces(of, view, number, end, box)
    return Figure(data, layout, width, height)


def _traces(
    of: Scene, view: View, number: int, end: str, box: tuple[float, float, float, float]
) -> list[Json]:
    where: Json = {"type": "heatmap", "xaxis": f"x{end}", "yaxis": f"y{end}"}
    for letter, axis in (("x", view.x), ("y", view.y)):
        width = (axis.high - axis.low) / axis.bins
        where |= {f"{letter}0": axis.low + width / 2, f"d{letter}": width}
    values = (of.counts, of.expected, of.evidence, of.flagged, of.faulty)[number]
    traces = [where | _plain(np.where(of.exists & ~np.isfinite(values), 1.0, np.nan))]
    if number < 3:
        top = of.worst if number == 2 else of.top
        scale = EVIDENCE if number == 2 else "Viridis"
        low = float(min(0.0, np.nanmin(values))) if np.isfinite(values).any() else 0.0
        traces.append(where | _coloured(values, low, top, scale, box))
    else:
        colours = _FLAGS[number - 3]
        traces += [where | _flags(values, colours), _rings(values, view, end, colours[1])]
    return traces


def _rings(values: Plane, view: View, end: str, colour: str) -> Json:
    x, y = rings(values, view)
    line = {"color": colour, "width": 1.6}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": x.tolist(),
        "y": y.tolist(),
        "xaxis": f"x{end}",
        "yaxis": f"y{end}",
        "marker": {"symbol": "circle-open", "size": 11, "color": colour, "line": line},
        "hoverinfo": "skip",
    }


def _plain(values: Plane) -> Json:
    scale = [[0, UNKNOWN], [1, UNKNOWN]]
    return {"z": numbers(values), "colorscale": scale, "showscale": False, "hoverinfo": "skip"}


def _flags(values: Plane, colours: tuple[str, str]) -> Json:
    scale = [[0, colours[0]], [0.5, colours[0]], [0.5, colours[1]], [1, colours[1]]]
    told = {"showscale": False, "hovertemplate": "%{x}, %{y}: %{z}<extra></extra>"}
    return {"z": numbers(values), "zmin": 0, "zmax": 1, "colorscale": scale, **told}


def _coloured(
    values: Plane,
    low: float,
    top: float,
    colours: str | list[list[object]],
    box: tuple[float, float, float, float],
) -> Json:
    bar = {
        "x": box[1],
        "xanchor": "left",
        "xpad": 4,
        "y": (box[2] + box[3]) / 2,
        "len": box[3] - box[2],
        "ypad": 0,
        "thickness": 9,
        "outlinewidth": 0,
        "nticks": 5,
        "tickfont": {"size": 10, "color": INK},
    }
    told = {"hovertemplate": "%{x}, %{y}: %{z:.4g}<extra></extra>", "colorbar": bar}
    return {"z": numbers(values), "zmin": low, "zmax": top, "colorscale": colours, **told}


def _axis(axis: Axis) -> Json:
    numbered = min(axis.values) < axis.low or max(axis.values) > axis.high
    words = f"{axis.title} bin" if numbered else axis.title
    title = {"text": plotly_text(words.replace("#", "")), "standoff": 4}
    frame = {"showline": True, "linecolor": INK, "mirror": True, "nticks": 5}
    return {**BASE_AXIS, **frame, "title": title, "range": [axis.low, axis.high]}
