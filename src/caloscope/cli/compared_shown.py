"""A comparison of bundles for people: tables, and sentences where there is nothing to put into one."""

from rich.console import Console

from caloscope.cli.compared import Compared, Fault, Judged
from caloscope.cli.console import console
from caloscope.cli.info.words import cell, plural, table
from caloscope.cli.threshold_table import rounded
from caloscope.lab import Agreement
from caloscope.lab.judged import is_true
from caloscope.lab.tables import Value, shown
from caloscope.records import Incident

MOST_FAULTS, MOST_INCIDENTS = 40, 10
"""Lines of a table, of incidents for each bundle; JSON has all."""

_NARROW = 8
"""Columns that a folded name keeps where a terminal is narrow."""


def print_tables(told: Compared) -> None:
    """Everything on standard output."""
    out = console(markup=False)
    for line in _head(told):
        print(line)
    _print_bundles(told, out)
    _print_faults(told, out)
    for other, agreed in zip(told.judged[1:], told.agreements, strict=True):
        _print_agreement(told, other, agreed, out)


def _head(told: Compared) -> list[str]:
    """What was judged, by what."""
    data = told.data
    where = f"{plural(len(data), 'lumisection')} of {plural(len(data.runs), 'run')}"
    lines = [f"{data.map}, era {data.era}: {where}, {data.label}"]
    for each in told.judged:
        made = each.scores.bundle
        era = "" if each.scores.era == data.era else f", {each.scores.era}"
        lines.append(f"{each.name}: {each.path}, {made.card.detector}, hash {made.hash}{era}")
    if told.masked:
        lines.append(f"{plural(told.masked, 'cell')} masked: what is wrong there cannot be found")
    return lines


def _print_bundles(told: Compared, out: Console) -> None:
    which = "false" if told.known else "incidents"
    faults = ("found", "median delay") if told.data.truth else ()
    numbers = (*faults, which, "a day", "95 %", "unknown", "ms/LS")
    made = table(told.title, "bundle", *numbers, numeric=numbers, wide=("bundle",))
    made.columns[0].min_width = _NARROW
    for each in told.judged:
        line, day = each.line, each.line["a day"]
        rate = None if each.rate is None else "{} - {}".format(*map(rounded, each.rate))
        values = (
            *((line["found"], _median(each)) if told.data.truth else ()),
            *(each.incidents, rounded(day) if isinstance(day, float) else None, rate),
            *(line["unknown"], line["ms per lumisection"]),
        )
        made.add_row(*(cell(shown(value)) for value in (each.name, *values)))
    print()
    out.print(made)


def _median(each: Judged) -> Value:
    """The median delay in lumisections; a word where most faults were not found, nothing where none is."""
    found = each.line["median delay"]
    return "never" if found is None and each.delays else found


def _print_faults(told: Compared, out: Console) -> None:
    if (why := _no_delays(told)) is not None:
        print(why)
        return
    names = [each.name for each in told.judged]
    made = table(
        "Delay of each fault, in lumisections",
        *("", "fault", "amount", "hardware", "onset", *names),
        numeric=("", *names),
        wide=("fault", "hardware", *names),
    )
    for fault in told.faults[:MOST_FAULTS]:
        delays = [_delay(each, fault) for each in told.judged]
        made.add_row(*(cell(shown(value)) for value in (*fault, *delays)))
    out.print(made)
    if (more := len(told.faults) - MOST_FAULTS) > 0:
        print(f"and {plural(more, 'other fault')}: --format json has them all")


def _no_delays(told: Compared) -> str | None:
    """Why there is no table of delays, None where there is one."""
    if not told.known:
        return "Nothing is known of what is wrong in these lumisections: incidents may be true or false."
    if not told.data.truth:
        return "These lumisections are simulated without faults: every incident is false."
    if not told.data.faults_at_work:
        return "None of the known faults is at work in these lumisections: every incident counts as false."
    if not told.faults:
        return "No bundle has ever seen a cell of these faults alive: none of them can be found."
    return None


def _delay(each: Judged, fault: Fault) -> Value:
    line = each.delays.get(fault)
    if line is None:
        return "never saw it alive"
    return "never" if line["delay"] is None else line["delay"]


def _print_agreement(told: Compared, other: Judged, agreed: Agreement, out: Console) -> None:
    first, second = told.judged[0].name, other.name
    print()
    if not agreed.judged:
        print(f"{first} and {second}: no lumisection was judged by both, so there is nothing to agree on.")
        return
    print(f"{first} and {second}, in {plural(agreed.judged, 'lumisection')} that both judged:")
    flags = f"{agreed.both:,} by both, {agreed.only_first:,} only by {first}"
    print(f"  cells flagged, each lumisection counted: {flags}, {agreed.only_second:,} only by {second}")
    print(f"  {_verdicts(agreed, first, second, len(told.data))}")
    pairs = ((first, agreed.incidents_first), (second, agreed.incidents_second))
    if not any(alone for _, alone in pairs):
        print("  incidents that only one of them has: none")
        return
    numbers = ", ".join(f"{len(alone):,} of {name}" for name, alone in pairs)
    print(f"  incidents that only one of them has: {numbers}")
    _print_incidents(told, [(name, each) for name, alone in pairs for each in alone[:MOST_INCIDENTS]], out)
    if (more := sum(max(0, len(alone) - MOST_INCIDENTS) for _, alone in pairs)) > 0:
        print(f"and {plural(more, 'smaller one')}: --format json has them all")


def _verdicts(agreed: Agreement, first: str, second: str, every: int) -> str:
    if not agreed.differ:
        return f"verdicts: the same in all {every:,} lumisections"
    pairs = (f"{number:,} {mine} and {other}" for (mine, other), number in agreed.verdicts.items())
    told = f"verdicts differ in {agreed.differ:,} of {every:,} lumisections"
    return f"{told} ({first} and {second}): {', '.join(pairs)}"


def _print_incidents(told: Compared, alone: list[tuple[str, Incident]], out: Console) -> None:
    known = ("false",) if told.known else ()
    made = table(
        "",
        *("only of", "hardware", "cells", "direction", "first LS", "last LS", *known),
        numeric=("cells",),
        wide=("only of", "hardware"),
    )
    made.columns[0].min_width = _NARROW
    for whose, each in alone:
        false: list[Value] = [not is_true(each, told.data)] if known else []
        values = (whose, each.hardware, len(each.cells), str(each.direction), each.opened, each.last, *false)
        made.add_row(*(cell(shown(value)) for value in values))
    out.print(made)
