"""A map's counts, events and pileup against lumisection, as steps that leave gaps open."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.dataset import DataSet
from caloscope.outputs.data_page.facts import Range, range_of
from caloscope.outputs.data_page.plotly import BASE_AXIS, INK, LINE, MUTED, WIDTH, Figure, Json, base, numbers
from caloscope.outputs.data_page.sums import MapSums
from caloscope.outputs.data_page.timeline import Timeline, thinned, timeline

MAX_BANDS = 200
"""Gaps that are shaded, the longest first."""

_STEPS = tuple(digit * 10**power for power in range(7) for digit in (1, 2, 5))
_COLOURS = ("#1d5d99", "#c4570a", "#3a7f70", "#8a4f9e")
_HIGH, _GAP, _TOP, _BOTTOM, _LEFT, _RIGHT = 104, 16, 26, 46, 92, 20


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """One quantity in each row; NaN where it is not known. `range` is over the rows where it is."""

    name: str
    values: NDArray[np.float64]
    range: Range


def trends(data: DataSet, sums: MapSums) -> list[Trend]:
    """The quantities of a map that are known: counts, events, counts per event, pileup."""
    name = sums.info.name
    spans = np.maximum(data.spans(name), 1).astype(np.float64)
    there = data.present(name)
    events = np.where(there & (data.events(name) >= 0), data.events(name), np.nan).astype(np.float64)
    pileup = np.where(there, data.pileup(name), np.nan).astype(np.float64)
    counted = sums.info.kind == "counts"
    what = "counts" if counted else "sum of bins"
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(events > 0, sums.row_totals / events, np.nan)
    found = [
        (f"{what} per LS", sums.row_totals / spans) if counted else (what, sums.row_totals),
        ("events per LS", events / spans),
        (f"{what} per event", ratio),
        ("pileup", pileup),
    ]
    known = [(each, values, range_of(values)) for each, values in found]
    return [Trend(each, values, over) for each, values, over in known if over is not None]


def trend_figure(data: DataSet, sums: MapSums, shown: list[Trend]) -> Figure:
    """One below the other, on one axis of lumisections."""
    spans = np.maximum(data.spans(sums.info.name), 1).astype(np.int64)
    line = timeline(data, np.where(data.present(sums.info.name), spans, 1))
    height = _TOP + len(shown) * (_HIGH + _GAP) - _GAP + _BOTTOM
    layout: Json = {**base(WIDTH, height), "annotations": _run_names(line), "shapes": []}
    layout["margin"] = {"l": _LEFT, "r": _RIGHT, "t": _TOP, "b": _BOTTOM, "pad": 0}
    layout["xaxis"] = {**BASE_AXIS, **_ticks(line), "range": [line.low, line.high], "anchor": "free"}
    layout["xaxis"] |= {"position": 0, "showline": True, "linecolor": LINE}
    layout["shapes"] += [*_bands(data, sums, line), *_walls(line)]
    inner = height - _TOP - _BOTTOM
    traces = []
    for number, trend in enumerate(shown):
        top = 1 - number * (_HIGH + _GAP) / inner
        end = "" if number == 0 else str(number + 1)
        words = {"text": trend.name.replace(" per ", "<br>per "), "font": {"size": 12}}
        layout[f"yaxis{end}"] = {
            **BASE_AXIS,
            "title": {**words, "standoff": 8},
            "domain": [max(0.0, top - _HIGH / inner), top],
            "rangemode": "tozero",
            "showgrid": True,
            "gridcolor": "#e6eaee",
            "nticks": 5,
            "showline": True,
            "linecolor": LINE,
        }
        traces.append(_steps(line, trend, number))
    return Figure(traces, layout, WIDTH, height)


def _steps(line: Timeline, trend: Trend, number: int) -> Json:
    """One line: a level from the start to the end of each row, broken where nothing is known."""
    x0, x1, y = thinned(line, trend.values)
    touches = np.r_[x0[1:] <= x1[:-1] + 1e-6, True]
    xs, ys = np.stack([x0, x1, x1]), np.stack([y, y, np.where(touches, y, np.nan)])
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(xs.T.ravel(), "f8"),
        "y": numbers(ys.T.ravel(), "f8"),
        "yaxis": "y" if number == 0 else f"y{number + 1}",
        "line": {"color": _COLOURS[number % len(_COLOURS)], "width": 1.6, "simplify": False},
        "connectgaps": False,
        "hovertemplate": "%{y:.6g}<extra></extra>",
    }


def _ticks(line: Timeline) -> Json:
    """Lumisection numbers: of one run as they come, of many the first of each run that has room."""
    if len(line.runs) == 1:
        words = {"title": {"text": f"lumisection of run {line.runs[0].run}", "standoff": 6}}
        return words | ({"tick0": 0, "dtick": 1} if line.high - line.low < 20 else {"nticks": 16})
    ticks = _lumi_ticks(line)
    return {
        "title": {"text": "lumisection, runs side by side", "standoff": 6},
        "tickvals": [at for at, _ in ticks],
        "ticktext": [words for _, words in ticks],
    }


def _lumi_ticks(line: Timeline) -> list[tuple[float, str]]:
    """Round numbers within each run and the first of each, as far as they do not run into each other."""
    apart = 40 * (line.high - line.low) / (WIDTH - _LEFT - _RIGHT)
    step = next((step for step in _STEPS if step >= apart), _STEPS[-1])
    found: list[tuple[float, str]] = []
    for run in line.runs:
        last = run.first + round(run.end - run.start) - 1
        for lumi in (run.first, *range(run.first - run.first % step + step, last + 1, step)):
            if not found or run.at(lumi) - found[-1][0] >= apart:
                found.append((run.at(lumi), str(lumi)))
    return found


def _run_names(line: Timeline) -> list[Json]:
    """The run numbers over the axis, those that have room."""
    if len(line.runs) == 1:
        return []
    place = {"xref": "x", "yref": "paper", "y": 1, "xanchor": "left", "yanchor": "bottom", "showarrow": False}
    return [
        {**place, "x": start, "text": f"run {run}", "font": {"size": 11, "color": INK}}
        for run, start, _, _ in (line.runs[index] for index in _roomy(line, 78))
    ]


def _roomy(line: Timeline, pixels: int) -> list[int]:
    """Indices of runs whose starts are at least so far apart on the page."""
    apart = pixels * (line.high - line.low) / (WIDTH - _LEFT - _RIGHT)
    chosen: list[int] = []
    for index, run in enumerate(line.runs):
        if not chosen or run.start - line.runs[chosen[-1]].start >= apart:
            chosen.append(index)
    return chosen


def _walls(line: Timeline) -> list[Json]:
    """A line where a run begins."""
    starts = [start for _, start, _, _ in line.runs[1 : MAX_BANDS + 1]]
    return [
        _shape(x, x, {"type": "line", "line": {"color": MUTED, "width": 1, "dash": "dot"}}) for x in starts
    ]


def _bands(data: DataSet, sums: MapSums, line: Timeline) -> list[Json]:
    """Grey where no lumisection of the map is, within runs."""
    there = data.present(sums.info.name)
    found: list[tuple[float, float]] = []
    for _, start, end, _ in line.runs:
        first, last = np.searchsorted(line.x1, (start, end + 1e-6), side="right")
        here = np.flatnonzero(there[first:last]) + first
        edges = np.r_[start, np.stack([line.x0[here], line.x1[here]], axis=1).ravel(), end]
        for low, high in edges.reshape(-1, 2):
            if high - low > 1e-6:
                found.append((float(low), float(high)))
    found.sort(key=lambda gap: gap[0] - gap[1])
    fill: Json = {"type": "rect", "fillcolor": "#dfe4e9", "line": {"width": 0}, "layer": "below"}
    return [_shape(low, high, fill) for low, high in found[:MAX_BANDS]]


def _shape(x0: float, x1: float, style: Any) -> Json:
    return {"xref": "x", "yref": "paper", "x0": x0, "x1": x1, "y0": 0, "y1": 1, **style}
