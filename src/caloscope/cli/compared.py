"""What `caloscope compare` tells: numbers of each bundle, delays side by side, and how far they agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from caloscope import lab
from caloscope.calibrate import garwood
from caloscope.decide import LUMIS_PER_DAY
from caloscope.lab.tables import Line, Value

FAULT: Final = ("number", "fault", "amount", "hardware", "onset")
"""What is the same of a fault whoever looks for it; numbers are of one file, and there may be several."""

Fault: TypeAlias = tuple[Value, ...]
"""The values of these columns."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One bundle, and what came of it.

    `line` is that of `lab.compare`. `incidents` are the false ones, or all where nothing is known of the
    data; `rate` is the 95 % interval of their number in 3,700 lumisections, None where none was judged.
    `delays` holds the lines of `lab.delays`.
    """

    name: str
    path: Path
    scores: lab.Scores
    line: Line
    incidents: int
    rate: tuple[float, float] | None
    delays: Mapping[Fault, Line]

    @property
    def found(self) -> int:
        """Number of faults that were found."""
        return sum(line["found"] is True for line in self.delays.values())


@dataclass(frozen=True, slots=True)
class Compared:
    """Several bundles on the same lumisections; `title` says which faults do not count, and why.

    `faults` are those that any of them can find. `agreements` are with the first bundle, in the order of the
    others. `masked` is a number of cells.
    """

    data: lab.Data
    title: str
    judged: tuple[Judged, ...]
    faults: tuple[Fault, ...]
    agreements: tuple[lab.Agreement, ...]
    masked: int

    @property
    def known(self) -> bool:
        """Whether it is known what is wrong in these lumisections, be it nothing."""
        return self.data.truth or self.data.simulated


def gather(
    data: lab.Data, scored: Mapping[str, lab.Scores], paths: Sequence[Path], *, masked: int = 0
) -> Compared:
    """All that is told of scores, by name; `paths` are those of their bundles."""
    table = lab.compare(scored, data)
    judged = tuple(
        _judged(name, path, scores, line)
        for (name, scores), path, line in zip(scored.items(), paths, table, strict=True)
    )
    faults = dict.fromkeys(fault for each in judged for fault in each.delays)
    first, *others = scored.values()
    return Compared(
        data,
        table.title,
        judged,
        tuple(sorted(faults, key=lambda fault: (fault[-1], fault[0]))),
        tuple(lab.agreement(first, other) for other in others),
        masked,
    )


def _judged(name: str, path: Path, scores: lab.Scores, line: Line) -> Judged:
    lines = lab.delays(scores) if scores.data.truth else ()
    delays = {tuple(each[column] for column in FAULT): each for each in lines}
    number = line["false incidents"] if "false incidents" in line else line["incidents"]
    assert isinstance(number, int)
    rate = garwood(number, scores.judged / LUMIS_PER_DAY) if scores.judged else None
    return Judged(name, path, scores, line, number, rate, delays)
