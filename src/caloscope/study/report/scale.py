"""Axes whose ends and ticks nobody set: as far as the points go, with round numbers."""

from collections.abc import Iterable
from dataclasses import replace
from math import ceil, floor, isfinite, log10

from caloscope.outputs.data_page.scales import short
from caloscope.study.report.charts import Axis, Panel
from caloscope.study.results import Interval


def settled(panel: Panel) -> Panel:
    """The panel with the ends of both axes, and with ticks on those that are logarithmic."""
    x = _axis(panel.x, (each for line in panel.lines for each in line.x))
    return replace(panel, x=x, y=_axis(panel.y, (each for line in panel.lines for each in line.y)))


def _axis(axis: Axis, values: Iterable[Interval]) -> Axis:
    numbers = [each for value in values for each in value if isfinite(each) and (each > 0 or not axis.log)]
    low, high = min(numbers, default=1.0), max(numbers, default=1.0)
    if axis.log:
        room = max((high / low) ** 0.06, 1.04)
        ends = (low / room, high * room)
    else:
        wide = 0.07 * (high - low) or 0.5
        ends = (low - wide, high + wide)
    ends = (
        axis.low if isfinite(axis.low) else ends[0],
        axis.high if isfinite(axis.high) else ends[1],
    )
    if ends[1] <= ends[0]:
        ends = (ends[0], ends[0] * 2.0 if axis.log else ends[0] + 1.0)
    ticks = axis.ticks or (_decades(*ends) if axis.log else ())
    return axis._replace(low=ends[0], high=ends[1], ticks=ticks)


def _decades(low: float, high: float) -> tuple[tuple[float, str], ...]:
    """Round numbers between the ends, four to nine of them where that can be."""
    first, last = floor(log10(low)), ceil(log10(high))
    wide = log10(high / low)
    digits: tuple[float, ...] = (1, 2, 5) if wide <= 2.6 else (1,)
    if wide <= 0.8:
        digits = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    step = max(1, ceil(wide / 7))
    values = [digit * 10.0**power for power in range(first, last + 1, step) for digit in digits]
    return tuple((value, short(value)) for value in values if low <= value <= high)
