"""Histograms that come as a list of numbers beside the numbers of their bins."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caloscope.errors import Fault, SourceError
from caloscope.readers.shelf import BinAxis

MOST_BINS = 4_000_000
"""Most bins of one histogram; a map of crystals has 61,200."""


def parse_json(path: Path, text: bytes | str, what: str) -> Any:
    """JSON text as plain objects; raises `SourceError` UNREADABLE."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of many digits and deep nesting end there too
        line = " ".join(str(error).split())[:80]
        raise SourceError(path, Fault.UNREADABLE, f"{what}: {line}", "JSON") from error


def to_axis(path: Path, name: str, direction: str, bins: Any, low: Any, high: Any) -> BinAxis:
    """An axis from the numbers beside a histogram; raises `SourceError` WRONG_BINNING."""
    try:
        count, first, last = float(bins), float(low), float(high)
    except (TypeError, ValueError, OverflowError):
        count = first = last = math.nan
    if not (1 <= count <= MOST_BINS and count.is_integer() and -math.inf < first < last < math.inf):
        told = ", ".join(str(each)[:12] for each in (bins, low, high))
        found = f"bins, low and high edge {told!r} along {direction} in {name}"
        raise SourceError(path, Fault.WRONG_BINNING, found, "a number of bins and two edges")
    return BinAxis(int(count), first, last)


def to_numbers(path: Path, name: str, values: Any) -> NDArray[Any]:
    """A list of numbers, or of equally long lists of them; raises `SourceError` UNREADABLE."""
    try:
        numbers = np.asarray(values) if isinstance(values, list | np.ndarray) else np.asarray(None)
    except (ValueError, OverflowError):
        numbers = np.asarray(None)
    if numbers.dtype.kind not in "fiu" or numbers.ndim not in (1, 2) or not numbers.size:
        raise SourceError(path, Fault.UNREADABLE, f"no list of numbers in {name}", "bin contents")
    return numbers


def wrong_length(path: Path, name: str, numbers: NDArray[Any], expected: str) -> SourceError:
    """What is raised where the numbers are not as many as the bins."""
    shape = " x ".join(map(str, numbers.shape))
    return SourceError(path, Fault.WRONG_BINNING, f"{shape} numbers in {name}", expected)
