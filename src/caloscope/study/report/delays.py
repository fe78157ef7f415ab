"""When faults were found: all at a glance, and delay and share found against the strength of the fault."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite, isnan, log10
from typing import Final

from caloscope.study.report.charts import Axis, Chart, Grid, Heat, Line, Panel, Tile, exact
from caloscope.study.report.looks import Look
from caloscope.study.report.parts import ORACLE, Conditions, Fault, Parts, places
from caloscope.study.report.words import number, small_print
from caloscope.study.results import NOTHING, FaultLine, Interval

_SPREAD: Final = 0.56
"""Part of the room of one strength that detectors, side by side, take."""

_MOST_BESIDE: Final = 6
"""Strengths in a panel that has another one beside it."""

_STEPS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SLOWEST: Final = 10.0
"""Times the oracle's delay from which on colours do not change."""


def glance(of: Parts, at: Conditions, name: str) -> Heat | None:
    """Detectors by faults: mean delays, coloured by how many times the oracle's they are."""
    lines, faults = of.lines(at), of.faults(at)
    detectors = [each for each in of.detectors if any((each, fault.title) in lines for fault in faults)]
    if not detectors:
        return None
    known = any((ORACLE, fault.title) in lines for fault in faults)
    shown = [ORACLE] * known + detectors
    tiles = tuple(
        tuple(_tile(lines.get((who, fault.title)), lines.get((ORACLE, fault.title))) for fault in faults)
        for who in shown
    )
    grid = Grid("", tuple(shown), tuple(fault.title for fault in faults), tiles)
    colour = "Colour: how many times the oracle's delay" if known else "Colour: the delay"
    caption = (
        "Mean delay in lumisections from the onset of a fault until half of its cells are flagged (lower is "
        "better); a fault that was not found counts as the whole window. Small print: 95 % interval, of no "
        "width where all trials agree. "
        f"{colour}, white as good as can be. Look for rows that stay white, and for columns where none does."
    )
    ticks = tuple((log10(value), f"{value:g}") for value in (1, 2, 5, 10))
    scale = "times the oracle's delay" if known else "mean delay, LS"
    return Heat(
        name, "Delay of every detector for every fault", caption, (grid,), "", "", 0.0, 1.0, scale, ticks
    )


def _tile(line: FaultLine | None, oracle: FaultLine | None) -> Tile | None:
    if line is None or isnan(line.mean_delay.value):
        return None
    best = oracle.mean_delay.value if oracle is not None else 1.0
    ratio = line.mean_delay.value / best if best > 0 else 1.0
    shade = min(1.0, max(0.0, log10(max(ratio, 1e-9)) / log10(_SLOWEST)))
    return Tile(shade, number(line.mean_delay.value), small_print(line.mean_delay))


def delay_curves(of: Parts, at: Conditions, looks: Mapping[str, Look], name: str) -> Chart | None:
    """Mean delay against the strength of the fault, one panel for each place."""
    window = max((line.window for line in of.lines(at).values()), default=1)
    ticks = tuple((float(step), str(step)) for step in _STEPS if step <= window)
    y = Axis("mean delay, LS", True, 0.85, 1.25 * window, ticks)
    caption = (
        "Mean delay in lumisections, on a logarithmic scale, against what the fault leaves of the counts: "
        "dead, "
        "a factor below 1, then hot. Bars are 95 % intervals; faults that were not found count as the whole "
        "window. Black and dashed: the oracle, which knows detector and fault but neither place nor time; "
        "nothing can lie below it in truth. Look for lines that leave it as faults become weak."
    )
    title = "Delay against the strength of the fault"
    return _curves(of, at, looks, Chart(name, title, caption, ()), y, lambda line: line.mean_delay)


def found_curves(of: Parts, at: Conditions, looks: Mapping[str, Look], name: str) -> Chart | None:
    """Share of the trials found against the strength of the fault."""
    ticks = tuple((each, f"{100 * each:.0f}") for each in (0.0, 0.25, 0.5, 0.75, 1.0))
    y = Axis("found within the window, %", False, -0.04, 1.04, ticks)
    caption = (
        "Share of the trials in which the fault was found within the window, in per cent, against its "
        "strength. "
        "Bars are 95 % intervals. Look for faults that a detector misses altogether."
    )
    title = "Share found against the strength of the fault"
    return _curves(of, at, looks, Chart(name, title, caption, ()), y, lambda line: line.found)


def _curves(
    of: Parts,
    at: Conditions,
    looks: Mapping[str, Look],
    chart: Chart,
    y: Axis,
    value: Callable[[FaultLine], Interval],
) -> Chart | None:
    lines = of.lines(at)
    panels = []
    for place, faults in places(of.faults(at)).items():
        shown = [who for who in (*of.detectors, ORACLE) if any((who, f.title) in lines for f in faults)]
        ticks = tuple((float(n), label) for n, label in enumerate(labels(faults)))
        x = Axis("what the fault leaves of the counts", False, -0.5, len(faults) - 0.5, ticks)
        drawn = []
        others = max(1, sum(who != ORACLE for who in shown))
        for number_, who in enumerate(shown):
            shift = 0.0 if who == ORACLE else _SPREAD * ((number_ + 0.5) / others - 0.5)
            points = [
                (n + shift, value(lines[who, f.title]) if (who, f.title) in lines else NOTHING)
                for n, f in enumerate(faults)
            ]
            drawn.append(_line(who, looks[who], points, _breaks(faults)))
        panels.append(Panel(place, x, y, tuple(drawn)))
    # Many strengths need the whole width.
    many = max((len(panel.x.ticks) for panel in panels), default=0) > _MOST_BESIDE
    columns = 1 if many or len(panels) == 1 else 2
    found = Chart(chart.name, chart.title, chart.caption, tuple(panels), columns)
    return found if panels else None


def _line(who: str, look: Look, points: Sequence[tuple[float, Interval]], breaks: Sequence[bool]) -> Line:
    """A line that is interrupted where counts turn from too few to too many."""
    x: list[Interval] = []
    y: list[Interval] = []
    for (at, value), broken in zip(points, breaks, strict=True):
        if broken:
            x.append(exact(at - 0.5))
            y.append(NOTHING)
        x.append(exact(at))
        y.append(value if isfinite(value.value) else NOTHING)
    return Line(who, look, tuple(x), tuple(y))


def _breaks(faults: Sequence[Fault]) -> list[bool]:
    kinds = [(fault.factor > 1, fault.title.partition(" every ")[2]) for fault in faults]
    return [place > 0 and kind != kinds[place - 1] for place, kind in enumerate(kinds)]


def labels(faults: Sequence[Fault]) -> list[str]:
    """Strengths as names of ticks: `dead`, `x0.5`; whole titles where those are not enough."""
    short = []
    for fault in faults:
        often = fault.title.partition(" every ")[2]
        short.append(
            ("dead" if fault.factor == 0 else f"x{fault.factor:g}") + (f",\nevery {often}" if often else "")
        )
    return short if len(set(short)) == len(short) else [fault.title for fault in faults]
