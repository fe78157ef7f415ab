"""What a data set says is wrong with its maps, in words and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from caloscope.dataset import DataSet
from caloscope.errors import UsageError
from caloscope.faults.lines import TrueFault, read_truth

MOST_FAULTS = 1000
"""Faults that are listed; a data set may know of more."""


class FaultFacts(NamedTuple):
    """One fault on one map: where it is, how many cells it has, and in how many lumisections it was there."""

    number: int
    name: str
    what: str
    map: str
    where: str
    cells: int
    lumis: int
    first: str


@dataclass(frozen=True, slots=True)
class TruthFacts:
    """How many rows of each map have a fault, how many rows have one anywhere, and which faults there are.

    `number` counts the faults on all maps; `note` says what is wrong where they cannot be told.
    """

    rows: int
    by_map: dict[str, int]
    number: int
    faults: tuple[FaultFacts, ...]
    note: str = ""


def truth_facts(data: DataSet) -> TruthFacts | None:
    """What is known to be wrong, None where nothing is said; raises `SourceError` for damage."""
    lines = data.faults
    if not lines and not data.truth_maps:
        return None
    wrong = {name: data.faulty(name) for name in data.truth_maps}
    anywhere = np.zeros(len(data), np.bool_)
    for rows in wrong.values():
        anywhere |= rows
    found, note = _faults(lines)
    return TruthFacts(
        rows=int(np.count_nonzero(anywhere)),
        by_map={name: int(np.count_nonzero(rows)) for name, rows in wrong.items()},
        number=len(lines),
        faults=tuple(map(_facts, found)),
        note=note,
    )


def _faults(lines: Sequence[str]) -> tuple[list[TrueFault], str]:
    """The first faults; a data set of others may describe them in words of its own."""
    try:
        return read_truth("\n".join(lines[:MOST_FAULTS])), ""
    except UsageError as error:
        return [], f"the faults are described in words that are not known: {error}"


def _facts(fault: TrueFault) -> FaultFacts:
    how = "" if fault.mechanism == "channels" else f" ({fault.mechanism})"
    amount = "" if fault.amount is None or fault.kind == "dead" else f" {fault.amount:g}"
    run, lumi = fault.strengths[0][:2] if fault.strengths else (0, 0)
    return FaultFacts(
        number=fault.number,
        name=fault.name,
        what=f"{fault.kind}{amount}{how}",
        map=fault.map,
        where=fault.hardware,
        cells=len(fault.cells),
        lumis=sum(last - first + 1 for _, first, last, _ in fault.strengths),
        first=f"{run}:{lumi}" if fault.strengths else "",
    )


def truth_text(of: TruthFacts, rows: int) -> str:
    """`3 faults (map by map), 220 of 300 rows faulty`."""
    faults = f"{of.number:,} fault{'' if of.number == 1 else 's'} (map by map)"
    return f"{faults}, {of.rows:,} of {rows:,} rows faulty"
