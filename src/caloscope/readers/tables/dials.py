"""Histograms out of DIALS, CMS's store of per-lumisection histograms: parquet, or the JSON of its interface.

One row, or object, is one histogram of one lumisection: `run_number`, `ls_number`, `me` (its full path),
`x_min`, `x_max`, `x_bin` and `data`; those of two dimensions have `y_min`, `y_max`, `y_bin` too, and `data`
is a list of rows along y. There are no overflows, and numbers of bins may come as floating-point numbers.
(The interface's models are in `cmsdials.clients.h1d` and `h2d`; the tables are `fact_th1` and `fact_th2`.)
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from caloscope.errors import Fault, SourceError
from caloscope.readers.shelf import Histogram
from caloscope.readers.tables.flat_values import to_axis, to_numbers, wrong_length

RUN, LUMI = "run_number", "ls_number"
NAMES = ("me", "me_name")
"""Where the path of a histogram stands; `me_id`, a number of the database, does not tell it."""

X = ("x_bin", "x_min", "x_max")
Y = ("y_bin", "y_min", "y_max")


def to_histogram(path: Path, name: str, row: Mapping[str, Any]) -> Histogram:
    """The histogram of a row; raises `SourceError` WRONG_BINNING and UNREADABLE."""
    numbers = to_numbers(path, name, row.get("data"))
    x = to_axis(path, name, "x", *(row.get(key) for key in X))
    if row.get(Y[0]) is None:
        if numbers.shape != (x.bins,):
            raise wrong_length(path, name, numbers, f"{x.bins}")
        return Histogram((x,), numbers)
    y = to_axis(path, name, "y", *(row.get(key) for key in Y))
    if numbers.shape not in ((y.bins, x.bins), (y.bins * x.bins,)):
        raise wrong_length(path, name, numbers, f"{y.bins} rows of {x.bins}")
    return Histogram((x, y), numbers.reshape(y.bins, x.bins))


def require_fields(path: Path, fields: set[str]) -> str:
    """The field that holds the histogram's path; raises `SourceError` UNKNOWN_FORMAT where one is missing."""
    name = next((name for name in NAMES if name in fields), None)
    missing = [key for key in (RUN, LUMI, *X, "data") if key not in fields]
    if name is None or missing:
        found = f"no {', '.join(missing or NAMES[:1])} among {sorted(fields)[:6]!r:.120}"
        expected = "histograms of DIALS: run_number, ls_number, me, x_bin, data"
        raise SourceError(path, Fault.UNKNOWN_FORMAT, found, expected)
    return name
