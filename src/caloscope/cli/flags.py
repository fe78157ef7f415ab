"""`caloscope flags`: every flagged cell, as a table for programs."""

import csv
import json
import sys
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from caloscope.cli.options import Commissioning, Lumis, StoreUrl, ranges, require_map

COLUMNS = ("label", "run", "lumi", "map", "depth", "y", "x", "code", "evidence", "direction", "reason")
"""Of the table; JSON lines also say the `detail` of the map."""


class Format(StrEnum):
    """How flags are written."""

    CSV = "csv"
    JSONL = "jsonl"


def flags(
    store: StoreUrl,
    form: Annotated[Format, typer.Option("--format", help="csv or jsonl.")] = Format.CSV,
    label: Annotated[str | None, typer.Option("--label", help="Only this stream.")] = None,
    run: Annotated[int | None, typer.Option("--run", help="Only this run.")] = None,
    lumis: Lumis = None,
    map_name: Annotated[str | None, typer.Option("--map", help="Only this map.")] = None,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Without masked cells and those never alive: code 0 alone.")
    ] = False,
    unknown: Annotated[bool, typer.Option("--unknown", help="Also maps that were not scored.")] = False,
    commissioning: Commissioning = False,
) -> None:
    """Every flagged cell in every lumisection, codes 0 and 3, one row each."""
    from caloscope.store import Store

    wanted = ranges(lumis)
    with Store(store, read_only=True) as opened:
        require_map(opened, map_name)
        found = opened.flags(
            label=label,
            run=run,
            map=map_name,
            lumis=wanted,
            masked=not unmasked,
            unknown=unknown,
            commissioning=commissioning,
        )
        rows = ({**asdict(row), "evidence": _rounded(row.evidence)} for row in found)
        if form is Format.CSV:
            writer = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        else:
            for row in rows:
                print(json.dumps(row))


def _rounded(evidence: float | None) -> float | None:
    return None if evidence is None else round(evidence, 3)
