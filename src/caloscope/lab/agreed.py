"""How far two detectors agree on the same lumisections."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from caloscope.errors import UsageError
from caloscope.lab.answers import Scores
from caloscope.lab.judged import raised
from caloscope.records import Cell, Incident, Quality


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two detectors say in common, and what only one of them says.

    `both`, `only_first` and `only_second` are cells that are flagged, counted in every one of the `judged`
    lumisections that neither calls UNKNOWN. `verdicts` counts the lumisections, of all, whose quality
    differs, by (first, second). Of `incidents_first` the second detector has no part, and the other way
    round; the largest come first.
    """

    judged: int
    both: int
    only_first: int
    only_second: int
    verdicts: Mapping[tuple[Quality, Quality], int]
    incidents_first: tuple[Incident, ...]
    incidents_second: tuple[Incident, ...]

    @property
    def differ(self) -> int:
        """Number of lumisections whose quality differs."""
        return sum(self.verdicts.values())


def agreement(first: Scores, second: Scores) -> Agreement:
    """Hold the answers of two detectors against each other.

    Incidents that are masked, or of cells that were never alive in the reference, do not count. One is found
    by the other detector too where that has an incident with a cell in common, and the time from estimated
    onset to last flag as well. Raises `UsageError` for scores of other lumisections.
    """
    if first.ids != second.ids or first.data.map != second.data.map:
        found, expected = (f"{len(each)} lumisections of {each.data.map}" for each in (second, first))
        raise UsageError(f"found scores of {found}, expected of the same {expected}")
    pairs = list(zip(first.quality, second.quality, strict=True))
    judged = np.array([Quality.UNKNOWN not in pair for pair in pairs], np.bool_)
    mine, other = first.flagged[judged], second.flagged[judged]
    ours, theirs = raised(first), raised(second)
    return Agreement(
        judged=int(judged.sum()),
        both=int(np.count_nonzero(mine & other)),
        only_first=int(np.count_nonzero(mine & ~other)),
        only_second=int(np.count_nonzero(other & ~mine)),
        verdicts=dict(Counter(pair for pair in pairs if pair[0] is not pair[1]).most_common()),
        incidents_first=_alone(ours, theirs),
        incidents_second=_alone(theirs, ours),
    )


def _alone(mine: Iterable[Incident], others: Iterable[Incident]) -> tuple[Incident, ...]:
    """Those that have no counterpart among the others."""
    there = defaultdict[Cell, list[Incident]](list)
    for other in others:
        for cell in other.cells:
            there[cell].append(other)
    alone = [each for each in mine if not any(_meet(each, there.get(cell, ())) for cell in each.cells)]
    return tuple(sorted(alone, key=lambda each: (-each.severity, -len(each.cells), each.opened)))


def _meet(incident: Incident, others: Sequence[Incident]) -> bool:
    return any(incident.onset <= other.last and other.onset <= incident.last for other in others)
