"""Names and coordinates of the cells of a calorimeter that a text describes.

The form of a name may hold `{view}`, `{region}` (the smallest that holds the cell, empty if none), the
names of both axes, `{depth}`, `{row}` and `{column}` (zero-based), each optionally with a width such as
`{iphi:02d}`. Nothing else is looked up, so a text cannot reach into the program.
"""

import re
from dataclasses import dataclass
from string import Formatter

import numpy as np
from numpy.typing import NDArray

from caloscope.errors import UsageError
from caloscope.geometry.building import inside
from caloscope.geometry.custom_text import ViewText
from caloscope.geometry.view import Region
from caloscope.records import Cell

_WIDTH = re.compile(r"^(0?[1-9]?d)?$")


def checked_form(view: ViewText, where: str) -> str:
    """The form of cell names of a view, its own or the default; raises UsageError for one that will not do.

    A form must tell any two cells apart, so it holds both axes (or row and column) and, where there are
    several, the depth, and no two numbers run into each other.
    """
    coordinates = [view.y.name, view.x.name, *(["depth"] if view.depths else [])]
    form = view.cell_name or f"{{view}} ({', '.join(f'{name} {{{name}}}' for name in coordinates)})"
    numbers = {*coordinates, "row", "column"}
    used = _fields(form, numbers, where)
    wanted = [{view.y.name, "row"}, {view.x.name, "column"}, *([{"depth"}] if len(view.depths) > 1 else [])]
    for any_of in wanted:
        if not used & any_of:
            either = " or ".join(f"{{{name}}}" for name in sorted(any_of))
            raise UsageError(f"{where} is {form!r}: expected it to hold {either}, to tell cells apart")
    return form


def _fields(form: str, numbers: set[str], where: str) -> set[str]:
    """Names that a form uses, all of them known."""
    allowed = {"view", "region"} | numbers
    used: set[str] = set()
    try:
        parts = list(Formatter().parse(form))
    except ValueError as error:
        raise UsageError(f"{where} is {form!r}: expected pairs of braces ({error})") from error
    for before, name, width, conversion in parts:
        if name is None:
            continue
        if used and not before.strip("0123456789"):
            raise UsageError(
                f"{where} is {form!r}: expected something between {{{name}}} and what is before it"
            )
        if name not in allowed:
            known = ", ".join(sorted(allowed))
            raise UsageError(f"{where} holds {{{name}}}: expected only names among {known}")
        if conversion or not _WIDTH.match(width or "") or (width and name not in numbers):
            raise UsageError(f"{where} is {form!r}: expected a width like :02d after a number, or nothing")
        used.add(name)
    return used


def smallest(regions: tuple[Region, ...], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Index of the smallest region that holds each cell, -1 where none does."""
    index = np.full(shape, -1, dtype=np.int32)
    by_size = sorted(range(len(regions)), key=lambda i: int(regions[i].members.sum()), reverse=True)
    for i in by_size:
        index[regions[i].members] = i
    return index


@dataclass(frozen=True, eq=False)
class CellNames:
    """All that is needed to name a cell and to say where it is; `owner` is as `smallest` gives it."""

    view: str
    form: str
    y: tuple[str, tuple[int, ...]]
    x: tuple[str, tuple[int, ...]]
    depths: tuple[int, ...]
    exists: NDArray[np.bool_]
    owner: NDArray[np.int32]
    regions: tuple[str, ...]

    def locate(self, cell: Cell) -> dict[str, int | str]:
        """Coordinates of a cell by the names of the axes, and `depth`, `region` where it has them."""
        cell = inside(cell, self.exists.shape, self.view)
        row, column = cell[-2:]
        place: dict[str, int | str] = {self.y[0]: self.y[1][row], self.x[0]: self.x[1][column]}
        if self.depths:
            place["depth"] = self.depths[cell[0]]
        if self.owner[cell] >= 0:
            place["region"] = self.regions[self.owner[cell]]
        return place

    def describe(self, cell: Cell) -> str:
        """Name of a cell; one that does not exist says so."""
        place = self.locate(cell)
        row, column = cell[-2:]
        words = {"view": self.view, "region": "", "row": int(row), "column": int(column), **place}
        name = self.form.format_map(words)
        return name if self.exists[cell] else f"no cell: {name}"
