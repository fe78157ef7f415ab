"""The lines as CSV."""

import csv
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Final

from caloscope.study.ml4dqm.comparison import Line

COLUMNS: Final = (
    "task",
    "title",
    "protocol",
    "detector",
    "images",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "accuracy_printed",
    "accuracy_beside",
    "auc",
    "auc_low",
    "auc_high",
    "auc_printed",
    "auc_beside",
    "confusion",
    "localised",
    "localised_low",
    "localised_high",
    "void",
    "unjudged",
    "parameters",
    "learned",
    "epochs",
    "seconds",
)


def write_table(lines: Sequence[Line], path: Path) -> None:
    """One row for each line. Confusion matrices are `402 0 1 / 0 400 0`; not known is empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([_text(each) for each in _row(line)] for line in lines)


def matrix(line: Line) -> str:
    """The confusion matrix in a line."""
    return " / ".join(" ".join(str(each) for each in row) for row in line.confusion)


def _row(line: Line) -> tuple[str | int | float, ...]:
    task, printed = line.task, line.task.printed
    return (
        *(task.name, task.title, line.protocol, line.detector, line.images),
        *(*line.accuracy, printed.accuracy, line.accuracy_beside),
        *(*line.auc, printed.auc, line.auc_beside),
        *(matrix(line), *line.localised),
        *(line.void, line.unjudged, line.parameters, line.learned, line.epochs, round(line.seconds, 1)),
    )


def _text(value: str | int | float) -> str:
    if isinstance(value, float):
        return "" if isnan(value) else f"{value:.6g}"
    return str(value)
