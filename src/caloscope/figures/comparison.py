"""Real data beside their simulation: panels of curves and distributions, and a table of numbers with bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from caloscope.figures import style
from caloscope.figures.numbers import Row, draw_rows

__all__ = ["Panel", "Row", "comparison"]

_COLUMNS = 3
_WIDE = 12.0


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One curve or distribution.

    `x` holds the places of a curve, or the edges of the bins of a distribution (one more than values). `band`
    is what 95 % of the replicas lie in, `(2, values)`. `labels` name the places where those are no numbers.
    `verdict` is written into the panel, in warning colours unless `good`.
    """

    title: str
    kind: Literal["curve", "distribution"]
    x: Sequence[float]
    real: NDArray[np.float64]
    mean: NDArray[np.float64]
    band: NDArray[np.float64]
    verdict: str
    good: bool = True
    x_title: str = ""
    y_title: str = ""
    labels: Sequence[str] = ()
    logarithmic: bool = False


def comparison(title: str, subtitle: str, panels: Sequence[Panel], rows: Sequence[Row]) -> bytes:
    """A PNG with all panels, three in a row, and below them one line for each number."""
    lines = -(-len(panels) // _COLUMNS)
    table = 0.55 + 0.26 * len(rows) if rows else 0.0
    with style.look():
        figure = style.new(_WIDE, 0.75 + 2.75 * lines + table)
        style.headline(figure, title, subtitle)
        ratios = [2.75] * lines + ([table] if rows else [])
        grid = figure.add_gridspec(len(ratios), _COLUMNS, height_ratios=ratios)
        for place, panel in enumerate(panels):
            _draw(figure.add_subplot(grid[place // _COLUMNS, place % _COLUMNS]), panel)
        if rows:
            draw_rows(figure.add_subplot(grid[-1, :]), rows)
        _legend(figure)
        return style.png(figure)


def _legend(figure: Figure) -> None:
    """One for all panels, at the top right of the page."""
    marks = [
        Line2D([], [], color=style.BLACK, marker="o", ls="", ms=4.5, label="real"),
        Line2D([], [], color=style.BLUE, ls="--", lw=1.3, label="simulated: mean"),
        Patch(color=style.SKY, alpha=0.45, label="simulated: 95 % of replicas"),
    ]
    figure.legend(handles=marks, loc="upper right", ncols=3, fontsize=9)


def _draw(axes: Axes, panel: Panel) -> None:
    _distribution(axes, panel) if panel.kind == "distribution" else _curve(axes, panel)
    axes.set_title(panel.title)
    axes.set_xlabel(panel.x_title)
    axes.set_ylabel(panel.y_title)
    low, high = axes.get_ylim()
    # Room for the verdict above all that is drawn.
    axes.set_ylim(
        low, high * (high / max(low, 1e-9)) ** 0.2 if panel.logarithmic else high + 0.2 * (high - low)
    )
    colour = style.PALE if panel.good else style.VERMILLION
    weight = "normal" if panel.good else "bold"
    axes.text(
        0.97,
        0.96,
        panel.verdict,
        transform=axes.transAxes,
        ha="right",
        va="top",
        color=colour,
        weight=weight,
        fontsize=8.5,
    )


def _curve(axes: Axes, panel: Panel) -> None:
    x = np.asarray(panel.x, float)
    _steps(axes, panel, x) if panel.labels else _ribbon(axes, panel, x)
    there = np.isfinite(panel.real)
    axes.plot(x[there], panel.real[there], "o", color=style.BLACK, ms=4.0)
    shown = x[there | np.isfinite(panel.mean)]
    if shown.size:
        pad = 0.6 if panel.labels else 0.04 * max(float(np.ptp(shown)), 1.0)
        axes.set_xlim(shown.min() - pad, shown.max() + pad)
    every = np.append(panel.real[there], panel.mean[np.isfinite(panel.mean)])
    if every.size and every.min() < 0 < every.max():
        axes.axhline(0, color=style.PALE, lw=0.6)


def _steps(axes: Axes, panel: Panel, x: NDArray[np.float64]) -> None:
    """Boxes, for places that have names."""
    axes.bar(x, panel.band[1] - panel.band[0], 0.6, panel.band[0], color=style.SKY, alpha=0.55)
    axes.hlines(panel.mean, x - 0.3, x + 0.3, colors=style.BLUE)
    axes.set_xticks(x, list(panel.labels), rotation=35 if len(x) > 7 else 0)


def _ribbon(axes: Axes, panel: Panel, x: NDArray[np.float64]) -> None:
    """A band with a line in it, for places along an axis."""
    good = np.isfinite(panel.mean) & np.isfinite(panel.band).all(0)
    axes.fill_between(x[good], panel.band[0][good], panel.band[1][good], color=style.SKY, alpha=0.45, lw=0)
    axes.plot(x[good], panel.mean[good], color=style.BLUE, lw=1.3, ls="--")


def _distribution(axes: Axes, panel: Panel) -> None:
    edges = np.asarray(panel.x, float)
    axes.stairs(panel.band[1], edges, baseline=panel.band[0], fill=True, color=style.SKY, alpha=0.45)
    axes.stairs(panel.mean, edges, color=style.BLUE, lw=1.2, ls="--")
    middles, filled = (edges[1:] + edges[:-1]) / 2, panel.real > 0
    errors = np.sqrt(panel.real[filled])
    axes.errorbar(middles[filled], panel.real[filled], errors, fmt="o", color=style.BLACK, ms=3.0, lw=0.8)
    axes.set_xlim(edges[0], edges[-1])
    if panel.logarithmic:
        axes.set_yscale("log")
        axes.set_ylim(0.5, 2.0 * float(max(panel.real.max(), panel.band.max(), 1.0)))
