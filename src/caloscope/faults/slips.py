"""What is wrong with a text of faults, in one line for the person who wrote it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from caloscope.faults.fault import nearest


def explained(error: ValidationError, tables: Mapping[str, Any], keys: Sequence[Sequence[str]]) -> str:
    """The first thing wrong in one line: key, value, what was expected; of the usual slips more.

    `tables` are those of the text; `keys` are the keys of the whole text, of a fault, and of a random choice.
    """
    wrong = error.errors(include_url=False)
    return _slip(wrong, tables, keys) or _plain(wrong[0])


def title(number: int, name: object) -> str:
    """What messages call a fault of a text: its number, and its name if it has one."""
    return f"fault {number} {name[:60]!r}" if isinstance(name, str) and name else f"fault {number}"


def _slip(wrong: Sequence[ErrorDetails], tables: Mapping[str, Any], keys: Sequence[Sequence[str]]) -> str:
    """The first of the usual slips, unknown keys before all; empty where it is none of them."""
    faults = tables.get("fault")
    if not isinstance(faults, list) or not faults:
        return f"expected [[fault]] tables, found {_no_faults(tables)}"
    first = min(wrong, key=lambda one: one["type"] != "extra_forbidden")
    place = first["loc"]
    if len(place) < 2 or not isinstance(place[1], int):
        return _said(first, place, {}, keys[0])
    table = faults[place[1]] if isinstance(faults[place[1]], dict) else {}
    random = "random" in place[2:3]
    said = _said(first, place[2:], table, keys[2 if random and len(place) > 3 else 1])
    random_too = "random: " if said and random else ""
    return said and f"{title(place[1] + 1, table.get('name'))}: {random_too}{said}"


def _no_faults(tables: Mapping[str, Any]) -> str:
    """What is there instead of [[fault]]."""
    if "fault" in tables:
        found = tables["fault"]
        return "[fault]" if isinstance(found, dict) else f"fault = {_short(found)}"
    return ", ".join(_short(key) for key in [key for key in tables if key != "seed"][:3]) or "nothing"


def _said(
    wrong: ErrorDetails, place: Sequence[str | int], table: Mapping[str, Any], keys: Sequence[str]
) -> str:
    """What to say of a slip at this place of a table."""
    kind, found, key = wrong["type"], wrong["input"], [part for part in place if isinstance(part, str)][-1:]
    if kind == "extra_forbidden":
        near = nearest(str(key[0]), keys, 1)
        expected = repr(near[0]) if near else f"one of {', '.join(keys)}"
        return f"{_short(key[0])} is no key that is known: expected {expected}"
    if kind in ("int_type", "float_type") and isinstance(found, str):
        return f"{key[0]} is {_short(found)}: expected a number, not text in quotes"
    if kind == "list_type" and key == ["cells"]:
        cells = table["cells"]
        index = "depth index, y, x" if isinstance(cells, list) and len(cells) == 3 else "y, x"
        return f"cells is {_short(cells)}: expected a list of cells, [[{index}]]"
    if kind != "value_error":
        return ""
    given = [each for each in ("cells", "region", "random") if each in table]
    if not place and table and len(given) != 1:
        found = " and ".join(given) or "none"
        return f"found {found}, expected one of 'cells', 'region' and 'random'"
    return f"expected {wrong['msg'].removeprefix('Value error, ')}"


def _short(found: object) -> str:
    return repr(found)[:60]


def _plain(first: ErrorDetails) -> str:
    """Key, value, what was expected."""
    place = [str(part + 1) if isinstance(part, int) else part for part in first["loc"]]
    if place[:1] == ["fault"] and len(place) > 1:
        place = [f"fault {place[1]}", *place[2:]]
    key = ": ".join([*place[:1], ".".join(place[1:])]).removesuffix(": ") or "text"
    if first["type"] == "missing":
        return f"{key} is missing"
    if first["type"] == "extra_forbidden":
        return f"{key} is no key that is known"
    found = "a table" if isinstance(first["input"], dict | BaseModel) else repr(first["input"])[:60]
    expected = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return f"{key} is {found}: expected {expected}"
