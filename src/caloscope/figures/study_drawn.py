"""What the figures of a study are told: charts and heat maps in the words of whoever describes them.

A number with its interval is `(value, low, high)`, NaN where it is not known.
"""

# ruff: noqa: D102 (what properties are stands in the docstring of their class)

import io
from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias

from matplotlib.figure import Figure

from caloscope.figures import style

Number: TypeAlias = tuple[float, float, float]


class Printed(NamedTuple):
    """A figure as the bytes of a PNG and of a PDF file; always the same bytes."""

    png: bytes
    pdf: bytes


def printed(figure: Figure) -> Printed:
    """Both files of a figure."""
    pdf = io.BytesIO()
    figure.savefig(pdf, format="pdf", metadata={"CreationDate": None})
    # All is in its place now, and finding it takes the longest.
    figure.set_layout_engine("none")
    return Printed(style.png(figure), pdf.getvalue())


class Look(Protocol):
    """Colour, kind of line (`solid`, `dash`, `longdash`, `dot`), mark (Plotly's name) and width."""

    @property
    def colour(self) -> str: ...
    @property
    def dash(self) -> str: ...
    @property
    def mark(self) -> str: ...
    @property
    def width(self) -> float: ...


class Line(Protocol):
    """Points with their intervals."""

    @property
    def name(self) -> str: ...
    @property
    def look(self) -> Look: ...
    @property
    def x(self) -> Sequence[Number]: ...
    @property
    def y(self) -> Sequence[Number]: ...
    @property
    def joined(self) -> bool: ...
    @property
    def hollow(self) -> bool: ...


class Axis(Protocol):
    """Title, whether it is logarithmic, ends, and ticks with names (none: as usual)."""

    @property
    def title(self) -> str: ...
    @property
    def log(self) -> bool: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def ticks(self) -> Sequence[tuple[float, str]]: ...


class Panel(Protocol):
    """One pair of axes and what is drawn on them."""

    @property
    def title(self) -> str: ...
    @property
    def x(self) -> Axis: ...
    @property
    def y(self) -> Axis: ...
    @property
    def lines(self) -> Sequence[Line]: ...


class Tile(Protocol):
    """Place on the scale of colours, number, interval."""

    @property
    def value(self) -> float: ...
    @property
    def text(self) -> str: ...
    @property
    def interval(self) -> str: ...


class Grid(Protocol):
    """Tiles by rows and columns, None where there is none."""

    @property
    def title(self) -> str: ...
    @property
    def rows(self) -> Sequence[str]: ...
    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def tiles(self) -> Sequence[Sequence[Tile | None]]: ...


class Heat(Protocol):
    """Grids on one scale from `low` to `high`."""

    @property
    def title(self) -> str: ...
    @property
    def grids(self) -> Sequence[Grid]: ...
    @property
    def x_title(self) -> str: ...
    @property
    def y_title(self) -> str: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def scale(self) -> str: ...
    @property
    def ticks(self) -> Sequence[tuple[float, str]]: ...
    @property
    def two_sided(self) -> bool: ...
