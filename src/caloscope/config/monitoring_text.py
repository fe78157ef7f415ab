"""The text of a monitor's configuration: read once, checked once, everything wrong in it told at once."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from caloscope.config.monitoring import FOLDER, Monitoring
from caloscope.errors import UsageError

MOST_BYTES: Final = 256_000
"""A configuration is written by people."""

_SECRET: Final = ("monitor", "store")
"""May hold a password: what was found there is never repeated."""


class ConfigurationError(UsageError):
    """A configuration cannot be used: one line for each thing that is wrong in it, in its order."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(lines))


def read_monitoring(path: Path) -> Monitoring:
    """The configuration in a TOML file. Raises `ConfigurationError`."""
    return check_monitoring(read_tables(path), path.name, path.absolute().parent)


def check_monitoring(tables: Mapping[str, Any], name: str, folder: Path) -> Monitoring:
    """A configuration from tables that people know by `name`; relative paths are those of `folder`.

    Raises `ConfigurationError` with a line for each thing that is wrong, which names the key, what was found
    and what was expected.
    """
    try:
        return Monitoring.model_validate(tables, context={FOLDER: folder})
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise ConfigurationError(list(dict.fromkeys(f"{name}: {_line(each)}" for each in found))) from None


def read_tables(path: Path) -> dict[str, Any]:
    """What stands in a TOML file, of which nothing is known yet. Raises `ConfigurationError`."""
    if not path.is_file():
        raise ConfigurationError([f"{path}: found no file, expected a TOML file"])
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError([f"{path}: found {error.strerror}, expected a TOML file"]) from error
    if len(content) > MOST_BYTES:
        raise ConfigurationError([f"{path.name}: found more than {MOST_BYTES} bytes, expected fewer"])
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # UTF-8, numbers of many digits and deep nesting too
        raise ConfigurationError([f"{path.name}: found no TOML: {_plain(str(error))}"]) from error


def _line(error: ErrorDetails) -> str:
    """Key, what was found, what was expected."""
    place = tuple(str(part) for part in error["loc"])
    kind, is_name = error["type"], place[-1] == "[key]"
    place = place[:-1] if is_name else place
    key = ".".join(part if part.replace("_", "").isalnum() else json.dumps(part) for part in place)
    fields, expected = _described(place)
    if kind == "extra_forbidden":
        near = get_close_matches(place[-1], fields, 1)
        hint = f" (is it {near[0]}?)" if near else ""
        return f"{key}: found a key that nobody knows, expected one of {', '.join(fields)}{hint}"
    if kind == "missing":
        return f"{key}: found nothing, expected {expected}"
    message = error["msg"].removeprefix("Value error, ")
    if message.startswith("found "):  # what concerns several keys says itself what was found
        return f"{key}: {message}"
    found = "a value that is not shown" if place == _SECRET else _shown(error["input"])
    return f"{key}: found {'that name' if is_name else found}, expected {expected}"


def _described(place: Sequence[str]) -> tuple[list[str], str]:
    """The keys that there are beside the last of `place`, and what is expected in its place."""
    table: type[BaseModel] = Monitoring
    expected = ""
    for part in place:
        field = table.model_fields.get(part)
        if field is None:
            break
        expected = field.description or ""
        inner = _table(field.annotation)
        if inner is None:
            break
        if part is not place[-1]:
            table = inner
    return list(table.model_fields), expected


def _table(annotation: Any) -> type[BaseModel] | None:
    """The table that a field holds, None where it holds a value."""
    for each in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None


def _shown(found: Any) -> str:
    """A value as TOML writes it, cut where it is long; tables are named, not printed."""
    if isinstance(found, dict | BaseModel):
        return "a table"
    try:
        text = json.dumps(found)
    except (TypeError, ValueError):  # a date
        text = str(found)
    return _plain(text if len(text) <= 60 else f"{text[:57]}...")


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
