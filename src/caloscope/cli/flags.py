"""`caloscope flags`: every flagged cell, as a table for programs."""

import csv
import json
import sys
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from caloscope.cli.options import Commissioning, StoreUrl

COLUMNS = ("label", "run", "lumi", "map", "depth", "y", "x", "code", "evidence", "direction", "reason")


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


def _rounded(value: object) -> float | None:
    return round(value, 3) if isinstance(value, float) else None
