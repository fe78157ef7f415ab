"""Numbers with their intervals as people read them."""

from collections.abc import Sequence
from math import isfinite, isinf, isnan, log10
from typing import Final

from caloscope.outputs.data_page.scales import short
from caloscope.study.results import Interval

NOT_KNOWN: Final = "–"


def number(value: float, beyond: float | None = None) -> str:
    """Three digits; infinite is more than `beyond`."""
    if isnan(value):
        return NOT_KNOWN
    if isinf(value):
        return "∞" if beyond is None else f"> {beyond:g}"
    return short(value)


def ends(of: Interval, scale: float = 1.0, beyond: float | None = None) -> str:
    """`low to high`, empty where there is no interval."""
    if isnan(of.low) or isnan(of.high):
        return ""
    return f"{number(of.low * scale, beyond)} to {number(of.high * scale, beyond)}"


def small_print(of: Interval, scale: float = 1.0) -> str:
    """`low–high` in two digits, for tiles; empty where there is no interval."""
    if not (isfinite(of.low) and isfinite(of.high)):
        return ""
    low, high = (each * scale for each in (of.low, of.high))
    return "–".join(tiny(each) for each in (low, high))


def tiny(value: float) -> str:
    """Two digits; what is next to nothing is less than a tenth."""
    if 0.0 < value < 0.05:
        return "<0.1"
    return f"{value:.0f}" if abs(value) >= 10.0 else f"{value:.2g}"


def with_ends(of: Interval, scale: float = 1.0, beyond: float | None = None) -> str:
    """`value (low to high)`."""
    between = ends(of, scale, beyond)
    return number(of.value * scale, beyond) + (f" ({between})" if between else "")


def times(of: Interval) -> str:
    """A ratio with its interval, to two decimals, or to three where that would make 1 of what is not 1."""
    if not isfinite(of.value):
        return number(of.value)
    near = any(each != 1.0 and f"{each:.2f}" == "1.00" for each in of)
    value, low, high = (_decimals(each, near) for each in of)
    return value if isnan(of.low) or isnan(of.high) else f"{value} ({low} to {high})"


def _decimals(value: float, near: bool) -> str:
    size_ = abs(value)
    digits = 3 if near and size_ < 10 else 2 if size_ < 10 else 1 if size_ < 100 else 0
    return f"{value:,.{digits}f}"


def named(who: str) -> str:
    """A name within a sentence; one with a comma is quoted."""
    return f"\u201c{who}\u201d" if "," in who else who


def percent(of: Interval) -> str:
    """A share in per cent with its interval."""
    if isnan(of.value):
        return NOT_KNOWN
    low, high = (f"{100 * each:.0f}" for each in (of.low, of.high)) if isfinite(of.low) else ("", "")
    return f"{100 * of.value:.0f} %" + (f" ({low} to {high})" if low else "")


def seconds(value: float) -> str:
    """A time that people can grasp."""
    if isnan(value):
        return NOT_KNOWN
    if value < 120.0:
        return f"{short(value)} s"
    return f"{value / 60:.0f} min" if value < 7200.0 else f"{value / 3600:.1f} h"


def size(count: int) -> str:
    """Bytes, in thousands."""
    power = 0 if count < 1000 else min(3, int(log10(count) // 3))
    return f"{count / 1000**power:.3g} {('B', 'kB', 'MB', 'GB')[power]}"


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def counted(many: int, one: str, several: str = "") -> str:
    """`1 fault`, `3 faults`."""
    return f"{many:,} {one if many == 1 else several or one + 's'}"


def ordinal(place: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`."""
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"
