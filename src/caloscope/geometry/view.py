"""What a view is: the cells of one piece of detector, where they are and what they share."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from caloscope.records import Cell, Mask


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a view.

    `name` is the coordinate (`ieta`, `iphi`, `ix`, `iy`), `title` its ROOT title, `low` and `high` the
    edges of the first and the last bin as DQM books them, `values` the coordinate in each bin (the middle
    or the first of the bin where a bin covers several), `circular` whether the last bin touches the first.
    """

    name: str
    title: str
    low: float
    high: float
    values: tuple[int, ...]
    circular: bool = False

    @property
    def bins(self) -> int:
        """Number of bins."""
        return len(self.values)


@dataclass(frozen=True, eq=False)
class Region:
    """Cells that share hardware; `kind` is `supermodule`, `quadrant`, `sector`, `rbx`, `wedge`, `half`, ...

    `members` has the view's shape and is true only where a cell exists.
    """

    name: str
    kind: str
    members: Mask


@dataclass(frozen=True, eq=False)
class View:
    """The cells of one piece of detector with their geometry.

    `shape` is `(y, x)`, or `(depth, y, x)` when `depths` lists physical depths. `exists` has that shape.
    `regions` go from small to large. `describe` gives the name of the cell at an index, the one that an
    expert would use; `locate` its physical coordinates by name.
    """

    name: str
    era: str
    y: Axis
    x: Axis
    depths: tuple[int, ...]
    exists: Mask
    regions: tuple[Region, ...]
    describe: Callable[[Cell], str]
    locate: Callable[[Cell], dict[str, int | str]]
    notes: str = field(default="")

    def __repr__(self) -> str:
        """One line: masks of regions fill pages."""
        return f"<View {self.name} ({self.era}): {int(self.exists.sum())} cells, {len(self.regions)} regions>"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every array on this view."""
        plane = (self.y.bins, self.x.bins)
        return (len(self.depths), *plane) if self.depths else plane

    @property
    def circular(self) -> tuple[bool, ...]:
        """Which axis of an array on this view is circular, in the array's order."""
        plane = (self.y.circular, self.x.circular)
        return (False, *plane) if self.depths else plane

    def depth_of(self, cell: Cell) -> int | None:
        """Physical depth of a cell, None on a view without depths."""
        return self.depths[cell[0]] if self.depths else None

    def regions_of(self, cell: Cell) -> tuple[Region, ...]:
        """The regions that hold a cell, small to large."""
        return tuple(region for region in self.regions if region.members[cell])

    @cached_property
    def version(self) -> str:
        """Digest of all that decides where counts belong; equal on every machine."""
        digest = hashlib.sha256()
        for axis in (self.y, self.x):
            digest.update(repr((axis.name, axis.low, axis.high, axis.values, axis.circular)).encode())
        digest.update(repr((self.name, self.depths, self.shape)).encode())
        digest.update(np.packbits(self.exists).tobytes())
        for region in self.regions:
            digest.update(f"{region.kind}:{region.name}".encode())
            digest.update(np.packbits(region.members).tobytes())
        return digest.hexdigest()[:16]
