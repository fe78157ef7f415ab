"""Boxes of cells as a calorimeter text writes them, turned into masks.

A box says for some axes which coordinates it covers (a number, a list, or a range `"5..9"`, both ends
included); along the axes that it does not name it covers everything. Ranges run along the axis, and wrap
around where the axis is circular: `"71..2"`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from caloscope.errors import UsageError
from caloscope.geometry.custom_text import Box, ViewText
from caloscope.records import Mask

_RANGE = re.compile(r"^\s*(-?\d{1,9})\s*\.\.\s*(-?\d{1,9})\s*$")


@dataclass(frozen=True)
class Line:
    """An axis of the array: the coordinate at each index, and whether ranges may wrap."""

    coordinates: tuple[int, ...]
    circular: bool = False

    def index(self, coordinate: int, where: str) -> int:
        """Index of a coordinate; raises UsageError that names the axis' ends."""
        if coordinate not in self.coordinates:
            ends = f"{self.coordinates[0]} to {self.coordinates[-1]}"
            raise UsageError(f"{where} is {coordinate}: expected a coordinate of the axis ({ends})")
        return self.coordinates.index(coordinate)

    def between(self, text: str, where: str) -> list[int]:
        """Indices of a range `"5..9"`."""
        match = _RANGE.match(text)
        if match is None:
            raise UsageError(f'{where} is {text[:40]!r}: expected a number or a range like "5..9"')
        first, last = (self.index(int(end), where) for end in match.groups())
        if first <= last:
            return list(range(first, last + 1))
        if not self.circular:
            raise UsageError(f"{where} is {text!r}: expected a range along the axis, which is not circular")
        return [*range(first, len(self.coordinates)), *range(last + 1)]


def lines(view: ViewText) -> dict[str, Line]:
    """Axes of the array by name, in the array's order."""
    depth = {"depth": Line(tuple(view.depths))} if view.depths else {}
    plane = {axis.name: Line(axis.coordinates, axis.circular) for axis in (view.y, view.x)}
    return depth | plane


def _selected(line: Line, wanted: int | str | Sequence[int | str] | None, where: str) -> Mask:
    """Which indices along one axis a box covers: all, if it says nothing of that axis."""
    chosen = np.full(len(line.coordinates), wanted is None)
    if wanted is None:
        return chosen
    for item in [wanted] if isinstance(wanted, int | str) else wanted:
        chosen[line.between(item, where) if isinstance(item, str) else line.index(item, where)] = True
    return chosen


def union(boxes: Sequence[Box], axes: Mapping[str, Line], where: str) -> Mask:
    """Cells in any of the boxes, in the shape of the axes; raises UsageError naming the key that is wrong."""
    shape = tuple(len(line.coordinates) for line in axes.values())
    covered = np.zeros(shape, dtype=np.bool_)
    for number, box in enumerate(boxes):
        unknown = [key for key in box if key not in axes]
        if unknown or not box:
            found = f"names {unknown[0]!r}" if unknown else "is empty"
            raise UsageError(f"{where}.{number} {found}: expected some of {', '.join(axes)}")
        along = [_selected(line, box.get(name), f"{where}.{number}.{name}") for name, line in axes.items()]
        covered[np.ix_(*along)] = True
    return covered
