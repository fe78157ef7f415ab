"""Colour scales that a few cells cannot spoil, from the 1st to the 99th percentile, and their ticks."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOGARITHMIC_FROM = 10.0
"""Ratio of the ends of a scale from which on it is logarithmic."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale from `low` to `high`; `ticks` are values and their texts.

    The text of an end that stands for all beyond it too begins with ≤ or ≥.
    """

    low: float
    high: float
    logarithmic: bool
    ticks: tuple[tuple[float, str], ...]

    def place(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where values stand on the scale: themselves, or their decimal logarithm."""
        if not self.logarithmic:
            return values
        return np.log10(values, out=np.full(values.shape, np.nan), where=values > 0)


def scale_of(values: NDArray[np.float64]) -> Scale | None:
    """The scale for finite values, None where there are none."""
    if not values.size:
        return None
    least, low, high, most = (float(v) for v in np.percentile(values, (0, 1, 99, 100)))
    if not math.isfinite(high - low):
        return None
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = least, most
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        room = abs(low) / 2 or 1.0
        return Scale(low - room, high + room, False, ((low, short(low)),))
    logarithmic = low > 0 and high / low >= LOGARITHMIC_FROM
    ends = (
        (low, ("≤ " if least < low else "") + short(low)),
        (high, ("≥ " if most > high else "") + short(high)),
    )
    between = _decades(low, high) if logarithmic else _even(low, high)
    return Scale(low, high, logarithmic, (ends[0], *_apart(between, low, high, logarithmic), ends[1]))


def short(value: float) -> str:
    """A number for people: three digits, thousands apart."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    size = abs(value)
    if size >= 1e13 or size < 1e-4:
        return f"{value:.2e}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _even(low: float, high: float) -> list[float]:
    """Round numbers, four to eight of them, between the ends."""
    raw = (high - low) / 5
    base = 10.0 ** math.floor(math.log10(raw))
    step = base * next(m for m in (1, 2, 5, 10) if m * base >= raw)
    first = math.ceil(low / step)
    return [k * step for k in range(first, math.floor(high / step) + 1)]


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten between the ends, with their double and fivefold where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    step = max(1, math.ceil((last - first) / 8))
    digits = (1, 2, 5) if last - first <= 3 else (1,)
    values = [m * 10.0**power for power in range(first, last + 1, step) for m in digits]
    return [value for value in values if low < value < high]


def _apart(values: list[float], low: float, high: float, logarithmic: bool) -> list[tuple[float, str]]:
    """Those that do not run into the ends."""

    def part(value: float) -> float:
        if logarithmic:
            return math.log(value / low) / math.log(high / low)
        return (value - low) / (high - low)

    return [(value, short(value)) for value in values if 0.09 < part(value) < 0.91]
