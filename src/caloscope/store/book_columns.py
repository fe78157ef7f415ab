"""What a store knows beside verdicts to the columns of a table and back."""

import json
import math
from dataclasses import asdict

from caloscope import __version__
from caloscope.errors import Fault
from caloscope.records import LumiState
from caloscope.store.columns import (
    AnyRow,
    Values,
    compact,
    dump_seconds,
    integer,
    load_cells,
    load_numbers,
    storable,
    text_of,
)
from caloscope.store.rows import BundleRow, FileRow, LumiRow, MaskRow, RunRow


def bundle_values(bundle: BundleRow) -> Values:
    """Columns of a bundle."""
    return {**asdict(bundle), "card": json.dumps(bundle.card, sort_keys=True)}


def bundle_row(row: AnyRow) -> BundleRow:
    """A bundle from its columns."""
    return BundleRow(**{**row._mapping, "card": json.loads(row.card)})


def file_values(file: FileRow) -> Values:
    """Columns of a file, but for the time at which it is noted."""
    plain = ("size", "mtime_ns", "status", "lumis", "seconds", "attempts", "next_try")
    return {
        **{name: getattr(file, name) for name in plain},
        "path": storable(file.path),
        "fault": text_of(file.fault),
        "detail": storable(file.detail),
        "stages": dump_seconds(file.stages),
        "version": file.version or __version__,
    }


def file_row(row: AnyRow) -> FileRow:
    """A file from its columns."""
    changed = {"fault": Fault(row.fault) if row.fault else None, "stages": load_numbers(row.stages)}
    return FileRow(**{**row._mapping, **changed})


def lumi_values(lumi: LumiRow) -> Values:
    """Columns of a lumisection's conditions; levels that are no numbers are not known and left out."""
    levels = {name: float(level) for name, level in lumi.levels.items() if math.isfinite(level)}
    return {
        "label": lumi.label,
        "run": int(lumi.run),
        "lumi": int(lumi.lumi),
        "state": str(lumi.state),
        "origin": lumi.origin,
        "detail": storable(lumi.detail),
        "off": compact([storable(name) for name in lumi.off]),
        "trigger": storable(lumi.trigger),
        "fill": integer(lumi.fill),
        "events": compact({name: int(count) for name, count in sorted(lumi.events.items())}),
        "levels": compact(dict(sorted(levels.items()))),
        "shift": float(lumi.shift) if math.isfinite(lumi.shift) else 0.0,
        "book": lumi.book,
    }


def lumi_row(row: AnyRow) -> LumiRow:
    """A lumisection's conditions from its columns."""
    changed = {
        "state": LumiState(row.state),
        "off": tuple(json.loads(row.off)),
        "events": load_numbers(row.events),
        "levels": load_numbers(row.levels),
    }
    return LumiRow(**{**row._mapping, **changed})


def run_row(row: AnyRow) -> RunRow:
    """A run from its columns."""
    return RunRow(**row._mapping)


def mask_row(row: AnyRow) -> MaskRow:
    """A mask from its columns."""
    return MaskRow(**{**row._mapping, "cells": load_cells(row.cells)})
