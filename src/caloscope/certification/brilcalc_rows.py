"""Lines of brilcalc's CSV as columns of numbers."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_PILEUP = 1e4
MAX_LUMI = 1e15
"""Far beyond the LHC in any unit that brilcalc knows, and far below what would do harm."""

_MAX_SECONDS = 2**32
_TITLE = re.compile(r"(delivered|recorded)\(([^()]{1,20})\)")


class Columns(NamedTuple):
    """Where each quantity stands in a line, None where it does not, and the unit of luminosity."""

    width: int
    time: int | None
    delivered: int | None
    recorded: int | None
    pileup: int | None
    unit: str


class Rows(NamedTuple):
    """`keys` is run * 2^32 + lumi; `values` has the columns pileup, delivered, recorded, began_at."""

    keys: NDArray[np.uint64]
    values: NDArray[np.float64]


def read_header(line: str) -> Columns | None:
    """The columns of a header; None where it is not of a table by lumisections."""
    titles = [title.strip() for title in line.removeprefix("#").split(",")]
    if titles[:2] != ["run:fill", "ls"]:
        return None
    units = {match[1]: (n, match[2]) for n, title in enumerate(titles) if (match := _TITLE.fullmatch(title))}
    if len({unit for _, unit in units.values()}) > 1:
        return None
    place = {title: n for n, title in enumerate(titles)}
    delivered, recorded = units.get("delivered"), units.get("recorded")
    return Columns(
        len(titles),
        place.get("time"),
        delivered and delivered[0],
        recorded and recorded[0],
        place.get("avgpu"),
        next(iter(units.values()), (0, ""))[1],
    )


def read_rows(lines: Sequence[str], columns: Columns) -> Rows:
    """The lumisections of lines that are no comments; raises ValueError or IndexError where one is wrong."""
    rows = [line.split(",") for line in lines]
    if any(len(row) != columns.width for row in rows):
        raise ValueError
    values = np.full((len(rows), 4), np.nan)
    for place, index, convert in (
        (0, columns.pileup, _pileups),
        (1, columns.delivered, _luminosities),
        (2, columns.recorded, _luminosities),
        (3, columns.time, _times),
    ):
        if index is not None:
            values[:, place] = convert([row[index] for row in rows])
    return Rows(_keys([row[0] for row in rows], [row[1] for row in rows]), values)


def _keys(runs: list[str], lumis: list[str]) -> NDArray[np.uint64]:
    run = _whole([text.split(":", 1)[0] for text in runs])
    pairs = [text.split(":") for text in lumis]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError
    lumi, of_cms = _whole([pair[0] for pair in pairs]), _whole([pair[1] for pair in pairs])
    if not (run.all() and lumi.all() and ((of_cms == lumi) | (of_cms == 0)).all()):
        raise ValueError
    return run << np.uint64(32) | lumi


def _whole(texts: list[str]) -> NDArray[np.uint64]:
    """Numbers of 32 bits written as digits alone: `int` would take `1_0`, ` 1` and `١` too."""
    joined = "".join(texts)
    if not (joined.isascii() and joined.isdigit() and all(texts)) or max(map(len, texts)) > 10:
        raise ValueError
    numbers = np.array([int(text) for text in texts], np.uint64)
    if (numbers >= 2**32).any():
        raise ValueError
    return numbers


def _pileups(texts: list[str]) -> NDArray[np.float64]:
    """Pileup; NaN where there is none, or a negative one."""
    found = np.array([float(text or "nan") for text in texts])
    found[found < 0] = np.nan
    return _below(found, MAX_PILEUP)


def _luminosities(texts: list[str]) -> NDArray[np.float64]:
    # Slightly negative values are real: the background is subtracted.
    return _below(np.array([float(text or "nan") for text in texts]), MAX_LUMI)


def _below(found: NDArray[np.float64], most: float) -> NDArray[np.float64]:
    if (np.abs(found) > most).any():
        raise ValueError
    return found


def _times(texts: list[str]) -> NDArray[np.float64]:
    read: Callable[[str], float] = _seconds if ":" not in texts[0] else _moment
    return np.array([read(text) for text in texts])


def _seconds(text: str) -> float:
    if not (text.isascii() and text.replace(".", "", 1).isdigit() and float(text) < _MAX_SECONDS):
        raise ValueError
    return float(text)


def _moment(text: str) -> float:
    """Seconds since 1970 of `MM/DD/YY HH:MM:SS`, UTC."""
    if len(text) != 17 or text[8] != " " or text[11] != ":" or text[14] != ":":
        raise ValueError
    hours, minutes, seconds = int(text[9:11]), int(text[12:14]), int(text[15:17])
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds <= 60):
        raise ValueError
    return _midnight(text[:8]) + hours * 3600 + minutes * 60 + seconds


@lru_cache(maxsize=4096)
def _midnight(text: str) -> float:
    return datetime.strptime(text, "%m/%d/%y").replace(tzinfo=UTC).timestamp()
