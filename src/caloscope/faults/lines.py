"""The truth about faults as lines of JSON, one for each fault and map, and back."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from caloscope.errors import UsageError
from caloscope.faults.active import Active
from caloscope.faults.clock import Clock, strength
from caloscope.faults.effect import reach
from caloscope.faults.fault import Fault, Kind, Mechanism
from caloscope.geometry import View
from caloscope.records import LumiId, Mask

MAX_LINES: Final = 100_000
MAX_CHARACTERS: Final = 500_000_000

_Words: TypeAlias = Annotated[str, Field(max_length=1000)]
_Number: TypeAlias = Annotated[int, Field(ge=0, le=2**63 - 1)]
_Cells: TypeAlias = tuple[Annotated[tuple[_Number, ...], Field(min_length=2, max_length=3)], ...]
_Strength: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Strengths: TypeAlias = tuple[tuple[_Number, _Number, _Number, _Strength], ...]
"""Run, first and last lumisection, and how strong the fault is in them, 0 to 1."""


class TrueFault(BaseModel):
    """A fault on one map, as the truth beside simulated or changed data tells it.

    `number` is the one that maps of truth carry. `hardware` says in words where it is, `cells` are the
    indices of its cells, `halo` of those that feel it though they are sound. `onset` and `end` count
    lumisections through all runs; `strengths` says in which of them it was there. `amount` is None where
    the kind has none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[int, Field(ge=1, le=32_767)]
    name: _Words
    kind: Kind
    amount: FiniteFloat | None
    mechanism: Mechanism
    map: _Words
    hardware: _Words
    onset: _Number
    end: _Number | None
    cells: _Cells
    halo: _Cells
    strengths: Strengths


def truth_lines(
    faults: Sequence[Fault], maps: Mapping[str, View], clock: Clock, lumis: Sequence[LumiId]
) -> list[str]:
    """One JSON object for each fault and map that it touches, in this order.

    `lumis` are the lumisections that there are: a fault is listed in those where it was at work, also if
    these are none. Raises `UsageError` for cells that a view has not.
    """
    ordered = sorted(set(lumis))
    lines = []
    for number, fault in enumerate(faults, start=1):
        touched = [(name, view) for name, view in maps.items() if fault.touches(name)]
        strengths = tuple(_strengths(fault, clock, ordered)) if touched else ()
        lines += [_line(number, fault, name, view, strengths).model_dump_json() for name, view in touched]
    return lines


def read_truth(text: str, label: str = "truth") -> list[TrueFault]:
    """The faults of such lines again; empty lines are passed over.

    Raises `UsageError` that names the line and what is wrong with it, and for a text that is far too long.
    """
    if len(text) > MAX_CHARACTERS or text.count("\n") > MAX_LINES:
        raise UsageError(
            f"{label}: found {len(text):,} characters, expected at most {MAX_LINES:,} short lines"
        )
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                found.append(TrueFault.model_validate_json(line))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                key = ".".join(str(part) for part in first["loc"]) or "all of it"
                message = first["msg"].removeprefix("Input should be ")
                raise UsageError(f"{label}: line {number}: {key}: expected {message}") from error
    return found


def _line(number: int, fault: Fault, name: str, view: View, strengths: Strengths) -> TrueFault:
    cells = fault.cells(view)
    halo = reach(Active(fault, number, cells, 1.0, fault.onset, 0.0), view) & ~cells
    return TrueFault(
        number=number,
        name=fault.name,
        kind=fault.kind,
        amount=fault.size if fault.has_amount else None,
        mechanism=fault.mechanism,
        map=name,
        hardware=hardware(cells, view),
        onset=fault.onset,
        end=fault.end,
        cells=_indices(cells),
        halo=_indices(halo),
        strengths=strengths,
    )


def hardware(cells: Mask, view: View) -> str:
    """Where cells are, in words: the region that they make up, the cell, or the smallest region around."""
    places = np.argwhere(cells)
    first, number = tuple(int(i) for i in places[0]), len(places)
    if number == 1:
        return view.describe(first)
    if (cells == view.exists).all():
        return view.name
    holding = [region for region in view.regions_of(first) if region.members[tuple(places.T)].all()]
    for region in holding:
        if int(region.members.sum()) == number:
            return region.name
    smallest = min(holding, key=lambda region: int(region.members.sum()), default=None)
    return f"{view.name if smallest is None else smallest.name}, {number} cells from {view.describe(first)}"


def _indices(cells: Mask) -> _Cells:
    return tuple(tuple(cell) for cell in np.argwhere(cells).tolist())


def _strengths(fault: Fault, clock: Clock, lumis: Sequence[LumiId]) -> Iterator[tuple[int, int, int, float]]:
    """Runs of lumisections that follow one another with the same strength."""
    run, first, last, now = 0, 0, 0, 0.0
    for each in lumis:
        there = strength(fault, clock.at(each))
        if each.run == run and each.lumi == last + 1 and there == now:
            last = each.lumi
            continue
        if now > 0.0:
            yield run, first, last, now
        run, first, last, now = each.run, each.lumi, each.lumi, there
    if now > 0.0:
        yield run, first, last, now
