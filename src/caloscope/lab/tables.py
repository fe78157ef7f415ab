"""Small tables that a notebook shows well, and that are plain dictionaries to Python."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TypeAlias, overload

import numpy as np

from caloscope.records import LumiId

Value: TypeAlias = str | int | float | bool | LumiId | None
Line: TypeAlias = Mapping[str, Value]


class Table(Sequence[Line]):
    """Lines with the same columns; `table[0]["delay"]` is a value, `list(table)` fits any data frame."""

    def __init__(self, lines: Iterable[Line], title: str = "") -> None:
        self._lines, self.title = tuple(lines), title

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._lines[0]) if self._lines else ()

    def column(self, name: str) -> list[Value]:
        """The values of one column. Raises `KeyError` where there is none of this name."""
        return [line[name] for line in self._lines]

    def __len__(self) -> int:
        """Number of lines."""
        return len(self._lines)

    @overload
    def __getitem__(self, place: int) -> Line: ...
    @overload
    def __getitem__(self, place: slice) -> "Table": ...
    def __getitem__(self, place: int | slice) -> "Line | Table":
        """One line, or some."""
        if isinstance(place, slice):
            return Table(self._lines[place], self.title)
        return self._lines[place]

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines)

    def __repr__(self) -> str:
        if not self._lines:
            return self.title or "nothing"
        texts = [list(self.columns), *([shown(value) for value in line.values()] for line in self._lines)]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        rows = [
            "  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip() for row in texts
        ]
        return "\n".join([self.title, *rows] if self.title else rows)

    def _repr_html_(self) -> str:
        head = "".join(f'<th style="text-align:left">{escape(name)}</th>' for name in self.columns)
        rows = ("".join(map(_cell, line.values())) for line in self._lines)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        title = f'<caption style="{_CAPTION}">{escape(self.title)}</caption>' if self.title else ""
        return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


_CAPTION = "caption-side:top;text-align:left;font-weight:bold"


def _cell(value: Value) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return f'<td style="text-align:{"right" if number else "left"}">{escape(shown(value))}</td>'


def facts(told: Mapping[str, str]) -> str:
    """What there is to know of one thing, a line each, as HTML."""
    left = 'style="text-align:left"'
    rows = (f"<tr><th {left}>{escape(n)}</th><td {left}>{escape(text)}</td></tr>" for n, text in told.items())
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


class Parts(dict[str, object]):
    """A dictionary that a notebook shows in a few lines: of arrays and long sequences their size."""

    def told(self) -> dict[str, str]:
        """What is shown of each."""
        return {name: _brief(value) for name, value in self.items()}

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {text}" for name, text in self.told().items())

    def _repr_html_(self) -> str:
        return facts(self.told())


def _brief(value: object) -> str:
    if isinstance(value, np.ndarray):
        kind = f"{int(value.sum())} of them true" if value.dtype == np.bool_ else str(value.dtype)
        return f"array {' x '.join(map(str, value.shape))}, {kind}"
    if isinstance(value, tuple) and not isinstance(value, LumiId):
        return f"{len(value)} of them"
    return shown(value) if value is None or isinstance(value, str | int | float | LumiId) else repr(value)


def shown(value: Value) -> str:
    """A value as people read it: `run:lumi`, yes or no, a dash where there is nothing."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, LumiId):
        return f"{value.run}:{value.lumi}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
