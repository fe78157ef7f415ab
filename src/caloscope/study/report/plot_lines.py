"""Charts of lines and points as Plotly draws them."""

from dataclasses import dataclass
from math import ceil, isfinite, log10
from typing import Final

from caloscope.outputs.data_page.plotly import BASE_AXIS, INK, WIDTH, Figure, Json, base, plotly_text
from caloscope.study.report.charts import Axis, Chart, Line, Panel
from caloscope.study.report.scale import settled
from caloscope.study.results import Interval

LETTER: Final = 6.4
"""Pixels of a letter of the names of ticks."""

LONGEST: Final = 34
"""Letters of a name that are shown."""

_RIGHT, _TOP, _BOTTOM, _GRID = 22, 28, 56, "#e6eaee"
_MOST: Final = 620
"""Pixels of a panel that stands alone."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where panels stand: pixels left of each column, of a panel, and of the whole."""

    left: tuple[int, ...]
    wide: int
    high: int
    rows: int
    legend: int

    @property
    def width(self) -> int:
        """Pixels of the figure."""
        return sum(self.left) + len(self.left) * (self.wide + _RIGHT) + self.legend

    @property
    def height(self) -> int:
        """Pixels of the figure."""
        return self.rows * (self.high + _TOP + _BOTTOM)

    def box(self, number: int) -> tuple[float, float, float, float]:
        """Left, right, low and high edge of a panel as parts of the figure."""
        row, column = divmod(number, len(self.left))
        left = sum(self.left[: column + 1]) + column * (self.wide + _RIGHT)
        top = row * (self.high + _TOP + _BOTTOM) + _TOP
        down = (1 - (top + self.high) / self.height, 1 - top / self.height)
        return (left / self.width, (left + self.wide) / self.width, *down)


def cut(words: str) -> str:
    """A name that is not too long for its place."""
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def chart_figure(chart: Chart) -> Figure:
    """All panels, and on the right the names of the lines."""
    panels = [settled(panel) for panel in chart.panels]
    at = _layout(chart, panels)
    layout: Json = {**base(at.width, at.height), "annotations": []}
    if chart.legend:
        layout |= {"showlegend": True, "legend": _legend(at)}
    data: list[Json] = []
    named: set[str] = set()
    for number, panel in enumerate(panels):
        end, box = "" if number == 0 else str(number + 1), at.box(number)
        layout[f"xaxis{end}"] = _axis(panel.x) | {"domain": list(box[:2]), "anchor": f"y{end}"}
        layout[f"yaxis{end}"] = _axis(panel.y) | {"domain": list(box[2:]), "anchor": f"x{end}"}
        layout["annotations"].append(title_of(panel.title, box))
        for line in panel.lines:
            shown = chart.legend and bool(line.name) and line.name not in named
            named.add(line.name)
            data.append(_trace(line, end) | {"showlegend": shown})
    return Figure(data, layout, at.width, at.height)


def _layout(chart: Chart, panels: list[Panel]) -> Layout:
    columns = min(chart.columns, len(panels))
    left = tuple(max(_left(panel) for panel in panels[column::columns]) for column in range(columns))
    names = {line.name for panel in panels for line in panel.lines}
    longest = max((len(cut(name)) for name in names), default=0)
    legend = round(longest * LETTER) + 64 if chart.legend else 0
    wide = (WIDTH - legend - sum(left)) // columns - _RIGHT
    return Layout(
        left, wide if chart.legend else min(wide, _MOST), chart.height, ceil(len(panels) / columns), legend
    )


def _left(panel: Panel) -> int:
    longest = max((len(cut(words)) for _, words in panel.y.ticks), default=4)
    return max(26, round(longest * LETTER) + (16 if not panel.y.title else 42))


def _legend(at: Layout) -> Json:
    edge = 1 - (at.legend - 12) / at.width
    return {
        "x": edge,
        "y": 1 - _TOP / at.height,
        "xanchor": "left",
        "yanchor": "top",
        "font": {"size": 12, "color": INK},
        "itemwidth": 40,
        "tracegroupgap": 0,
    }


def title_of(words: str, box: tuple[float, float, float, float]) -> Json:
    """The title of a panel over its upper left corner."""
    place = {"xref": "paper", "yref": "paper", "x": box[0], "y": box[3], "xanchor": "left"}
    more = {"yanchor": "bottom", "showarrow": False, "yshift": 3, "font": {"size": 13, "color": INK}}
    return {**place, **more, "text": f"<b>{plotly_text(cut(words))}</b>" if words else ""}


def _axis(axis: Axis) -> Json:
    """An axis with ticks inside on all four sides of its panel."""
    ends = [axis.low, axis.high]
    found = {
        **BASE_AXIS,
        "title": {"text": plotly_text(axis.title), "standoff": 8, "font": {"color": INK, "size": 12.5}},
        "type": "log" if axis.log else "linear",
        "range": [log10(each) for each in ends] if axis.log else ends,
        "ticks": "inside",
        "tickcolor": INK,
        "mirror": "ticks",
        "showline": True,
        "linecolor": INK,
        "linewidth": 1,
        "showgrid": True,
        "gridcolor": _GRID,
        "automargin": False,
    }
    if axis.ticks:
        found["tickvals"] = [value for value, _ in axis.ticks]
        found["ticktext"] = [plotly_text(cut(words)).replace("\n", "<br>") for _, words in axis.ticks]
    return found


def _trace(line: Line, end: str) -> Json:
    look, points = line.look, bool(line.look.mark)
    mode = "+".join(["lines"] * line.joined + ["markers"] * points) or "none"
    name = plotly_text(cut(line.name))
    trace: Json = {
        "type": "scatter",
        "mode": mode,
        "name": name,
        "legendgroup": name,
        "x": _plain(line.x),
        "y": _plain(line.y),
        "xaxis": f"x{end}",
        "yaxis": f"y{end}",
        "connectgaps": False,
        "cliponaxis": True,
        "line": {"color": look.colour, "width": look.width, "dash": look.dash},
        "marker": {"symbol": look.mark + "-open" * line.hollow, "size": 7.5, "color": look.colour},
        "hovertemplate": f"{name}: %{{y:.4g}} at %{{x:.4g}}<extra></extra>",
    }
    if line.hollow:
        trace["marker"]["line"] = {"width": 2, "color": look.colour}
    for letter, values in (("x", line.x), ("y", line.y)):
        if any(isfinite(each.low) and each.low != each.high for each in values):
            trace[f"error_{letter}"] = _bars(values, look.colour)
    return trace if line.name else trace | {"hoverinfo": "skip", "hovertemplate": None}


def _plain(values: tuple[Interval, ...]) -> list[float | None]:
    return [each.value if isfinite(each.value) else None for each in values]


def _bars(values: tuple[Interval, ...], colour: str) -> Json:
    def apart(one: float, other: float) -> float:
        return max(0.0, one - other) if isfinite(one) and isfinite(other) else 0.0

    return {
        "type": "data",
        "symmetric": False,
        "array": [apart(each.high, each.value) for each in values],
        "arrayminus": [apart(each.value, each.low) for each in values],
        "color": colour,
        "thickness": 1.1,
        "width": 2.5,
    }
