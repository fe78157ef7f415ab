"""How `caloscope info` writes numbers, sizes and names, as text and as JSON."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from caloscope.outputs.data_page.facts import text


def cell(value: object) -> Text:
    """A value as text that is no markup, on one line."""
    return Text(text(value))


def table(title: str, *columns: str, numeric: tuple[str, ...] = (), wide: tuple[str, ...] = ()) -> Table:
    """An empty table; `numeric` columns stand right, the `wide` ones are folded where there is no room."""
    made = Table(title=Text(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1))
    for name in columns:
        fold = name in wide
        made.add_column(
            name,
            justify="right" if name in numeric else "left",
            no_wrap=not fold,
            overflow="fold" if fold else "ellipsis",
        )
    return made


def pairs(rows: Mapping[str, object]) -> Table:
    """Names and values, one a line, without those that are empty."""
    made = Table(show_header=False, box=None, padding=(0, 1))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows.items():
        if value not in (None, ""):
            made.add_row(name, cell(value))
    made.add_row()
    return made


def size(count: int) -> str:
    """Bytes for people."""
    number, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if number < 1024 or unit == "TiB":
            break
        number /= 1024
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"


def plural(number: int, word: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def show_json(value: Mapping[str, Any]) -> None:
    """Print plain JSON on standard output."""
    print(json.dumps(plain(value), indent=2, allow_nan=False))


def plain(value: Any) -> Any:
    """Anything of ours as what JSON knows: records are tables, what is not finite is null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(each) for name, each in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, (Path, Enum)) else value
