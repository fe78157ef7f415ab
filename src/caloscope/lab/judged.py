"""Answers held against the truth: how soon faults are found, and how often there is a false incident."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from caloscope.bundle import Bundle
from caloscope.decide import LUMIS_PER_DAY
from caloscope.errors import UsageError
from caloscope.faults import TrueFault
from caloscope.lab.answers import Scores
from caloscope.lab.held import Data, is_at_work
from caloscope.lab.scored import score
from caloscope.lab.tables import Table, Value
from caloscope.records import Cell, Incident, LumiId

COVERED = 0.5
"""Share of the cells of a fault that must be flagged for it to be found."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What came of one fault; `delay` is 1 where it was found in its first lumisection, None where never."""

    fault: TrueFault
    cells: int
    onset: LumiId
    first: LumiId | None
    delay: int | None

    def line(self) -> dict[str, Value]:
        return {
            "number": self.fault.number,
            "fault": self.fault.name or self.fault.kind,
            "amount": self.fault.amount,
            "hardware": self.fault.hardware,
            "cells": self.cells,
            "onset": self.onset,
            "first flagged": self.first,
            "delay": self.delay,
            "found": self.delay is not None,
        }


def delays(scores: Scores, data: Data | None = None, *, covered: float = COVERED) -> Table:
    """When each fault was found: a line for each that is at work in these lumisections.

    A fault is found in the first lumisection, while it is at work, in which the share `covered` of its cells
    is flagged; of its cells only those count that the detector has seen alive (`cells`, a fault of none is
    not listed). `delay` counts the lumisections that were there from the onset to that one, 1 for the onset
    itself. Raises `UsageError` where no faults are known.
    """
    held = scores.data if data is None else data
    _require_same(scores, held)
    if not held.truth:
        raise UsageError(f"{held.paths[0]}: no faults of {held.map} are known, expected simulated or put in")
    lines = [each.line() for each in _found(scores, held, covered)]
    return Table(lines, f"{scores.bundle.card.name} on {held.map}: delays in lumisections")


def compare(detectors: Mapping[str, Bundle | Scores], data: Data, *, covered: float = COVERED) -> Table:
    """Detectors on the same lumisections, a line for each; `detectors` holds bundles, or scores, by name.

    `found` is out of the faults that can be found, as in `delays`; the title says how many more are known,
    and why they do not count. `median delay` is over all faults, those that were not found counted as never.
    An incident is false where no fault at work touches any of its cells from its estimated onset to its last
    flag; in data of which nothing is known `incidents` are all. `a day` is their number in 3,700
    lumisections.
    """
    scored = {name: _scored(each, data) for name, each in detectors.items()}
    lines = [_line(name, each, data, covered) for name, each in scored.items()]
    return Table(lines, ": ".join((data.map, *_not_counted(scored, data))))


def _scored(given: Bundle | Scores, data: Data) -> Scores:
    scores = given if isinstance(given, Scores) else score(given, data)
    _require_same(scores, data)
    return scores


def _line(name: str, scores: Scores, data: Data, covered: float) -> dict[str, Value]:
    told: dict[str, Value] = {"detector": name}
    if data.truth:
        found = [each.delay for each in _found(scores, data, covered)]
        told["found"] = f"{sum(each is not None for each in found)} of {len(found)}"
        told["median delay"] = _median(found)
    known = data.truth or data.simulated
    wrong = raised(scores)
    number = len(wrong) - sum(is_true(each, data) for each in wrong)
    told["false incidents" if known else "incidents"] = number
    told["a day"] = number * LUMIS_PER_DAY / scores.judged if scores.judged else None
    told["unknown"] = len(scores) - scores.judged
    told["ms per lumisection"] = 1e3 * float(np.median(scores.seconds))
    return told


def _not_counted(scored: Mapping[str, Scores], data: Data) -> list[str]:
    """Why fewer faults can be found than are known, in one text; nothing where it is not so."""
    at_work = data.faults_at_work
    idle = len(data.faults) - len(at_work)
    why = [f"{idle} not at work in these lumisections"] if idle else []
    for name, scores in scored.items():
        if dead := sum(not _alive(each, scores) for each in at_work):
            why.append(f"{dead} only in cells that {name} never saw alive")
    known = "1 fault" if len(data.faults) == 1 else f"{len(data.faults)} faults"
    return [f"{known} known, of which {', '.join(why)}"] if why else []


def _alive(fault: TrueFault, scores: Scores) -> list[Cell]:
    """The cells of a fault that a detector has seen alive."""
    return [cell for cell in fault.cells if scores.alive[cell]]


def _found(scores: Scores, data: Data, covered: float) -> Iterator[_Found]:
    for fault in data.faults_at_work:
        at_work = [place for place, each in enumerate(data.ids) if is_at_work(fault, each)]
        alive = _alive(fault, scores)
        if not alive:
            continue
        where = tuple(np.array(alive).T)
        flagged = scores.flagged[(slice(at_work[0], at_work[-1] + 1), *where)].mean(1) >= covered
        first = int(flagged.argmax()) if flagged.any() else None
        yield _Found(
            fault,
            len(alive),
            data.ids[at_work[0]],
            None if first is None else data.ids[at_work[0] + first],
            None if first is None else first + 1,
        )


def raised(scores: Scores) -> list[Incident]:
    """The incidents that somebody is called for: those that are neither masked nor standing."""
    return [each for each in scores.incidents if not (each.masked or each.standing)]


def is_true(incident: Incident, data: Data) -> bool:
    """Whether a fault is behind an incident."""
    cells = set(incident.cells)
    return any(_touches(fault, cells) and _meet(fault, incident) for fault in data.faults)


def _touches(fault: TrueFault, cells: set[Cell]) -> bool:
    return not cells.isdisjoint(fault.cells) or not cells.isdisjoint(fault.halo)


def _meet(fault: TrueFault, incident: Incident) -> bool:
    """Whether the fault is at work in a lumisection between an incident's onset and its last flag."""
    pieces = ((LumiId(run, first), LumiId(run, last)) for run, first, last, _ in fault.strengths)
    return any(first <= incident.last and incident.onset <= last for first, last in pieces)


def _median(found: list[int | None]) -> float | None:
    """The median with what was never found as infinite; None where that is the median."""
    if not found:
        return None
    middle = float(np.quantile([np.inf if each is None else each for each in found], 0.5, method="higher"))
    return middle if np.isfinite(middle) else None


def _require_same(scores: Scores, data: Data) -> None:
    if scores.ids != data.ids or scores.data.map != data.map:
        found = f"{len(scores)} lumisections of {scores.data.map}"
        raise UsageError(f"found scores of {found}, expected the {len(data)} of {data.map} in the data")
