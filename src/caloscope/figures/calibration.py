"""What a calibration is worth: rates asked for against rates observed, and how counts are spread."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray
from scipy.special import gammaincinv

from caloscope.decide import CLASSES, LUMIS_PER_DAY
from caloscope.figures import style

if TYPE_CHECKING:
    from caloscope.calibrate import Check, Pit

Array: TypeAlias = NDArray[np.float64]

GROUPS: Final = ("lowest third of the means", "middle third", "highest third")

_COLOURS: Final = MappingProxyType(
    {
        "cell": style.BLUE,
        "region": style.VERMILLION,
        "patch": style.GREEN,
        "map": style.PURPLE,
        "score": style.BLUE,
    }
)
_DASHES: Final = MappingProxyType({"low": "-", "high": (0, (4, 1.6))})

_TOGETHER: Final[dict[str, Any]] = {"color": style.BLACK, "marker": "o", "ms": 3.5, "lw": 1.4}
_NOTHING: Final[dict[str, Any]] = {"color": style.BLACK, "marker": "v", "ls": "", "ms": 4.5, "mfc": "white"}
_AS_ASKED: Final[dict[str, Any]] = {"color": style.PALE, "lw": 0.9, "ls": ":"}
_IF_EXACT: Final[dict[str, Any]] = {"color": style.ABSENT, "alpha": 0.45, "lw": 0}

_NARROWEST: Final = 7.0
_LEGEND_COLUMN: Final = 1.75
"""Inches."""


def calibration_figure(title: str, subtitle: str, checks: Sequence["Check"], pit: "Pit | None") -> bytes:
    """A PNG: asked against observed rates, one panel a check, and histograms of transforms where known."""
    panels = len(checks)
    with style.look():
        figure = style.new(max(_NARROWEST, 5.0 * panels + (3.4 if pit is not None else 0.0)), 6.0)
        style.headline(figure, title, subtitle)
        widths = [1.0] * panels + ([0.66] if pit is not None else [])
        grid = figure.add_gridspec(len(GROUPS), len(widths), width_ratios=widths)
        for place, check in enumerate(checks):
            _draw_check(figure.add_subplot(grid[:, place]), check)
        if pit is not None:
            for place in range(len(GROUPS)):
                _draw_pit(figure.add_subplot(grid[place, panels]), pit, place)
        _legend(figure, checks)
        return style.png(figure)


def line_of(name: str) -> dict[str, Any]:
    """How a class is drawn, the same in every picture: a colour for its places, dashes for too much."""
    place, _, side = name.partition("_")
    return {"color": _COLOURS.get(place, style.PALE), "ls": _DASHES.get(side, "-"), "lw": 1.1}


def _draw_check(axes: Axes, check: "Check") -> None:
    days = max(check.lumis, 1) / LUMIS_PER_DAY
    low, high = 0.4 * float(check.asked.min()), 1.7 * float(check.asked.max())
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.plot([low, high], [low, high], **_AS_ASKED)
    axes.fill_between(*_scatter(low, high, days), zorder=0, **_IF_EXACT)
    for name, seen in _several(check).items():
        axes.plot(check.shares[name], _shown(seen, days), **line_of(name))
    _draw_together(axes, check, days)
    axes.set_title(
        "in other runs than those that gave the thresholds" if check.independent else "in the same runs"
    )
    axes.set_xlabel(f"asked: false incidents per {LUMIS_PER_DAY:,} LS")
    axes.set_ylabel("observed")
    axes.text(
        0.97,
        0.03,
        f"{check.lumis:,} LS = {days:#.2g} days",
        transform=axes.transAxes,
        ha="right",
        color=style.PALE,
    )


def _draw_together(axes: Axes, check: "Check", days: float) -> None:
    """All classes, with the 95 % intervals of what was counted; where nothing was, the upper limit."""
    seen = check.together
    low, high = _interval(seen)
    there = seen > 0
    asked, counted = check.asked[there], seen[there]
    errors = np.stack([counted - low[there], high[there] - counted]) / days
    axes.errorbar(asked, counted / days, errors, elinewidth=0.9, capsize=2.0, **_TOGETHER)
    axes.plot(check.asked[~there], high[~there] / days, **_NOTHING)


def _several(check: "Check") -> Mapping[str, NDArray[np.int64]]:
    """Excursions by class where there are classes: one alone is all of them together."""
    return check.seen if len(check.seen) > 1 else {}


def _shown(seen: NDArray[np.int64], days: float) -> Array:
    """Rates; nothing is drawn where nothing was seen."""
    return np.where(seen > 0, seen / days, np.nan)


def _interval(seen: NDArray[np.int64]) -> tuple[Array, Array]:
    """95 % interval of a Poisson mean (Garwood 1936)."""
    low = np.where(seen > 0, gammaincinv(np.maximum(seen, 1), 0.025), 1e-9)
    return low, np.asarray(gammaincinv(seen + 1.0, 0.975))


def _scatter(low: float, high: float, days: float) -> tuple[Array, Array, Array]:
    """Rates, and between what an exact threshold would scatter in so many days (95 %)."""
    asked = np.geomspace(low, high, 200)
    mean = asked * days
    return (
        asked,
        np.asarray(gammaincinv(mean, 0.025) / days),
        np.asarray(gammaincinv(mean + 1.0, 0.975) / days),
    )


def _draw_pit(axes: Axes, pit: "Pit", place: int) -> None:
    counts = pit.counts[place]
    bins, total = len(counts), max(1, int(counts.sum()))
    edges = np.linspace(0.0, 1.0, bins + 1)
    share = counts / total * bins
    error = 1.96 * np.sqrt(bins / total)
    axes.axhspan(1.0 - error, 1.0 + error, color=style.ABSENT, alpha=0.8, lw=0)
    axes.stairs(share, edges, fill=True, color=style.SKY, alpha=0.45)
    axes.stairs(share, edges, color=style.BLUE, lw=1.1)
    axes.axhline(1.0, color=style.INK, lw=0.8, ls=":")
    axes.set_xlim(0, 1)
    reach = max(0.25, 1.25 * float(np.abs(share - 1.0).max()))
    axes.set_ylim(max(0.0, 1.0 - reach), 1.0 + reach)
    low, high = (f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in pit.means[place])
    axes.set_title(f"{GROUPS[place]}: {low} to {high} counts", fontsize=8.5, fontweight="normal")
    axes.set_ylabel("relative to flat")
    if place == len(GROUPS) - 1:
        given = "given the neighbours" if pit.neighbours else "each cell alone"
        axes.set_xlabel(f"randomised PIT of counts, {given}")


def _legend(figure: Figure, checks: Sequence["Check"]) -> None:
    """One for all panels, below them, of what is drawn: two rows where there is room."""
    there = {name for check in checks for name, seen in _several(check).items() if seen.any()}
    marks: list[Line2D | Patch] = [
        Line2D([], [], label="together, 95 % interval", **_TOGETHER),
        Line2D([], [], label="none seen: 95 % limit", **_NOTHING),
        Line2D([], [], label="as asked", **_AS_ASKED),
        Patch(label="scatter if exact (95 %)", **_IF_EXACT),
    ]
    classes = [name for name in (*CLASSES, "score") if name in there]
    marks += [Line2D([], [], label=name.replace("_", " "), **line_of(name)) for name in classes]
    columns = min(-(-len(marks) // 2), int(figure.get_figwidth() / _LEGEND_COLUMN))
    figure.legend(handles=marks, loc="outside lower center", ncols=columns)
