"""`caloscope ledger`: what became of every file and every map, and what is missing."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caloscope.cli.ledger_rows import FILES, GAPS, MAPS, brief, file_rows, gap_rows, map_rows, shown
from caloscope.cli.options import StoreUrl, require_map
from caloscope.errors import UsageError

if TYPE_CHECKING:
    from caloscope.store import Store


class Form(StrEnum):
    """How the ledger is written."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"


class Status(StrEnum):
    """What can have become of a file."""

    STARTED = "STARTED"
    DONE = "DONE"
    PARTIAL = "PARTIAL"
    WAITING = "WAITING"
    QUARANTINED = "QUARANTINED"


def ledger(
    store: StoreUrl,
    files: Annotated[
        bool, typer.Option("--files", help="Source files (this is what comes unasked).")
    ] = False,
    maps: Annotated[bool, typer.Option("--maps", help="Every map in every lumisection.")] = False,
    gaps: Annotated[bool, typer.Option("--gaps", help="Lumisections of a run without a result.")] = False,
    label: Annotated[str | None, typer.Option("--label", help="Only this stream; not for files.")] = None,
    run: Annotated[int | None, typer.Option("--run", help="Only this run; not for files.")] = None,
    map_name: Annotated[str | None, typer.Option("--map", help="Only this map; not for files.")] = None,
    status: Annotated[
        Status | None, typer.Option("--status", case_sensitive=False, help="Only files with this status.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="table, csv or jsonl.")] = Form.TABLE,
) -> None:
    """What became of every source file, of every map in every lumisection, and which of these are missing."""
    from caloscope.store import Store

    if files + maps + gaps > 1:
        raise UsageError("--files, --maps, --gaps: found several, expected one of them")
    chosen = {"--label": label, "--run": run, "--map": map_name}
    given = [name for name, value in chosen.items() if value is not None]
    if not (maps or gaps) and given:
        raise UsageError(f"{given[0]}: found it for files, expected it with --maps or --gaps")
    if (maps or gaps) and status is not None:
        raise UsageError("--status: found it for maps, expected it for files")
    with Store(store, read_only=True) as opened:
        require_map(opened, map_name)
        if maps or gaps:
            columns, found = MAPS if maps else GAPS, map_rows if maps else gap_rows
            _print(columns, found(opened, label, run, map_name), form)
        else:
            _print(FILES, _files(opened, status), form)


def _files(store: "Store", status: Status | None) -> Iterator[dict[str, Any]]:
    return file_rows(store.files(None if status is None else status.value))


def _print(columns: tuple[str, ...], rows: Iterable[dict[str, Any]], form: Form) -> None:
    """Print rows in one of the forms, those for programs one by one."""
    if form is Form.TABLE:
        _print_table(columns, rows)
    elif form is Form.CSV:
        writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: shown(value) for name, value in row.items()})
    else:
        for row in rows:
            print(json.dumps(row, allow_nan=False))


def _print_table(columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> None:
    from caloscope.cli.console import console
    from caloscope.cli.info.words import cell, table

    told = [brief(row) for row in rows]
    # What is empty in all rows only takes room from the others.
    kept = brief(dict.fromkeys(columns, ""))
    names = [name for name in kept if not told or any(row[name] not in (None, "", {}) for row in told)]
    made = table("", *names, wide=tuple(name for name in names if name in ("detail", "milliseconds")))
    for row in told:
        made.add_row(*(cell(shown(row[name])) for name in names))
    console(200).print(made)
