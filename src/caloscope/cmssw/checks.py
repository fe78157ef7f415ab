"""What a text must be before it may stand in a file that somebody runs."""

import keyword
import re
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from caloscope.errors import UsageError

Choice = TypeVar("Choice", bound=StrEnum)
_LONGEST = 4096
MAX_NUMBER = 2**32 - 1
"""CMS counts runs and lumisections in 32 bits."""


def printable(what: str, text: str) -> str:
    """The text itself; raises `UsageError` where it is empty, too long or holds anything but printable signs.

    `repr` of a printable text has no escapes but for quotes and backslashes, so that it means the same to
    every Python; a line break could leave a comment.
    """
    if not text.strip():
        raise UsageError(f"{what}: found nothing, expected a text")
    if len(text) > _LONGEST or not text.isprintable():
        raise UsageError(f"{what}: found {shown(text)}, expected at most {_LONGEST} printable characters")
    return text


def fitting(what: str, text: str, pattern: str, expected: str) -> str:
    """The text itself; raises `UsageError`, saying what was expected, where it does not fit the pattern."""
    if re.fullmatch(pattern, text, re.ASCII) is None:
        raise UsageError(f"{what}: found {shown(text)}, expected {expected}")
    return text


def chosen(kind: type[Choice], what: str, text: str) -> Choice:
    """The member of an enumeration with this value; raises `UsageError` that lists them."""
    for member in kind:
        if member.value == text:
            return member
    raise UsageError(f"{what}: found {shown(text)}, expected one of {', '.join(each.value for each in kind)}")


def identifier(what: str, text: str) -> str:
    """The text itself; raises `UsageError` where it is no name that Python could import."""
    if len(text) > 80 or not text.isascii() or not text.isidentifier() or keyword.iskeyword(text):
        raise UsageError(f"{what}: found {shown(text)}, expected a name such as Run2_2018")
    return text


def number(what: str, value: int, low: int, high: int = MAX_NUMBER) -> int:
    """The number itself; raises `UsageError` outside `low`..`high`."""
    if not low <= value <= high:
        raise UsageError(f"{what}: found {value}, expected {low} to {high}")
    return value


def absolute(what: str, path: str | Path) -> str:
    """A path as seen from the root of the file system, links left as they are; raises `UsageError`."""
    return str(Path(printable(what, str(path))).absolute())


def shown(text: str) -> str:
    """The beginning of a text, in one line, for a message."""
    return repr(text if len(text) <= 60 else text[:60] + "...")
