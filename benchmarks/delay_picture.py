"""A picture of how long a live monitor takes."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from benchmarks.following import TOGETHER, Measured
from caloscope.figures import style

COLOURS: Final = {
    "noticed": style.PURPLE,
    "ordered": style.PALE,
    "read": style.GREEN,
    "score": style.BLUE,
    "store": style.SKY,
    "other": style.ABSENT,
    "event": style.VERMILLION,
}
_Row: TypeAlias = NDArray[np.float64]

_BINS: Final = 60
_LABELLED: Final = 0.035
"""The share of the whole from which a stage is wide enough for its name."""


def delay_figure(measured: Measured, pace: float, targets: Mapping[float, float]) -> bytes:
    """A PNG: how delays are spread, how they go over the run, and where the time goes.

    `targets` are milliseconds until the event that are wanted, by quantile.
    """
    event = np.array(measured.event[TOGETHER])
    told = ", ".join(f"{_name(share)} {np.quantile(event, share):.0f} ms" for share in targets)
    every = f"{len(event)} lumisections of five maps in two files, one every {pace:g} s"
    with style.look():
        figure = style.new(9.0, 6.4)
        style.headline(figure, "From the rename of the files to the event on the page", f"{every}: {told}")
        grid = figure.add_gridspec(3, 1, height_ratios=(3.4, 2.0, 0.9))
        _spread(figure.add_subplot(grid[0]), measured, targets)
        _course(figure.add_subplot(grid[1]), event, targets)
        _shares(figure.add_subplot(grid[2]), measured)
        return style.png(figure)


def _name(share: float) -> str:
    return "median" if share == 0.5 else f"{share:.0%}"


def _spread(axes: Axes, measured: Measured, targets: Mapping[float, float]) -> None:
    """Histograms on one logarithmic axis."""
    event = np.array(measured.event[TOGETHER])
    columns = {
        "bare copy of the counts into a table": (np.array(measured.bare), style.PALE),
        "last verdict in the store": (np.array(measured.verdict[TOGETHER]), style.SKY),
        "last event on the page": (event, style.VERMILLION),
    }
    every = np.concatenate([values for values, _ in columns.values()])
    low, high = 0.8 * float(every.min()), 1.25 * max(float(every.max()), *targets.values())
    edges = np.geomspace(low, high, _BINS + 1)
    for name, (values, colour) in columns.items():
        counts, _ = np.histogram(values, edges)
        axes.stairs(counts, edges, fill=True, color=colour, alpha=0.3)
        axes.stairs(counts, edges, color=colour, lw=1.3, label=f"{name}, median {np.median(values):.0f} ms")
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    top = 1.45 * axes.get_ylim()[1]
    axes.set_ylim(0.0, top)
    ticks = [each for each in (10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1000, 2000) if low < each < high]
    axes.set_xticks(ticks, [str(each) for each in ticks])
    axes.set_xticks([], minor=True)
    for share, limit in targets.items():
        found = float(np.quantile(event, share))
        axes.axvline(limit, color=style.INK, lw=0.9, ls=":")
        axes.text(
            0.985 * limit,
            0.7 * top,
            f"wanted of the\n{_name(share)}",
            ha="right",
            va="top",
            color=style.PALE,
        )
        axes.plot(found, 0.03 * top, "v", color=style.VERMILLION, ms=6, mec="white", zorder=3)
        axes.text(found, 0.075 * top, _name(share), ha="center", fontsize=8)
    axes.set_xlabel("milliseconds after the rename, all maps")
    axes.set_ylabel("lumisections")
    axes.legend(loc="upper left")


def _course(axes: Axes, event: _Row, targets: Mapping[float, float]) -> None:
    """Lumisection by lumisection."""
    lumis = np.arange(1, len(event) + 1)
    axes.plot(lumis, event, "o", ms=2.2, color=style.VERMILLION)
    for limit in targets.values():
        axes.axhline(limit, color=style.INK, lw=0.9, ls=":")
    axes.set_xlim(0, len(event) + 1)
    axes.set_ylim(0.0, 1.08 * max(float(event.max()), *targets.values()))
    axes.set_xlabel("lumisection")
    axes.set_ylabel("ms until the event")


def _shares(axes: Axes, measured: Measured) -> None:
    """One bar: mean milliseconds of every stage; those too short for their name are told below."""
    start, short = 0.0, list[str]()
    means = {name: max(0.0, float(np.mean(values))) for name, values in measured.stages.items()}
    total = sum(means.values())
    for name, mean in means.items():
        axes.barh(0.0, mean, left=start, color=COLOURS[name], height=0.8, edgecolor="white", lw=0.8)
        if mean > _LABELLED * total:
            place: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8.5}
            axes.text(start + mean / 2, 0.0, f"{name}\n{mean:.1f}", color=_ink(name), **place)
        else:
            short.append(f"{name} {mean:.1f}")
        start += mean
    axes.set_xlim(0.0, start)
    axes.set_yticks([])
    rest = f" (also {', '.join(short)})" if short else ""
    axes.set_xlabel(f"mean milliseconds of each stage, both files{rest}")


def _ink(stage: str) -> str:
    return "white" if COLOURS[stage] in (style.BLUE, style.GREEN, style.VERMILLION, style.PALE) else style.INK
