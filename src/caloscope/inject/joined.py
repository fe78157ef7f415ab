"""Faults in data that had faults already: one truth, one numbering, one list."""

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from caloscope.records import MapTruth

MOST_FAULTS: Final = 2**15 - 1
"""The truth keeps the number of a fault in 16 bits."""


def joined(before: MapTruth | None, now: MapTruth | None) -> MapTruth | None:
    """What is wrong after both: factors multiply, and of two faults in one cell the later has it.

    A cell that only feels a broken neighbour stays that of the fault which holds it, if there is one. Where
    dead and infinite meet, the later says whether anything is counted.
    """
    if before is None or now is None:
        return before if now is None else now
    with np.errstate(invalid="ignore", over="ignore"):
        factor = before.factor * now.factor
    factor = np.where(np.isnan(factor), now.factor, factor).astype(np.float32)
    later = (now.fault > 0) | ((now.fault < 0) & (before.fault <= 0))
    return MapTruth(factor, np.where(later, now.fault, before.fault).astype(np.int16))


def highest_number(lines: Sequence[str]) -> int:
    """The highest number of a fault in the lines that describe faults, 0 for none."""
    numbers = [json.loads(line).get("number") for line in lines]
    return max((each for each in numbers if isinstance(each, int) and 0 < each <= MOST_FAULTS), default=0)


def renumbered(lines: Sequence[str], more: int) -> list[str]:
    """Lines with higher numbers."""
    return [_renumbered(json.loads(line), more) for line in lines]


def _renumbered(line: dict[str, Any], more: int) -> str:
    number = line["number"] + more
    return json.dumps(line | {"number": number}, ensure_ascii=False, separators=(",", ":"))
