"""What `caloscope info` says of a data set."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from caloscope.cli.info.words import cell, pairs, plural, size, table
from caloscope.dataset import DataSet
from caloscope.errors import UsageError
from caloscope.geometry import view
from caloscope.outputs.data_page.facts import Facts, MapFacts, facts
from caloscope.outputs.data_page.page import gaps_text, range_text, span_text, when, write_page
from caloscope.outputs.data_page.truth import TruthFacts, truth_text

SHOWN = 20
"""Rows of a table, unless all are asked for."""


def facts_of(data: DataSet, pattern: str | None) -> Facts:
    """What a data set says, of the maps whose name matches a pattern."""
    found = facts(data)
    if pattern is None:
        return found
    return replace(found, maps=tuple(one for one in found.maps if fnmatchcase(one.info.name, pattern)))


def show_data_set(found: Facts, console: Console, *, path: Path, everything: bool) -> None:
    """Print all that is known of a data set."""
    most = None if everything else SHOWN
    console.print(pairs(_head(found, path)))
    _show_maps(found, console, most)
    _show_runs(found, console, most)
    if found.truth is not None:
        _show_truth(found.truth, console, most)
    if found.left_out:
        _show_left_out(found, console, most)
    for words, lines in (("assumed", found.assumptions), ("unreadable", found.unreadable)):
        for line in lines[:most]:
            console.print(cell(f"{words}: {line}"))


def draw(
    data: DataSet, found: Facts, path: Path, *, name: str, everything: bool, calorimeter: str | None
) -> None:
    """Write the page with the pictures of the maps in `found`, with a bar where it takes long."""
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: no folder {path.absolute().parent}, expected one to write to")
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("drawing", total=len(found.maps))
        number = write_page(
            data,
            path,
            name=name,
            said=found,
            everything=everything,
            views=partial(view, calorimeter=calorimeter),
            tell=lambda _name, done: bar.update(task, completed=done),
        )
    print(f"{path}: pictures of {plural(number, 'map')}", file=sys.stderr)


def _head(found: Facts, path: Path) -> Mapping[str, Any]:
    missing = sum(run.missing for run in found.runs)
    rows = f"{found.lumis:,} rows in {plural(len(found.runs), 'run')}, "
    bad = f", {len(found.unreadable)} unreadable" if found.unreadable else ""
    return {
        "data set": f"{path}, {size(path.stat().st_size)}",
        "label": found.label,
        "counts": "simulated, not measured" if found.simulated else "",
        "era": found.era,
        "lumisections": rows + (f"{missing:,} missing between" if missing else "no gaps"),
        "known faults": "" if found.truth is None else truth_text(found.truth, found.lumis),
        "began": " to ".join(filter(None, (when(found.began), when(found.ended)))),
        "sources": f"{found.sources:,}{bad}" if found.sources else "not recorded",
        "written by": f"Caloscope {found.version}" if found.version else "not recorded",
        "command": found.command,
    }


def _show_maps(found: Facts, console: Console, most: int | None) -> None:
    columns = ("map", "shape", "kind", "rows", "events", "pileup", "span")
    made = table("Maps", *columns, numeric=("rows",), wide=("events", "pileup"))
    for number, one in enumerate(found.maps[:most]):
        made.add_row(cell(one.info.name), *_map_row(one), span_text(found, number))
    console.print(made)
    _more(len(found.maps), most, console)


def _map_row(one: MapFacts) -> tuple[str, ...]:
    return (
        " x ".join(map(str, one.info.shape)),
        one.info.kind,
        f"{one.present:,}",
        range_text(one.events, one.present),
        range_text(one.pileup, one.present),
    )


def _show_runs(found: Facts, console: Console, most: int | None) -> None:
    numbers = ("run", "first LS", "last LS", "rows", "missing")
    made = table("Runs", *numbers, "missing LS", numeric=numbers, wide=("missing LS",))
    for run in found.runs[:most]:
        counts = (run.run, run.first, run.last, run.number, run.missing)
        made.add_row(*map(str, counts), gaps_text(run))
    console.print(made)
    _more(len(found.runs), most, console)


def _show_truth(found: TruthFacts, console: Console, most: int | None) -> None:
    numbers = ("number", "cells", "LS")
    names = ("number", "name", "kind", "map", "where", "cells", "LS", "from")
    made = table("Known faults", *names, numeric=numbers, wide=("name", "kind", "where"))
    for one in found.faults[:most]:
        counts = (f"{one.cells:,}", f"{one.lumis:,}", one.first)
        made.add_row(str(one.number), *map(cell, (one.name, one.what, one.map, one.where)), *counts)
    if found.note:
        console.print(cell(found.note))
    else:
        console.print(made)
        _more(found.number, most, console)


def _show_left_out(found: Facts, console: Console, most: int | None) -> None:
    made = table("Left out", "map", "why", "times", "runs", numeric=("times",), wide=("runs",))
    for left in found.left_out[:most]:
        runs = ", ".join(map(str, left.runs[:6])) + (" ..." if len(left.runs) > 6 else "")
        made.add_row(cell("all" if left.map == "*" else left.map), cell(left.why), f"{left.times:,}", runs)
    console.print(made)
    _more(len(found.left_out), most, console)


def _more(number: int, most: int | None, console: Console) -> None:
    if most is not None and number > most:
        console.print(f"and {number - most:,} more: --all shows all", markup=False)
