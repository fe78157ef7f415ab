"""What is drawn, said once and drawn twice: on the page by Plotly, and on paper by matplotlib."""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from caloscope.study.report.looks import Look
from caloscope.study.results import Interval

NAN = float("nan")


class Axis(NamedTuple):
    """Title, whether it is logarithmic, its ends (NaN: as the points are), and ticks with names."""

    title: str
    log: bool = False
    low: float = NAN
    high: float = NAN
    ticks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """Points with their intervals, joined where `joined`, open where `hollow`; NaN interrupts the line."""

    name: str
    look: Look
    x: tuple[Interval, ...]
    y: tuple[Interval, ...]
    joined: bool = True
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes."""

    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Panels side by side, `columns` in a row, each `height` pixels high; `name` names its files.

    There is no `legend` where the axis names the lines.
    """

    name: str
    title: str
    caption: str
    panels: tuple[Panel, ...]
    columns: int = 2
    height: int = 330
    legend: bool = True


@dataclass(frozen=True, slots=True)
class Tile:
    """A cell of a heat map: its place on the scale of colours, its number and, below it, its interval."""

    value: float
    text: str
    interval: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Tiles by rows and columns, None where nothing was measured."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    tiles: tuple[tuple[Tile | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """Grids that share a scale from `low` to `high`: white is good, orange bad; if `two_sided`, blue better.

    `ticks` are places on the scale with their names.
    """

    name: str
    title: str
    caption: str
    grids: tuple[Grid, ...]
    x_title: str
    y_title: str
    low: float
    high: float
    scale: str
    ticks: tuple[tuple[float, str], ...]
    two_sided: bool = False


Drawing: TypeAlias = Chart | Heat


def exact(value: float) -> Interval:
    """A number that has no interval."""
    return Interval(value, NAN, NAN)
