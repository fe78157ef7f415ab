"""Pieces of HTML: every word that comes from outside passes `escape` here."""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from caloscope.errors import CaloscopeError
from caloscope.outputs.data_page.plotly import Figure


class Column(NamedTuple):
    """Heading of a column, and whether it holds numbers."""

    name: str
    numeric: bool = True


def table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first cell of each row is its heading. A cell that is markup is made by `link`."""
    head = "".join(f'<th scope="col"{_number(c)}>{escape(c.name)}</th>' for c in columns)
    body = "".join(f"<tr>{_row(columns, row)}</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def link(anchor: str, words: str) -> Markup:
    """A link within the page."""
    return Markup(f'<a href="#{escape(anchor)}">{escape(words)}</a>')


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values."""
    items = "".join(f"<div><dt>{escape(a)}</dt><dd>{escape(b)}</dd></div>" for a, b in pairs)
    return f'<dl class="facts">{items}</dl>'


def figure(drawn: Figure, words: str) -> str:
    """Where a figure is drawn; `words` say what is to be seen to those who cannot see it."""
    # No "<" may stand in it: it would end the element, whatever is quoted around it.
    described = json.dumps({"data": drawn.data, "layout": drawn.layout}, allow_nan=False)
    described = described.replace("<", "\\u003c")
    return (
        '<figure><div class="scroll" tabindex="0" role="region" aria-label="Figure">'
        f'<div class="plot" role="img" aria-label="{escape(words)}" '
        f'style="width:{drawn.width}px;height:{drawn.height}px"></div>'
        f'<script type="application/json">{described}</script></div></figure>\n'
    )


def more(number: int, most: int | None) -> str:
    """What is said where only the first `most` of so many are shown."""
    return "" if most is None or number <= most else f'<p class="note">and {number - most:,} more</p>'


def opening(name: str) -> str:
    """The page up to its body. It may load nothing and run nothing but what `closing` puts in."""
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in _scripts())
    policy = f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:"
    style = files("caloscope.outputs.data_page").joinpath("page.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{escape(name)}</title><style>{style}</style></head>\n<body>"
    )


def closing() -> str:
    """The end of the page: Plotly, and what draws the figures with it."""
    return "".join(f"<script>{script}</script>\n" for script in _scripts()) + "</body></html>\n"


def _number(column: Column) -> str:
    return ' class="number"' if column.numeric else ""


def _row(columns: Sequence[Column], row: Sequence[str]) -> str:
    cells = [cell if isinstance(cell, Markup) else escape(cell) for cell in row]
    first = f'<th scope="row">{cells[0]}</th>'
    return first + "".join(
        f"<td{_number(column)}>{cell}</td>" for column, cell in zip(columns[1:], cells[1:], strict=True)
    )


def _scripts() -> tuple[str, str]:
    """Plotly's own JavaScript as its package carries it, and ours."""
    spec = find_spec("plotly")
    place = Path(spec.origin).parent / "package_data" / "plotly.min.js" if spec and spec.origin else None
    if place is None or not place.is_file():
        raise CaloscopeError(
            "plotly/package_data/plotly.min.js: found no such file, expected plotly's script"
        )
    ours = files("caloscope.outputs.data_page").joinpath("page.js").read_text("utf-8")
    return place.read_text("utf-8"), ours


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode()
