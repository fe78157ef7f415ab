"""CMS's certification files: `{"run": [[first, last], ...]}`, the golden JSON and the DCS JSON alike."""

import json
import os
import re
import reprlib
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

from caloscope.certification.certified import Certified, Range, merged
from caloscope.errors import UsageError

MAX_BYTES = 50_000_000
MAX_NUMBER = 2**32 - 1
"""CMS counts runs and lumisections in 32 bits."""

_MAX_COMMAS = 4_000_000
"""Each may cost a hundred bytes of memory; real files have some ten thousand."""

_RUN = re.compile(r"[1-9][0-9]{0,9}")
_FORM = 'expected {"run": [[first, last], ...]}'


def read_json(path: Path) -> Certified:
    """The lumisections in a certification file.

    Raises UsageError, naming file, run and what was found, for anything else than runs (each once, as text)
    with lists of ranges `[first, last]` of whole numbers from 1, first <= last.
    """
    text = _text(path)

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        named = dict(found)
        if len(named) != len(found):
            (twice, _), *_ = Counter(key for key, _ in found).most_common(1)
            _refuse(path, f"run {twice[:20]!r} twice", "each run once")
        return named

    try:
        content = json.loads(text, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        _refuse(path, f"no JSON{where}", _FORM)
    if not isinstance(content, dict):
        _refuse(path, f"{_shown(content)} at the top", _FORM)
    return Certified({_run(path, key): _ranges(path, key, value) for key, value in content.items()})


def _text(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        _refuse(path, os.strerror(error.errno or 0).lower(), "a certification file")
    if len(text) > MAX_BYTES or text.count(b",") + text.count(b"[") > _MAX_COMMAS:
        _refuse(path, "more than any certification file holds", f"at most {MAX_BYTES} bytes")
    return text


def _run(path: Path, key: str) -> int:
    if not _RUN.fullmatch(key) or int(key) > MAX_NUMBER:
        _refuse(path, f"{key[:20]!r} for a run", f"a number from 1 to {MAX_NUMBER}")
    return int(key)


def _ranges(path: Path, run: str, value: object) -> tuple[Range, ...]:
    if not isinstance(value, list):
        _refuse(path, f"run {run}: {_shown(value)}", "a list of ranges [first, last]")
    return merged(_range(path, run, one) for one in value)


def _range(path: Path, run: str, value: Any) -> Range:
    # A bool is an int to Python, but not to us.
    whole = isinstance(value, list) and len(value) == 2 and all(type(number) is int for number in value)
    if not whole or not 1 <= value[0] <= value[1] <= MAX_NUMBER:
        _refuse(path, f"run {run}: {_shown(value)}", "[first, last], whole numbers from 1, first <= last")
    return value[0], value[1]


def _shown(value: object) -> str:
    # Bounded in depth and length.
    return reprlib.repr(value)


def _refuse(path: Path, found: str, expected: str) -> NoReturn:
    form = expected if expected.startswith("expected") else f"expected {expected}"
    raise UsageError(f"{path}: {found}, {form}")
