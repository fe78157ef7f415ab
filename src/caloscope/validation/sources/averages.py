"""What was published of ECAL: tables of mean occupancy per tower, lines of total digis in pileup."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from caloscope.detectors.base import Array
from caloscope.errors import Fault, SourceError
from caloscope.geometry import ERAS
from caloscope.records import Mask
from caloscope.validation.rings import rings
from caloscope.validation.sample import Frame
from caloscope.validation.sources.crystals import sample_name
from caloscope.validation.statistics.shape import medians

MOST_BYTES = 1_000_000
_NO_DATA = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Average:
    """A published average: `values` in the view's shape, in use where `use` is true."""

    name: str
    title: str
    source: str
    frame: Frame
    values: Array
    use: Mask
    dead: Mask
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PileupLine:
    """Total digis of a 500-event lumisection: `slope` x pileup + `intercept`."""

    source: str
    view: str
    slope: float
    intercept: float


def view_of(path: Path) -> str | None:
    """The view that a table is about, from its name; None where the name does not say."""
    stem = path.stem
    for mark, name in (("EEp", "EE+"), ("EEm", "EE-"), ("EB", "EB")):
        if mark in stem.split("_"):
            return name
    return None


def era_named(path: Path) -> str:
    """The era of the year that the name of a table, or of its folder, holds; the newest where none does."""
    years = re.findall(r"20[12][0-9]", f"{path.stem} {path.parent.name}")
    if not years:
        return ERAS[-1]
    return "2019+" if years[0] >= "2019" else max(years[0], "2016")


def numbers(path: Path) -> Array:
    """All numbers of a text table; raises `SourceError` UNREADABLE."""
    if path.stat().st_size > MOST_BYTES:
        found = f"{path.stat().st_size} bytes"
        raise SourceError(path, Fault.UNREADABLE, found, f"a table of at most {MOST_BYTES}")
    try:
        values = np.array(path.read_text("utf-8").replace(",", " ").split(), dtype=float)
    except (ValueError, UnicodeDecodeError) as error:
        raise SourceError(path, Fault.UNREADABLE, str(error)[:80], "a table of numbers") from error
    if not np.isfinite(values).all():
        raise SourceError(path, Fault.INVALID_COUNTS, "numbers that are not finite", "a table of numbers")
    return values


def average(path: Path, frame: Frame) -> Average | None:
    """The average in a table, None where its size is not that of the map, with or without the padding.

    A value of exactly 1 in a padded table, or 0 in any, stands for no data.
    """
    values, (rows, columns) = numbers(path), frame.view.shape
    wide = columns if frame.view.name == "EB" else columns + 2
    padded = values.size == (rows + 2) * wide
    if padded:
        table = values.reshape(rows + 2, wide)[1:-1]
        table = table if wide == columns else table[:, 1:-1]
    elif values.size == rows * columns:
        table = values.reshape(rows, columns)
    else:
        return None
    use = frame.view.exists & (table > 0) & ((table != _NO_DATA) | (not padded))
    ring = rings(frame.view)
    share = np.nan_to_num(table / np.maximum(np.nan_to_num(ring.spread_out(medians(table, use, ring))), 1e-9))
    sick = use & ((share < 0.5) | (share > 2.0))
    dead = frame.view.exists & (~use | (share < 0.1))
    why = "below 0.5 or above 2 of their ring"
    note = f"{int(use.sum())} cells with data, {int(sick.sum())} of them left out as sick ({why})"
    title = f"{frame.view.name}, published average"
    return Average(sample_name("average", path), title, path.name, frame, table, use & ~sick, dead, (note,))


def pileup_line(path: Path, view: str) -> PileupLine | None:
    """The line in a table of two numbers, None for any other."""
    values = numbers(path)
    return PileupLine(path.name, view, float(values[0]), float(values[1])) if values.size == 2 else None
