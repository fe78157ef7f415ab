"""The DQM's scalars: objects that are all name, such as `<PU in the lumi>f=41.5</PU in the lumi>`."""

import math
import re
from collections.abc import Iterable
from pathlib import Path

from caloscope.errors import Fault, SourceError

MAX_EVENTS = 10**12
"""More events than any lumisection, run or year of CMS holds."""

_TEXT = re.compile(r"<(?P<name>[^<>]+)>(?P<kind>[ifs])=(?P<value>.*)</(?P=name)>", re.DOTALL)


def parse_scalars(keys: Iterable[str]) -> dict[str, list[str]]:
    """Values as text by name, each name's values in the order found; keys that are no scalars are left out.

    Whole numbers (`i`), floats (`f`) and strings (`s`) are scalars; results of quality tests and flags, which
    are written in the same style, are not.
    """
    found: dict[str, list[str]] = {}
    for key in keys:
        match = _TEXT.fullmatch(key)
        if match:
            found.setdefault(match["name"], []).append(match["value"])
    return found


def number(text: str) -> float | None:
    """The number in a scalar's text, NaN and infinities included; None where it is none."""
    try:
        return float(text)
    except ValueError:
        return None


def to_number(path: Path, name: str, text: str) -> float:
    """The number in a scalar's text, NaN and infinities included; raises `SourceError` INVALID_SCALAR."""
    value = number(text)
    if value is None:
        raise SourceError(path, Fault.INVALID_SCALAR, f"{text[:40]!r} in {name}", "a number")
    return value


def to_events(path: Path, name: str, text: str) -> int:
    """A number of events; raises `SourceError` INVALID_SCALAR where it can be none."""
    value = to_number(path, name, text)
    if not (0 <= value <= MAX_EVENTS and value.is_integer()):
        expected = f"a whole number from 0 to {MAX_EVENTS}"
        raise SourceError(path, Fault.INVALID_SCALAR, f"{text[:40]!r} in {name}", expected)
    return int(value)


def to_pileup(path: Path, name: str, text: str) -> float | None:
    """A pileup; None where it is NaN or negative, which is how CMSSW says that it does not know (-1).

    Raises `SourceError` INVALID_SCALAR where it is infinite.
    """
    value = to_number(path, name, text)
    if math.isinf(value):
        raise SourceError(path, Fault.INVALID_SCALAR, f"{text[:40]!r} in {name}", "a finite number")
    return value if value >= 0 else None
