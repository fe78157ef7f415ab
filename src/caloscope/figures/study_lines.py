"""Charts of a study on paper: panels of lines and points with their intervals, one legend for all."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter, NullLocator

from caloscope.figures import style
from caloscope.figures.study_drawn import Axis, Line, Number, Panel, Printed, printed

_MARKS: Final = MappingProxyType(
    {
        "circle": "o",
        "square": "s",
        "diamond": "D",
        "triangle-up": "^",
        "triangle-down": "v",
        "cross": "P",
        "x": "X",
        "star": "*",
        "": "",
    }
)
_DASHES: Final[MappingProxyType[str, Any]] = MappingProxyType(
    {"solid": "-", "dash": (0, (4, 2)), "longdash": (0, (7, 2)), "dot": (0, (1.2, 1.6))}
)
_PIXELS: Final = 100.0
"""Pixels of the page for one inch of paper."""

_WIDE: Final = 10.0
_LETTER: Final = 0.068
"""Inches of a letter of a legend."""


def lines_figure(title: str, panels: Sequence[Panel], columns: int, height: int, legend: bool) -> Printed:
    """All panels, `columns` in a row, each `height` pixels of the page high."""
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    names = _names(panels) if legend else {}
    across = max(1, int(_WIDE / (0.7 + _LETTER * max(map(len, names), default=1))))
    below = 0.22 * -(-len(names) // across) + 0.1 if names else 0.0
    with style.look():
        figure = style.new(
            _WIDE if columns > 1 or len(panels) > 1 else 7.0, (height / _PIXELS + 0.45) * rows + 0.4 + below
        )
        style.headline(figure, _plain(title))
        for number, panel in enumerate(panels):
            _draw(figure.add_subplot(rows, columns, number + 1), panel)
        _legend(figure, names, across)
        return printed(figure)


def _plain(words: str) -> str:
    """Words as they are: a dollar sign would begin a formula."""
    return words.replace("$", r"\$")


def _names(panels: Sequence[Panel]) -> dict[str, Line]:
    return {line.name: line for panel in reversed(panels) for line in reversed(panel.lines) if line.name}


def _legend(figure: Figure, names: dict[str, Line], across: int) -> None:
    if names:
        marks = [Line2D([], [], label=_plain(name), **_style(line)) for name, line in reversed(names.items())]
        figure.legend(handles=marks, loc="outside lower left", ncols=across, handlelength=3.2)


def _draw(axes: Axes, panel: Panel) -> None:
    for line in panel.lines:
        x, y = (np.array([each[0] for each in values]) for values in (line.x, line.y))
        bars = {f"{letter}err": _bars(values) for letter, values in (("x", line.x), ("y", line.y))}
        axes.errorbar(x, y, **bars, elinewidth=0.8, capsize=1.4, **_style(line))
    _settle(axes, "x", panel.x)
    _settle(axes, "y", panel.y)
    axes.set_title(_plain(panel.title))
    axes.grid(color="#e6eaee", lw=0.6)
    axes.set_axisbelow(True)


def _bars(values: Sequence[Number]) -> Any:
    """Lengths below and above, None where there is no interval."""
    each = np.array(values, float)
    apart = np.stack([each[:, 0] - each[:, 1], each[:, 2] - each[:, 0]])
    apart = np.where(np.isfinite(apart), np.maximum(apart, 0.0), 0.0)
    return apart if apart.any() else None


def _style(line: Line) -> dict[str, Any]:
    look = line.look
    return {
        "color": look.colour,
        "ls": _DASHES[look.dash] if line.joined else "",
        "lw": 0.75 * look.width,
        "marker": _MARKS[look.mark],
        "ms": 4.5,
        "mfc": "white" if line.hollow else look.colour,
    }


def _settle(axes: Axes, letter: str, axis: Axis) -> None:
    scale = "log" if axis.log else "linear"
    axes.set(**{f"{letter}scale": scale, f"{letter}label": _plain(axis.title)})
    axes.set(**{f"{letter}lim": (axis.low, axis.high)})
    if axis.ticks:
        one = axes.xaxis if letter == "x" else axes.yaxis
        one.set_ticks([value for value, _ in axis.ticks], [_plain(words) for _, words in axis.ticks])
        one.set_minor_locator(NullLocator())
        one.set_minor_formatter(NullFormatter())
