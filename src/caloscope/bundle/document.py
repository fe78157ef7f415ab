"""Reading TOML that nobody vouches for: small, shallow, and a `BundleError` for anything else."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from caloscope.detectors.plain_file import read_plain
from caloscope.errors import BundleError

MOST_BYTES: Final = 1_000_000
"""Of a card, a state or a calorimeter's description; they have a few thousand."""

DEEPEST: Final = 16
"""Levels of tables and lists inside one another; a card has two."""

_PART = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\w-]+)"""
_LONG_KEY: Final = re.compile(rf"(?<![\w-])(?:{_PART}[ \t]*\.[ \t]*){{64}}")
"""A name of so many parts: the time that it takes to read grows with the square of their number."""


def parse_document(path: Path, content: bytes) -> dict[str, Any]:
    """What a TOML document says; `path` is for messages.

    Raises `BundleError` for what is no UTF-8 or no TOML, is nested deeper than any document of ours, or has
    integers that TOML does not have (more than 64 bits).
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BundleError(f"{path}: found no UTF-8 text, found no TOML ({error})") from error
    if _LONG_KEY.search(text):
        raise BundleError(f"{path}: found a name of 64 parts or more, expected plain ones")
    try:
        told = tomllib.loads(text)
    except RecursionError:
        raise BundleError(f"{path}: found {_NESTED}") from None
    except ValueError as error:  # tomllib's own is one, and so is that of an endless integer
        raise BundleError(f"{path}: found no TOML ({_one_line(error)})") from error
    _require_plain(path, told)
    return told


def read_document(path: Path) -> dict[str, Any]:
    """The same from a file. Raises what `parse_document` and `open_plain` raise."""
    return parse_document(path, read_plain(path, MOST_BYTES))


_NESTED: Final = f"tables or lists nested too deeply, expected at most {DEEPEST} levels"


def _require_plain(path: Path, told: dict[str, Any]) -> None:
    """Refuse what is deep or has numbers that cannot even be shown."""
    waiting: list[tuple[Any, int]] = [(told, 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict | list):
            if depth > DEEPEST:
                raise BundleError(f"{path}: found {_NESTED}")
            inner = value.values() if isinstance(value, dict) else value
            waiting.extend((each, depth + 1) for each in inner)
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise BundleError(f"{path}: found an integer of more than 64 bits, expected a smaller one")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
