"""`caloscope incidents`: what was found, as a table for people or for programs."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from caloscope.cli.options import Commissioning, StoreUrl, require_map
from caloscope.records import Incident, LumiId

if TYPE_CHECKING:
    from caloscope.store import BundleRow

COLUMNS = (
    *("label", "map", "bundle", "detector", "commissioning", "id", "hardware", "cells"),
    *("direction", "factor", "severity", "reason", "opened", "onset", "last", "closed", "evidence", "state"),
)
"""What programs are told of an incident; `bundle` is the whole hash."""

HEADINGS = ("map", "hardware", "cells", "fault", "opened", "onset", "last", "closed", "evidence", "state")
SHORT = 8
"""Digits of a hash that people are shown, as on the page."""


class Form(StrEnum):
    """How incidents are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


def incidents(
    store: StoreUrl,
    form: Annotated[Form, typer.Option("--format", help="table, csv, json (a list) or jsonl.")] = Form.TABLE,
    label: Annotated[str | None, typer.Option("--label", help="Only this stream.")] = None,
    run: Annotated[int | None, typer.Option("--run", help="Only this run.")] = None,
    map_name: Annotated[str | None, typer.Option("--map", help="Only this map.")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are open.")] = False,
    commissioning: Commissioning = False,
) -> None:
    """Incidents with the name of the hardware and the lumisections they span.

    Where several bundles have found some, each says whose it is: detector, short hash, commissioning.
    """
    from caloscope.store import Store

    with Store(store, read_only=True) as opened:
        require_map(opened, map_name)
        found = list(
            opened.incidents(
                label=label, run=run, map=map_name, open_only=open_only, commissioning=commissioning
            )
        )
        # After them: a monitor may register a bundle in between.
        bundles = {row.hash: row for row in opened.bundles()}
    print_found(found, bundles, form)


def print_found(found: Sequence[Incident], bundles: "Mapping[str, BundleRow]", form: Form) -> None:
    """Print incidents in one of the forms; `bundles` by hash, without those that are not known."""
    if form is Form.TABLE:
        _print_table(found, bundles)
    else:
        _print_rows([_told(each, bundles.get(each.bundle)) for each in found], form)


def _print_table(found: Sequence[Incident], bundles: "Mapping[str, BundleRow]") -> None:
    """The table; with a column of bundles where it would not be clear whose an incident is."""
    from caloscope.cli.info.words import cell

    theirs = {each.bundle for each in found}
    named = len(theirs) > 1 or any(_is_silent(bundles.get(name)) for name in theirs)
    table = Table(HEADINGS[0], *(["bundle"] if named else []), *HEADINGS[1:])
    for each in found:
        first, *others = _row(each)
        whose = [_whose(each.bundle, bundles.get(each.bundle))] if named else []
        table.add_row(*(cell(text) for text in (first, *whose, *others)))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _whose(digest: str, bundle: "BundleRow | None") -> str:
    """`reference 1a2b3c4d`, and whether it is in commissioning."""
    detector = f"{bundle.detector} " if bundle is not None else ""
    return f"{detector}{digest[:SHORT]}{', commissioning' if _is_silent(bundle) else ''}"


def _is_silent(bundle: "BundleRow | None") -> bool:
    return bundle is not None and bundle.state == "commissioning"


def _row(incident: Incident) -> tuple[str, ...]:
    factor = "" if incident.factor is None else f" x{incident.factor:.2f}"
    return (
        incident.map,
        incident.hardware,
        str(len(incident.cells)),
        f"{incident.direction}{factor}",
        _place(incident.opened),
        _place(incident.onset),
        _place(incident.last),
        "" if incident.closed is None else _place(incident.closed),
        f"{incident.peak_evidence:.1f}",
        _state(incident),
    )


def _told(incident: Incident, bundle: "BundleRow | None") -> dict[str, Any]:
    """What programs are told of an incident, in the order of `COLUMNS`; lumisections as `run:lumi`."""
    closed, factor = incident.closed, incident.factor
    values = (
        *(incident.label, incident.map, incident.bundle),
        *(None if bundle is None else bundle.detector, _is_silent(bundle)),
        *(incident.id, incident.hardware, len(incident.cells), f"{incident.direction}"),
        *(None if factor is None else round(factor, 4), incident.severity.name.lower(), f"{incident.reason}"),
        *(_place(incident.opened), _place(incident.onset), _place(incident.last)),
        *(None if closed is None else _place(closed), round(incident.peak_evidence, 3), _state(incident)),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _print_rows(rows: Sequence[dict[str, Any]], form: Form) -> None:
    if form is Form.CSV:
        writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        writer.writeheader()
        told = ({**row, "commissioning": "yes" if row["commissioning"] else "no"} for row in rows)
        writer.writerows(told)
    elif form is Form.JSON:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            print(json.dumps(row))


def _place(lumi: LumiId) -> str:
    return f"{lumi.run}:{lumi.lumi}"


def _state(incident: Incident) -> str:
    """`standing`, `open` or `closed`, and whether it is masked."""
    if incident.standing:
        return "standing"
    state = "open" if incident.closed is None else "closed"
    return f"{state}, masked" if incident.masked else state
