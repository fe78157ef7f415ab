"""A picture of what a live monitor holds over many lumisections."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from benchmarks.samples import Sample, Slope
from caloscope.figures import style
from caloscope.records import LUMISECTION_SECONDS

_Row: TypeAlias = NDArray[np.float64]


def memory_figure(
    samples: Sequence[Sample], settled: Sequence[Sample], grown: Mapping[str, Slope], maps: int
) -> bytes:
    """A PNG: memory, store and spool over the lumisections, and the lines fitted from `settled` on."""
    lumis = np.array([each.lumis for each in samples], np.float64)
    with style.look():
        figure = style.new(9.0, 7.4)
        hours = f"{samples[-1].lumis * LUMISECTION_SECONDS / 86_400:.1f} days of data taking"
        style.headline(
            figure,
            "Memory and disk of a live monitor",
            f"{samples[-1].lumis:,} lumisections of {maps} maps ({hours}) in {_minutes(samples)}",
        )
        above, middle, below = figure.subplots(3, 1, sharex=True, height_ratios=(2.2, 2.2, 1.0))
        _memory(above, lumis, samples, settled, grown)
        _disk(middle, lumis, samples, settled, grown["store"])
        _counts(below, lumis, samples)
        for axes in (above, middle, below):
            axes.set_ylim(0.0, 1.35 * axes.get_ylim()[1])
            axes.legend(loc="upper left", ncols=3)
        return style.png(figure)


def _memory(
    axes: Axes, lumis: _Row, samples: Sequence[Sample], settled: Sequence[Sample], grown: Mapping[str, Slope]
) -> None:
    sizes = {
        "monitor": (style.BLUE, [each.monitor.resident for each in samples]),
        "page server": (style.GREEN, [each.server.resident for each in samples]),
    }
    for name, (colour, values) in sizes.items():
        _line(axes, lumis, values, colour, name, settled, grown[f"memory of the {name}"])
    axes.set_ylabel("resident memory, MB")


def _disk(
    axes: Axes, lumis: _Row, samples: Sequence[Sample], settled: Sequence[Sample], grown: Slope
) -> None:
    _line(axes, lumis, [each.store for each in samples], style.BLUE, "store", settled, grown)
    axes.plot(lumis, [each.used / 1e6 for each in samples], color=style.SKY, lw=1.0, label="of it in use")
    output = [each.output / 1e6 for each in samples]
    axes.plot(lumis, output, color=style.VERMILLION, lw=1.0, label="DQM output")
    axes.set_ylabel("on the disk, MB")


def _counts(axes: Axes, lumis: _Row, samples: Sequence[Sample]) -> None:
    counts = {
        "files in the spool": (style.BLUE, [each.spool for each in samples]),
        "open files": (style.VERMILLION, [each.monitor.descriptors for each in samples]),
        "threads": (style.PALE, [each.monitor.threads for each in samples]),
    }
    for name, (colour, values) in counts.items():
        axes.plot(lumis, values, color=colour, lw=1.0, label=name)
    axes.set_xlabel("lumisections")
    axes.set_xlim(0, lumis[-1])


def _minutes(samples: Sequence[Sample]) -> str:
    return f"{(samples[-1].at - samples[0].at) / 60:.0f} minutes"


def _line(
    axes: Axes,
    lumis: _Row,
    sizes: Sequence[int],
    colour: str,
    name: str,
    settled: Sequence[Sample],
    grown: Slope,
) -> None:
    """Megabytes, and the straight line through those of `settled` with what it grows by."""
    values = np.array(sizes) / 1e6
    half = 0.5 * (grown.high - grown.low)
    label = f"{name}: {grown.value:+,.0f} ± {half:,.0f} bytes a LS"
    axes.plot(lumis, values, color=colour, lw=1.3, label=label)
    late = lumis >= settled[0].lumis
    through = values[late].mean() + 1e-6 * grown.value * (lumis[late] - lumis[late].mean())
    axes.plot(lumis[late], through, color=style.INK, lw=0.9, ls="--")
