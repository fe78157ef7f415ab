"""Faults from a TOML text: copies made, random choices made, everything checked.

`docs/fault-catalogue.md` explains the text to the people who write one.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

import numpy as np

from caloscope.config import catalogue
from caloscope.errors import UsageError
from caloscope.faults.check import check
from caloscope.faults.choice import chosen, inside, listed, named
from caloscope.faults.described import FaultText, parse
from caloscope.faults.fault import Fault, Where, region_cells
from caloscope.faults.slips import title
from caloscope.geometry import View
from caloscope.records import Mask

MAX_CELLS: Final = 2_000_000
"""Cells of all faults together, those of whole regions not counted."""

DUTY: Final = 0.5
"""Share of the lumisections in which a flickering fault is there, if nothing else is said."""


def load_faults(text: str, label: str, maps: Mapping[str, View], *, seed: int | None = None) -> list[Fault]:
    """The faults that a TOML text describes, for these maps by name; `label` is what messages call the text.

    What is random depends on the text's seed, or the one given, and on the place in the text alone. So a
    fault of a map that is not among `maps` stays in the list, where it does nothing, and the numbers of the
    others stay too. Raises `UsageError` for a text that will not do, for a map that nobody knows, for
    cells, kinds and mechanisms that a view has not, and if no fault fits any of the maps.
    """
    described = parse(text, label)
    faults: list[Fault] = []
    cells, fits = 0, False
    for number, one in enumerate(described.fault, start=1):
        views = {name: maps[name] for name in sorted(maps) if fnmatchcase(name, one.map)}
        fits = fits or bool(views)
        try:
            _known(one.map, maps)
            _placed(one, views, maps)
            for fault in _copies(one, views, (described.seed if seed is None else seed, number)):
                cells += 0 if isinstance(fault.where, str) else len(fault.where)
                if cells > MAX_CELLS:
                    raise UsageError(f"found more than {MAX_CELLS:,} cells in all: expected fewer or smaller")
                faults.append(fault)
        except UsageError as error:
            raise UsageError(f"{label}: {title(number, one.name)}: {error}") from error
    if not fits:
        raise UsageError(f"{label}: found no fault of {', '.join(maps) or 'any map'}: expected one at least")
    return faults


def _known(pattern: str, maps: Mapping[str, View]) -> None:
    """Refuses what is no map at all, a slip of the pen."""
    names = [*maps, *(name for name in catalogue.load() if name not in maps)]
    if not any(fnmatchcase(name, pattern) for name in names):
        raise UsageError(f"map is {pattern!r}: expected a map or a pattern for some of {', '.join(names)}")


def _placed(one: FaultText, views: Mapping[str, View], maps: Mapping[str, View]) -> None:
    """Refuses a region that a view has not, telling which of the other maps' views has it."""
    whole = _is_whole(one)
    for number, view in enumerate(views.values()):
        if one.region is not None and (whole or number == 0):
            region_cells(one.region, view, maps.values())
        if one.random is not None and number == 0:
            inside(one.random.within, view, maps.values())


def _is_whole(one: FaultText) -> bool:
    """Whether this is all of a region, which keeps its name."""
    return one.region is not None and one.rows is None and one.columns is None and one.depth is None


def _copies(one: FaultText, views: Mapping[str, View], stream: tuple[int, int]) -> Iterator[Fault]:
    """The faults of one table."""
    different = {view.name: view for view in views.values()}
    where: Where | None = None
    for copy in range(one.copies):
        rng = np.random.default_rng([*stream, copy])
        if where is None or one.random is not None:
            where = _where(one, views, rng)
        fault = _fault(one, copy, where, rng)
        check(fault)
        # What holds for one copy on a view holds for all, but for cells that were chosen on another view.
        for view in different.values() if copy == 0 or len(different) > 1 else ():
            check(fault, view)
        yield fault


def _fault(one: FaultText, copy: int, where: Where, rng: np.random.Generator) -> Fault:
    onset = one.onset + copy * one.every
    later = int(rng.integers(0, one.jitter, endpoint=True))
    duty = DUTY if one.kind == "flickering" else 1.0
    return Fault(
        map=one.map,
        where=where,
        kind="dead" if one.kind == "flickering" else one.kind,
        amount=one.amount[copy % len(one.amount)] if one.amount else None,
        onset=onset + later,
        end=onset + one.lasts if one.lasts is not None else one.end,
        within=one.within_lumisection,
        ramp=one.ramp,
        duty=duty if one.duty is None else one.duty,
        period=one.period,
        mechanism=one.mechanism,
        seed=int(rng.integers(2**32)),
        name=f"{one.name} {copy + 1}" if one.name and one.copies > 1 else one.name,
    )


def _where(one: FaultText, views: Mapping[str, View], rng: np.random.Generator) -> Where:
    """The cells as a fault names them; none where there is no view to choose on."""
    if one.cells is not None:
        cells = tuple(tuple(cell) for cell in one.cells)
        return cells[0] if len(cells) == 1 else cells
    if one.region is not None and _is_whole(one):
        return one.region
    if not views:
        return ()
    view = next(iter(views.values()))
    mask = _part(one, view) if one.random is None else chosen(one.random.choice, view, rng)
    several = len({view.name for view in views.values()}) > 1
    return listed(mask) if several else named(mask, view)


def _part(one: FaultText, view: View) -> Mask:
    """The cells of a region in some rows, in some columns, at a depth."""
    whole = Fault(one.map, one.region or "all", "dead").cells(view)
    mask = np.zeros(view.shape, np.bool_)
    if one.depth is not None and one.depth not in view.depths:
        depths = ", ".join(map(str, view.depths)) or "none"
        raise UsageError(f"depth is {one.depth}: expected one of {view.name}'s ({depths})")
    levels = range(len(view.depths)) if one.depth is None else [view.depths.index(one.depth)]
    for key, found, bins in (("rows", one.rows, view.y.bins), ("columns", one.columns, view.x.bins)):
        if found is not None and max(found) >= bins:
            raise UsageError(f"{key} is {found}: expected indices from 0 to {bins - 1}")
    rows = range(view.y.bins) if one.rows is None else one.rows
    columns = range(view.x.bins) if one.columns is None else one.columns
    inside = np.ix_(levels, rows, columns) if view.depths else np.ix_(rows, columns)
    mask[inside] = whole[inside]
    if not mask.any():
        raise UsageError(f"region is {one.region!r}: expected cells of it in these rows, columns and depth")
    return mask
