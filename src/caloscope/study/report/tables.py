"""All lines of a study as tables: CSV always, parquet where pyarrow is installed."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from math import isnan
from pathlib import Path
from typing import Any, Final, TypeAlias

from caloscope.errors import UsageError
from caloscope.study.results import (
    CleanLine,
    CostLine,
    FaultLine,
    Interval,
    Points,
    RankLine,
    Results,
    Setting,
)

Value: TypeAlias = str | int | float
Row: TypeAlias = dict[str, Value]

NAMES: Final = ("faults", "clean", "calibration", "costs", "ranking", "curves")
_SETTING: Final = tuple(field.name for field in fields(Setting))
_KINDS: Final[dict[str, type]] = dict(
    zip(NAMES, (FaultLine, CleanLine, CleanLine, CostLine, RankLine, Points), strict=True)
)


def write_tables(results: Results, folder: Path) -> None:
    """`NAME.csv`, and `NAME.parquet` beside it, for each of `NAMES`.

    Columns are the setting's, then those of the line (`clean_lumis` where both have such a name); an
    interval `x` is `x`, `x_low`, `x_high`. A curve has one row for each point. A number that is not known is
    empty in CSV and NaN in parquet, infinity is `inf`.
    """
    for name in NAMES:
        columns, rows = header(name), list(_rows(name, getattr(results, name)))
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([_text(row[column]) for column in columns] for row in rows)
        _write_parquet(folder / f"{name}.parquet", columns, rows)


def header(name: str) -> list[str]:
    """The columns of a table."""
    columns = list(_SETTING)
    for field in fields(_KINDS[name]):
        if field.name != "setting":
            columns += _names(name, field.name) if field.type is Interval else [_own(name, field.name)]
    return columns


def _own(table: str, field: str) -> str:
    """The column of a line's field: `clean_lumis` where the setting has such a name too."""
    return f"{table}_{field}" if field in _SETTING else field


def _names(table: str, field: str) -> list[str]:
    own = _own(table, field)
    return [own, f"{own}_low", f"{own}_high"]


def _rows(name: str, lines: Iterable[Any]) -> Iterator[Row]:
    for line in lines:
        row = {field: getattr(line.setting, field) for field in _SETTING}
        if name == "curves":
            # One row for each point.
            for x, y in zip(line.x, line.y, strict=True):
                yield row | {"fault": line.fault, "kind": line.kind, "x": x, "y": y}
        else:
            yield row | _flat(name, line)


def _flat(table: str, line: Any) -> Row:
    found: Row = {}
    for field in fields(line):
        value = getattr(line, field.name)
        if isinstance(value, Interval):
            found |= dict(zip(_names(table, field.name), value, strict=True))
        elif field.name != "setting":
            found[_own(table, field.name)] = value
    return found


def _text(value: Value) -> str:
    if isinstance(value, float):
        return "" if isnan(value) else repr(value)
    return str(value)


def _write_parquet(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Where pyarrow is not installed there is none, and one of an earlier study is taken away."""
    try:
        from caloscope.study.report.parquet import write_parquet
    except UsageError:
        path.unlink(missing_ok=True)
        return
    write_parquet(path, {column: [row[column] for row in rows] for column in columns})
