"""What commands say of a calibration."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from caloscope.bundle import Card
    from caloscope.calibrate import Rate
    from caloscope.training import Renewed

_SHOWN = 10


def print_calibration(card: "Card") -> None:
    """Thresholds of a card by class, with the rates that they stand for."""
    told = card.calibration
    runs, lumis = told["runs"], told["lumisections"]
    aim = f"{card.false_alarms_per_day:g} false incidents a day"
    print(f"calibrated on {lumis} lumisections of {runs} runs for {aim}")
    rows = [("class", "threshold", "95 %", "incidents a day", "95 %", "at most")]
    for key, value in told.items():
        if key.startswith("threshold_"):
            name = key.removeprefix("threshold_")
            threshold, *interval = cast("list[float]", value)
            rate, least, most = cast("list[float]", told[f"rate_{name}"])
            bound = cast("float", told[f"bound_{name}"])
            rows.append(
                (
                    name.replace("_", " "),
                    f"{threshold:.4g}",
                    f"({interval[0]:.4g} - {interval[1]:.4g})" if interval else "formula",
                    *_interval(rate, least, most),
                    _number(bound),
                )
            )
    _print_table(rows)
    print_warnings(card)


def print_warnings(card: "Card") -> None:
    """What a reader of the thresholds must know."""
    told = card.calibration
    far = _names(told.get("extrapolated"))
    if far:
        print(f"extrapolated: too few good lumisections reach the rate of {', '.join(far)};")
        print("  'at most' is what they exclude whatever the tail beyond them (95 %)")
    formula = _names(told.get("by_formula"))
    if formula:
        print(f"by formula, for want of excursions: {', '.join(formula)}")
    left_out = _names(told.get("left_out"))
    if left_out:
        number = told.get("cells_left_out", len(left_out))
        more = ", ..." if len(left_out) > _SHOWN else ""
        print(f"bad already and left out, {number} cells: {', '.join(left_out[:_SHOWN])}{more}")


def print_before_and_after(renewed: "Renewed", thresholds: Mapping[str, float]) -> None:
    """Rates in the same good lumisections with the old thresholds (`thresholds`) and with the new ones."""
    rows = [("class", "threshold", "", "a day before", "", "after", "", "expected", "", "at most")]
    found = renewed.calibration
    for name, rate in renewed.before.items():
        new = found.thresholds.get(name)
        expected = ("", "") if new is None else _interval(*_expected(renewed, name))
        change = ("", "") if new is None else (f"{thresholds[name]:.4g}", f"to {new:.4g}")
        now = renewed.after.get(name)
        after = ("", "") if now is None else _of(now)
        bound = "" if new is None else _number(cast("float", renewed.new.card.calibration[f"bound_{name}"]))
        rows.append((name.replace("_", " "), *change, *_of(rate), *after, *expected, bound))
    _print_table(rows)


def _expected(renewed: "Renewed", name: str) -> tuple[float, float, float]:
    from caloscope.decide import LUMIS_PER_DAY

    found = renewed.calibration
    rate = found.tails[name].rate_at(found.thresholds[name])
    return LUMIS_PER_DAY * rate.value, LUMIS_PER_DAY * rate.low, LUMIS_PER_DAY * rate.high


def _of(rate: "Rate") -> tuple[str, str]:
    return _interval(rate.per_day, rate.low, rate.high)


def _interval(value: float, low: float, high: float) -> tuple[str, str]:
    return _number(value), f"({_number(low)} - {_number(high)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _names(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, Sequence) and not isinstance(value, str) else []


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they must be, the first to the left, the others to the right; never cut."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [
            row[0].ljust(widths[0]),
            *(text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)),
        ]
        print("  ".join(cells).rstrip())
