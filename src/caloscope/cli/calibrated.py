"""What commands say of a calibration."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from caloscope.cli.console import console
from caloscope.cli.threshold_table import columns, interval, rounded, rows_of, table_of

if TYPE_CHECKING:
    from caloscope.bundle import Card
    from caloscope.calibrate import Rate
    from caloscope.training import Renewed

_SHOWN = 10
_BUT = 2
"""So many classes that are not meant are named instead of those that are."""

OWN_DATA = (
    "own data: thresholds rest on lumisections that were learned from, so they are too low and raise more\n"
    "false incidents than asked for; calibrate again with two or more good runs that were not learned from"
)

WIDTH = 160
"""Room for any table: a terminal may break its lines, but no number is cut."""


def _wide() -> Console:
    """Standard output for a table that no terminal may be wide enough for."""
    return Console(width=max(WIDTH, Console().width), highlight=False, markup=False)


def say(text: str) -> None:
    """Print a line, broken between words where a terminal ends."""
    show(Text(text))


def show(what: Table | Text | str = "") -> None:
    """Print something as wide as a terminal is; where nobody says how wide that is, all of it has room."""
    console(WIDTH, markup=False).print(what)


def incidents_a_day(rate: float | None) -> str:
    """A rate of false incidents in words."""
    if rate is None:
        return "a rate that nobody knows"
    return f"{rate:g} false incident{'' if rate == 1 else 's'} a day"


def many(number: object, what: str) -> str:
    """A number of things, one or more."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def unknown_of(number: object, reasons: Sequence[str]) -> str:
    """How many lumisections could not be judged, and why; cards of old do not know why."""
    return f"{number} unknown" + (f" ({', '.join(reasons)})" if reasons else "")


def print_calibration(card: "Card") -> None:
    """Thresholds of a card by class, with the rates that they stand for, and what a reader must know."""
    told = card.calibration
    if "lumisections" in told:
        reasons = _names(told.get("unknown_reasons"))
        unknown = f" and {unknown_of(told['unknown'], reasons)}" if told.get("unknown") else ""
        say(
            f"calibrated on {many(told['lumisections'], 'lumisection')}{unknown} of "
            f"{many(told.get('runs'), 'run')}, {told.get('first')} to {told.get('last')}{_meant(card)}"
        )
    show(table_of(card))
    print_warnings(card)


def _meant(card: "Card") -> str:
    """The rate that all thresholds together stand for; none where one of them was changed since."""
    from caloscope.bundle import edited

    return "" if edited(card) else f", for {incidents_a_day(card.false_alarms_per_day)}"


def print_warnings(card: "Card") -> None:
    """What a reader of the thresholds must know."""
    from caloscope.bundle import told_of_edited

    told = card.calibration
    if changed := told_of_edited(card):
        say(changed)
    if told.get("own_data"):
        say(OWN_DATA)
    if told.get("doubt"):
        say(f"the data may hold faults, or differ from what was learned: {told['doubt']}")
    classes = [row.name for row in rows_of(card)]
    if far := _names(told.get("extrapolated")):
        say(f"extrapolated: {_classes(far, classes)}, as too few good lumisections reach their rates;")
        say("'at most' is what these exclude whatever the tail beyond them (95 %)")
    if formula := _names(told.get("by_formula")):
        say(f"by formula, for want of excursions: {_classes(formula, classes)}")
    if left_out := _names(told.get("left_out")):
        number = told.get("cells_left_out", len(left_out))
        more = ", ..." if len(left_out) > _SHOWN else ""
        say(f"bad already and left out, {many(number, 'cell')}: {', '.join(left_out[:_SHOWN])}{more}")
    if faults := _names(told.get("not_good_in")):
        number, more = many(told.get("not_good"), "lumisection"), "; ..." if len(faults) > _SHOWN else ""
        say(f"not good and left out, {number}: {'; '.join(faults[:_SHOWN])}{more}")


def print_before_and_after(renewed: "Renewed", thresholds: Mapping[str, float]) -> None:
    """Rates in the same good lumisections with the old thresholds (`thresholds`) and with the new ones."""
    table = columns("class", "threshold", "", "a day before", "", "after", "", "expected", "", "at most")
    found = renewed.calibration
    for name, rate in renewed.before.items():
        new = found.thresholds.get(name)
        expected = ("", "") if new is None else interval(*_expected(renewed, name))
        change = ("", "") if new is None else (f"{thresholds[name]:.4g}", f"to {new:.4g}")
        now = renewed.after.get(name)
        after = ("", "") if now is None else _of(now)
        bound = "" if new is None else rounded(cast("float", renewed.new.card.calibration[f"bound_{name}"]))
        table.add_row(name.replace("_", " "), *change, *_of(rate), *after, *expected, bound)
    _wide().print(table)


def _classes(names: Sequence[str], every: Sequence[str]) -> str:
    """Names of classes for people, in short where they are nearly all there are."""
    rest = [name.replace("_", " ") for name in every if name not in names]
    if len(every) == 1 or len(rest) > min(_BUT, len(names) - 1):
        return ", ".join(name.replace("_", " ") for name in names)
    return f"all classes but {' and '.join(rest)}" if rest else "all classes"


def _expected(renewed: "Renewed", name: str) -> tuple[float, float, float]:
    from caloscope.decide import LUMIS_PER_DAY

    found = renewed.calibration
    rate = found.tails[name].rate_at(found.thresholds[name])
    return LUMIS_PER_DAY * rate.value, LUMIS_PER_DAY * rate.low, LUMIS_PER_DAY * rate.high


def _of(rate: "Rate") -> tuple[str, str]:
    return interval(rate.per_day, rate.low, rate.high)


def _names(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, Sequence) and not isinstance(value, str) else []
