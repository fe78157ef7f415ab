"""Faults that are in the lumisections already: which are found, and what is flagged beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from caloscope.bundle import Bundle
from caloscope.records import Incident, Mask
from caloscope.study.real.judging import Seen, judge
from caloscope.study.real.measured import Fault, Fold, Measured

HALF = 0.5
"""Share of the living cells of a fault that have to be flagged, and of an incident that must lie in one."""


@dataclass(frozen=True, slots=True)
class PresentLine:
    """One fault that is in a lumisection, as one detector saw it.

    `living` cells of it were alive in what was learned, `flagged` of them are flagged in the direction of the
    fault; `evidence` is the largest of its cells in `unit`, high = worse. `why` says why there was no
    verdict.
    """

    sample: str
    detector: str
    lumi: int
    fault: str
    direction: str
    living: int
    flagged: int
    evidence: float
    unit: str
    why: str

    @property
    def found(self) -> bool:
        """Whether half of the living cells are flagged."""
        return self.living > 0 and self.flagged >= HALF * self.living


@dataclass(frozen=True, slots=True)
class QuietLine:
    """Everything but the listed faults: how many `lumis` there were, and what was flagged that is sound.

    `judged` lumisections had a verdict; `cells` counts the sound living cells of these, lumisection by
    lumisection, `flags` those of them that are flagged. `incidents` are `(lumi, hardware, direction)`; `peak`
    is the largest evidence of a sound cell, over the threshold. `why` is what was said of one that was not
    judged.
    """

    sample: str
    detector: str
    lumis: int
    judged: int
    cells: int
    flags: int
    incidents: tuple[tuple[int, str, str], ...]
    peak: float
    why: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What one detector said of the lumisections of a sample that were held out together."""

    present: tuple[PresentLine, ...]
    quiet: QuietLine


def present(of: Measured, fold: Fold, made: Bundle) -> Judged:
    """The lumisections of a fold as they were measured."""
    seen = judge(made, [of.given(place, judged=True) for place in fold.judged])
    pairs = list(zip(fold.judged, seen, strict=True))
    lines = (_line(of, place, one, fault, made) for place, one in pairs for fault in of.faults[place])
    return Judged(tuple(lines), _quiet(of, pairs, made))


def merged(lines: Sequence[QuietLine]) -> QuietLine:
    """Folds of one sample and detector as one line."""
    first = lines[0]
    return QuietLine(
        first.sample,
        first.detector,
        lumis=sum(each.lumis for each in lines),
        judged=sum(each.judged for each in lines),
        cells=sum(each.cells for each in lines),
        flags=sum(each.flags for each in lines),
        incidents=tuple(one for each in lines for one in each.incidents),
        peak=max(each.peak for each in lines),
        why=next((each.why for each in lines if each.why), ""),
    )


def _line(of: Measured, place: int, seen: Seen, fault: Fault, made: Bundle) -> PresentLine:
    living = fault.cells & made.detector.alive
    right = seen.flagged & (seen.direction != -fault.sign)
    return PresentLine(
        of.title,
        made.detector.name,
        place + 1,
        fault.name,
        "low" if fault.sign < 0 else "high",
        int(living.sum()),
        int((living & right).sum()),
        float(seen.badness[living].max(initial=0.0)),
        "its own" if "threshold" in made.detector.settings() else "nats",
        seen.why,
    )


def _quiet(of: Measured, pairs: Sequence[tuple[int, Seen]], made: Bundle) -> QuietLine:
    judged = [(place, seen) for place, seen in pairs if not seen.why]
    sound = [made.detector.alive & of.on.exists & ~of.aside(place) for place, _ in judged]
    at = list(zip(judged, sound, strict=True))
    return QuietLine(
        of.title,
        made.detector.name,
        lumis=len(pairs),
        judged=len(judged),
        cells=sum(int(cells.sum()) for cells in sound),
        flags=sum(int((seen.flagged & cells).sum()) for (_, seen), cells in at),
        incidents=_false(of, judged),
        peak=max((float(seen.badness[cells].max(initial=0.0)) for (_, seen), cells in at), default=0.0)
        / made.card.threshold,
        why=next((seen.why for _, seen in pairs if seen.why), ""),
    )


def _false(of: Measured, judged: Sequence[tuple[int, Seen]]) -> tuple[tuple[int, str, str], ...]:
    """Incidents by the lumisection in which they opened, each once."""
    found: dict[str, tuple[int, str, str]] = {}
    for place, seen in judged:
        for one in seen.incidents:
            if not _inside(one, of.aside(place)):
                found.setdefault(one.id, (place + 1, one.hardware, str(one.direction)))
    return tuple(found.values())


def _inside(one: Incident, cells: Mask) -> bool:
    index = tuple(np.array(one.cells).T)
    return bool(np.mean(cells[index]) >= HALF)
