"""From intervals of flags back to one row for each cell and lumisection."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, func, select

from caloscope import geometry
from caloscope.records import Code, Direction, Quality, Reason
from caloscope.store.arrays import unpack
from caloscope.store.columns import AnyRow
from caloscope.store.rows import FlagRow
from caloscope.store.schema import arrays, bundles, flags, results, series

Read: TypeAlias = Callable[[], AbstractContextManager[Connection]]
Evidence: TypeAlias = dict[int, NDArray[np.generic]]
"""Evidence of a map by the number of its result."""

AT_ONCE = 32
"""Lumisections whose arrays are held at one time."""

DIRECTIONS = {-1: str(Direction.LOW), 0: "", 1: str(Direction.HIGH)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are wanted: conditions on results and series, a test for lumisections, and of what kind.

    `masked` are the cells with code 3, `unknown` maps that are UNKNOWN.
    """

    chosen: tuple[ColumnElement[bool], ...]
    lumis: Callable[[int], bool]
    masked: bool = True
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One map in one run: its results by lumi, its intervals by their beginning, and its physical depths."""

    label: str
    run: int
    map: str
    scored: dict[int, AnyRow]
    intervals: Sequence[AnyRow]
    lumis: Iterable[int]
    depths: tuple[int, ...]


def expanded(read: Read, wanted: Wanted) -> Iterator[FlagRow]:
    """Flags of the wanted maps and runs, by label, run, map, lumi and cell.

    No transaction stays open while the caller looks at a row, so a slow caller holds up nobody.
    """
    columns = (series.c.label, results.c.run, series.c.map, series.c.bundle)
    query = select(*columns, series.c.id).join(results).where(*wanted.chosen).distinct().order_by(*columns)
    with read() as connection:
        found = connection.execute(query).all()
    for row in found:
        with read() as connection:
            part = _part(connection, row, wanted)
        yield from _rows(read, part, wanted)


def _part(connection: Connection, row: AnyRow, wanted: Wanted) -> Part:
    """All but the arrays of one map in one run."""
    columns = (results.c[name] for name in ("id", "lumi", "quality", "reason", "detail"))
    query = select(*columns).where(results.c.series == row.id, results.c.run == row.run)
    scored = {each.lumi: each for each in connection.execute(query.order_by(results.c.lumi))}
    own = select(flags).where(flags.c.series == row.id, flags.c.run == row.run)
    if not wanted.masked:
        own = own.where(flags.c.code != int(Code.MASKED_BAD))
    intervals = connection.execute(own.order_by(flags.c.first)).all()
    lumis = _all_lumis(connection, row) if wanted.unknown else scored
    deep = any(each.depth is not None for each in intervals)
    depths = _depths_of(connection, row.bundle) if deep else ()
    return Part(row.label, row.run, row.map, scored, intervals, lumis, depths)


def _all_lumis(connection: Connection, row: AnyRow) -> range:
    """From the first to the last lumisection of the run on any map; what a map lacks of them is UNKNOWN."""
    query = select(func.min(results.c.lumi), func.max(results.c.lumi)).join(series)
    edges = connection.execute(query.where(series.c.label == row.label, results.c.run == row.run)).one()
    return range(edges[0], edges[1] + 1)


def _depths_of(connection: Connection, bundle: str) -> tuple[int, ...]:
    row = connection.execute(select(bundles).where(bundles.c.hash == bundle)).one()
    return _depths(row.view, row.era, row.calorimeter)


@lru_cache(maxsize=32)
def _depths(view: str, era: str, calorimeter: str | None) -> tuple[int, ...]:
    """Physical depths of a view, in the order of its arrays."""
    return geometry.view(view, era, calorimeter).depths


def _rows(read: Read, part: Part, wanted: Wanted) -> Iterator[FlagRow]:
    """Rows of one map in one run, a few lumisections at a time."""
    steps = (step for step in _active(part) if wanted.lumis(step[0]))
    while batch := list(islice(steps, AT_ONCE)):
        needed = [part.scored[lumi].id for lumi, active in batch if active]
        evidence = _evidence(read, needed) if needed else {}
        for lumi, active in batch:
            result = part.scored.get(lumi)
            if result is not None and result.quality != Quality.UNKNOWN:
                yield from _flagged(part, result, active, evidence.get(result.id))
            elif wanted.unknown:
                yield _unknown(part, lumi, result)


def _active(part: Part) -> Iterator[tuple[int, list[AnyRow]]]:
    """Each lumisection with the intervals that cover it, in the order of their cells."""
    waiting, active = iter(part.intervals), list[AnyRow]()
    coming = next(waiting, None)
    for lumi in part.lumis:
        staying = [each for each in active if each.last >= lumi]
        grown = False
        while coming is not None and coming.first <= lumi:
            if coming.last >= lumi:
                staying.append(coming)
                grown = True
            coming = next(waiting, None)
        active = sorted(staying, key=_cell) if grown else staying
        yield lumi, active if lumi in part.scored else []


def _cell(row: AnyRow) -> tuple[int, ...]:
    return (-1 if row.depth is None else row.depth, row.y, row.x)


def _evidence(read: Read, numbers: list[int]) -> Evidence:
    """Evidence of some results, where it was kept."""
    query = select(arrays.c.result, arrays.c.blob).where(arrays.c.result.in_(numbers))
    with read() as connection:
        found = {row.result: unpack(row.blob, "evidence") for row in connection.execute(query)}
    return {number: given["evidence"] for number, given in found.items() if given}


def _flagged(
    part: Part, result: AnyRow, active: list[AnyRow], evidence: NDArray[np.generic] | None
) -> Iterator[FlagRow]:
    """Rows of the flagged cells of one lumisection."""
    for row in active:
        cell = (row.y, row.x) if row.depth is None else (row.depth, row.y, row.x)
        yield FlagRow(
            label=part.label,
            run=part.run,
            lumi=result.lumi,
            map=part.map,
            depth=None if row.depth is None else part.depths[row.depth],
            y=row.y,
            x=row.x,
            code=row.code,
            evidence=row.peak if evidence is None else float(evidence[cell]),
            direction=DIRECTIONS[row.direction],
            reason=Reason(row.reason),
            detail=result.detail if row.reason != Reason.NEVER_ALIVE else "",
        )


def _unknown(part: Part, lumi: int, result: "AnyRow | None") -> FlagRow:
    """The row of a map that is UNKNOWN in one lumisection."""
    return FlagRow(
        label=part.label,
        run=part.run,
        lumi=lumi,
        map=part.map,
        depth=None,
        y=None,
        x=None,
        code=int(Code.UNKNOWN),
        evidence=None,
        direction="",
        reason=Reason(result.reason) if result is not None and result.reason else Reason.NOT_SCORED,
        detail="" if result is None else result.detail,
    )
