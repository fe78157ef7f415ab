"""`caloscope flags` and `caloscope incidents`: what was found, as tables."""

import csv
import json
import sys
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from caloscope.cli.options import StoreUrl
from caloscope.records import Incident

COLUMNS = ("label", "run", "lumi", "map", "depth", "y", "x", "code", "evidence", "direction", "reason")

HEADINGS = ("map", "hardware", "cells", "fault", "opened", "onset", "last", "closed", "evidence", "state")

Commissioning = Annotated[
    bool, typer.Option("--commissioning", help="Also what bundles in commissioning found.")
]


class Format(StrEnum):
    """How flags are written."""

    CSV = "csv"
    JSONL = "jsonl"


def flags(
    store: StoreUrl,
    form: Annotated[Format, typer.Option("--format", help="csv or jsonl.")] = Format.CSV,
    label: Annotated[str | None, typer.Option("--label", help="Only this stream.")] = None,
    run: Annotated[int | None, typer.Option("--run", help="Only this run.")] = None,
    map_name: Annotated[str | None, typer.Option("--map", help="Only this map.")] = None,
    unknown: Annotated[bool, typer.Option("--unknown", help="Also maps that were not scored.")] = False,
    commissioning: Commissioning = False,
) -> None:
    """Every flagged cell in every lumisection, codes 0 and 3, one row each."""
    from caloscope.store import Store

    with Store(store, read_only=True) as opened:
        found = opened.flags(label=label, run=run, map=map_name, unknown=unknown, commissioning=commissioning)
        rows = (asdict(row) for row in found)
        if form is Format.CSV:
            writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows({**row, "evidence": _rounded(row["evidence"])} for row in rows)
        else:
            for row in rows:
                print(json.dumps({**row, "evidence": _rounded(row["evidence"])}))


def incidents(
    store: StoreUrl,
    label: Annotated[str | None, typer.Option("--label", help="Only this stream.")] = None,
    run: Annotated[int | None, typer.Option("--run", help="Only this run.")] = None,
    map_name: Annotated[str | None, typer.Option("--map", help="Only this map.")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are open.")] = False,
    commissioning: Commissioning = False,
) -> None:
    """Incidents with the name of the hardware and the lumisections they span."""
    from caloscope.store import Store

    table = Table(
        "map", "hardware", "cells", "fault", "opened", "onset", "last", "closed", "evidence", "state"
    )
    with Store(store, read_only=True) as opened:
        chosen = opened.incidents(
            label=label, run=run, map=map_name, open_only=open_only, commissioning=commissioning
        )
        for incident in chosen:
            table.add_row(*_row(incident))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _row(incident: Incident) -> tuple[str, ...]:
    factor = "" if incident.factor is None else f" x{incident.factor:.2f}"
    state = "open" if incident.closed is None else "closed"
    state = "standing" if incident.standing else f"{state}, masked" if incident.masked else state
    closed = "" if incident.closed is None else f"{incident.closed.run}:{incident.closed.lumi}"
    return (
        incident.map,
        incident.hardware,
        str(len(incident.cells)),
        f"{incident.direction}{factor}",
        f"{incident.opened.run}:{incident.opened.lumi}",
        f"{incident.onset.run}:{incident.onset.lumi}",
        f"{incident.last.run}:{incident.last.lumi}",
        closed,
        f"{incident.peak_evidence:.1f}",
        state,
    )


def _rounded(value: object) -> float | None:
    return round(value, 3) if isinstance(value, float) else None
