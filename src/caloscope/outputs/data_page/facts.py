"""What a data set holds, in numbers: its runs and gaps, its maps, where it comes from, what was left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from caloscope.dataset import DataSet, MapInfo
from caloscope.outputs.data_page.truth import TruthFacts, truth_facts

MAX_TEXT = 300
"""Longest text of a data set that is repeated; what it says of itself need not be true, nor short."""

MAX_LISTED = 1000

Numbers: TypeAlias = NDArray[np.generic]


class Range(NamedTuple):
    """Known values of a quantity: how many, the least, the median, the greatest and the sum."""

    known: int
    low: float
    middle: float
    high: float
    total: float


class RunFacts(NamedTuple):
    """The lumisections of a run: first, last, how many rows, and stretches between that no row covers."""

    run: int
    first: int
    last: int
    number: int
    gaps: tuple[tuple[int, int], ...]

    @property
    def missing(self) -> int:
        """Number of lumisections in the gaps."""
        return sum(last - first + 1 for first, last in self.gaps)


class Left(NamedTuple):
    """How often a map (`*`: all of a lumisection) was left out for one reason, and in which runs."""

    map: str
    why: str
    times: int
    runs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MapFacts:
    """One map: in how many rows it is, its events and pileup where known, how many rows have each span."""

    info: MapInfo
    present: int
    events: Range | None
    pileup: Range | None
    spans: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the tables about a data set say; `began` and `ended` in seconds since 1970, None unknown.

    `truth` is what is known to be wrong with the maps, None where nothing is.
    """

    label: str
    era: str
    lumis: int
    runs: tuple[RunFacts, ...]
    began: float | None
    ended: float | None
    maps: tuple[MapFacts, ...]
    left_out: tuple[Left, ...]
    sources: int
    unreadable: tuple[str, ...]
    assumptions: tuple[str, ...]
    version: str
    command: str
    simulated: bool = False
    truth: TruthFacts | None = None


def facts(data: DataSet) -> Facts:
    """Everything but the counts; raises `SourceError` where the data set is damaged."""
    provenance = data.provenance
    began = np.asarray(data.began_at, np.float64)
    known = began[np.isfinite(began)]
    sources = _tables(provenance.get("sources"))
    bad = [text(note.get("detail") or note["fault"]) for note in sources if note.get("fault")]
    return Facts(
        label=text(data.label),
        era=text(data.era),
        lumis=len(data.runs),
        runs=runs_of(data),
        began=float(known.min()) if known.size else None,
        ended=float(known.max()) if known.size else None,
        maps=tuple(_map_facts(data, info) for info in data.maps.values()),
        left_out=_left_out(provenance),
        sources=len(sources),
        unreadable=tuple(bad[:MAX_LISTED]),
        assumptions=tuple(text(one) for one in _listed(provenance.get("assumptions"))[:MAX_LISTED]),
        version=text(provenance.get("version", "")),
        command=text(provenance.get("command", "")),
        simulated=data.simulated,
        truth=truth_facts(data),
    )


def widest(data: DataSet) -> NDArray[np.int64]:
    """For each row the largest span of its maps, at least 1: the lumisections that it covers."""
    spans = np.ones(len(data.runs), np.int64)
    for name in data.maps:
        there = data.present(name)
        spans[there] = np.maximum(spans[there], data.spans(name)[there].astype(np.int64))
    return spans


def runs_of(data: DataSet) -> tuple[RunFacts, ...]:
    """The runs of a data set, ascending, with their gaps."""
    runs, lumis, spans = np.asarray(data.runs), np.asarray(data.lumis), widest(data)
    starts = np.flatnonzero(np.r_[True, runs[1:] != runs[:-1]]) if len(runs) else np.zeros(0, np.int64)
    ends = np.r_[starts[1:], len(runs)].astype(np.int64)
    found = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        last = lumis[start:end]
        first = np.maximum(last - spans[start:end] + 1, 1)
        found.append(
            RunFacts(int(runs[start]), int(first.min()), int(last[-1]), end - start, _gaps(first, last))
        )
    return tuple(found)


def range_of(values: Numbers) -> Range | None:
    """The range of finite values, None where there is none."""
    numbers = np.asarray(values, np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return None
    low, middle, high = (float(each) for each in np.percentile(numbers, (0, 50, 100)))
    return Range(int(numbers.size), low, middle, high, float(numbers.sum()))


def text(value: object) -> str:
    """One line of what a data set says, without characters that are no characters, and not too long."""
    line = "".join(c if c.isprintable() else " " for c in str(value)[: MAX_TEXT + 1])
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 1]}…"


def _gaps(first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    """Stretches between ascending stretches."""
    before, after = last[:-1] + 1, first[1:] - 1
    open_ = before <= after
    return tuple(zip(before[open_].tolist(), after[open_].tolist(), strict=True))


def _map_facts(data: DataSet, info: MapInfo) -> MapFacts:
    there = data.present(info.name)
    events = data.events(info.name)[there]
    spans, numbers = np.unique(data.spans(info.name)[there], return_counts=True)
    return MapFacts(
        info=info,
        present=int(np.count_nonzero(there)),
        events=range_of(events[events >= 0]),
        pileup=range_of(data.pileup(info.name)[there]),
        spans=dict(zip(spans.tolist(), numbers.tolist(), strict=True)),
    )


def _left_out(provenance: Mapping[str, Any]) -> tuple[Left, ...]:
    found = []
    for entry in _tables(provenance.get("dropped"))[:MAX_LISTED]:
        count = entry.get("count")
        where = entry.get("lumisections")
        numbers = (
            [int(run) for run in where if run.isdecimal() and len(run) < 12]
            if isinstance(where, dict)
            else []
        )
        if isinstance(count, int):
            found.append(
                Left(text(entry.get("map", "")), text(entry.get("why", "")), count, tuple(sorted(numbers)))
            )
    return tuple(found)


def _listed(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _tables(value: object) -> list[dict[str, Any]]:
    return [entry for entry in _listed(value) if isinstance(entry, dict)]
