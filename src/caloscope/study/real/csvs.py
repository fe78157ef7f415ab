"""The lines as CSV."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from math import isnan
from pathlib import Path
from typing import Any, Final

from caloscope.study.real.comparing import ComparedLine
from caloscope.study.real.found import Found
from caloscope.study.real.lines import InjectedLine
from caloscope.study.real.present import PresentLine, QuietLine
from caloscope.study.results import Interval

PRESENT: Final = "present.csv"
SOUND: Final = "sound.csv"
INJECTED: Final = "injected.csv"
COMPARED: Final = "compared.csv"


def write_tables(found: Found, folder: Path) -> None:
    """One file for each kind of line, headings always: what was not measured is empty."""
    names = [each.name for each in fields(PresentLine)]
    rows = ([*_values(each), str(each.found).lower()] for each in found.present)
    _write(folder / PRESENT, [*names, "found"], rows)
    _write(folder / SOUND, [each.name for each in fields(QuietLine)], map(_quiet, found.quiet))
    for name, kind, lines in (
        (INJECTED, InjectedLine, found.injected),
        (COMPARED, ComparedLine, found.compared),
    ):
        _write(folder / name, list(_headings(kind)), (list(_flat(each)) for each in lines))


def _quiet(line: QuietLine) -> list[Any]:
    told = "; ".join(f"{lumi} {hardware} {direction}" for lumi, hardware, direction in line.incidents)
    return [told if value is line.incidents else value for value in _values(line)]


def _headings(kind: Any) -> Iterator[str]:
    for each in fields(kind):
        whole = each.type is Interval
        yield from (each.name, f"{each.name}_low", f"{each.name}_high") if whole else (each.name,)


def _flat(line: Any) -> Iterator[Any]:
    for value in _values(line):
        yield from value if isinstance(value, Interval) else (value,)


def _values(line: Any) -> list[Any]:
    return [getattr(line, each.name) for each in fields(line)]


def _write(path: Path, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_text(value) for value in row] for row in rows)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return "" if isnan(value) else f"{value:.6g}"
    return str(value)
