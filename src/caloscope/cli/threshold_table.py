"""Thresholds of a card as a table: those that run, with the rates of the ones that were calibrated."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.table import Table

if TYPE_CHECKING:
    from caloscope.bundle import Card


class Row(NamedTuple):
    """One class of a card: its threshold, and numbers as the card tells them, none where it does not.

    `interval` and `rate` (value, low, high) are empty, `bound` None and `edited` true for a threshold that is
    not the one that was calibrated.
    """

    name: str
    threshold: float
    interval: Sequence[float] = ()
    rate: Sequence[float] = ()
    bound: float | None = None
    edited: bool = False


def rows_of(card: "Card") -> list[Row]:
    """The classes that were calibrated, or that have a threshold where none were."""
    from caloscope.bundle import edited, in_force

    changed = edited(card)
    found = []
    for key, value in card.calibration.items():
        name, threshold = key.removeprefix("threshold_"), _numbers(value)
        if name in changed:
            found.append(Row(name, in_force(card, name), edited=True))
        elif key != name and threshold:
            found.append(_calibrated(card, name, threshold))
    given = card.thresholds or {"score" if "threshold" in card.settings else "all": card.threshold}
    return found or [Row(name, value) for name, value in given.items()]


def _calibrated(card: "Card", name: str, threshold: Sequence[float]) -> Row:
    bound = card.calibration.get(f"bound_{name}")
    rate = _numbers(card.calibration.get(f"rate_{name}"))
    return Row(name, threshold[0], threshold[1:], rate, bound if isinstance(bound, float) else None)


def table_of(card: "Card") -> Table:
    """A line for each class; rates only where the card tells some."""
    unit = "" if "threshold" in card.settings else ", nats"
    rows = rows_of(card)
    if not any(row.rate or row.edited for row in rows):
        table = columns("class", f"threshold{unit}")
        for row in rows:
            table.add_row(row.name.replace("_", " "), f"{row.threshold:.4g}")
        return table
    table = columns("class", f"threshold{unit}", "95 %", "a day", "95 %", "at most")
    for row in rows:
        table.add_row(
            row.name.replace("_", " "),
            f"{row.threshold:.4g}",
            _origin(row),
            *(interval(*row.rate) if len(row.rate) == 3 else ("", "")),
            "" if row.bound is None else rounded(row.bound),
        )
    return table


def _origin(row: Row) -> str:
    """Where a threshold comes from, or how well data know it."""
    if row.edited:
        return "edited"
    return "({:.4g} - {:.4g})".format(*row.interval) if len(row.interval) == 2 else "formula"


def columns(first: str, *others: str) -> Table:
    """An empty table, the first column to the left, the others to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def interval(value: float, low: float, high: float) -> tuple[str, str]:
    """A rate and its interval for two columns."""
    return rounded(value), f"({rounded(low)} - {rounded(high)})"


def rounded(value: float) -> str:
    """A rate to as many digits as it is worth."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _numbers(value: object) -> list[float]:
    found = value if isinstance(value, list) else []
    return [float(each) for each in found if isinstance(each, (int, float))]
