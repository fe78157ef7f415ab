"""A study's text: read, and checked."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from caloscope.errors import UsageError
from caloscope.study.text import StudyText

MAX_TEXT: Final = 1_000_000


def parse(text: str, label: str) -> StudyText:
    """Check a text; raises `UsageError` that names the label, key, value and what was expected."""
    if len(text) > MAX_TEXT:
        raise UsageError(f"{label}: found {len(text):,} characters, expected at most {MAX_TEXT:,}")
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of many digits and deep nesting end there too
        raise UsageError(f"{label}: not TOML: {error}") from error
    try:
        return StudyText.model_validate(tables)
    except ValidationError as error:
        raise UsageError(f"{label}: {explained(error)}") from error


def explained(error: ValidationError) -> str:
    """The first thing that is wrong: where, what was found, what was expected; unknown keys before all."""
    wrong = error.errors(include_url=False)
    first = min(wrong, key=lambda one: one["type"] != "extra_forbidden")
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
    if first["type"] == "missing":
        return f"{place} is missing"
    if first["type"] == "extra_forbidden":
        return f"{place} is no key that is known"
    expected = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if first["type"] == "value_error":
        return f"{place}: expected {expected}" if place else expected
    return f"{place} is {repr(first['input'])[:60]}: expected {expected}"


def read(path: Path) -> StudyText:
    """The study in a file. Raises `UsageError` where there is none, or it will not do."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: found no text ({error}), expected a study in TOML") from error
    found = parse(text, str(path))
    # Other processes, on other machines too, have other folders to look from.
    samples = {
        title: each.model_copy(update={"files": _whole(each.files)}) for title, each in found.sample.items()
    }
    detectors = {
        title: each.model_copy(update={"bundle": "".join(_whole([each.bundle]))})
        for title, each in found.detector.items()
    }
    return found.model_copy(update={"sample": samples, "detector": detectors})


def _whole(paths: Iterable[str]) -> tuple[str, ...]:
    """Paths from the root; what is empty stays so."""
    return tuple(str(Path(each).absolute()) if each else "" for each in paths)
