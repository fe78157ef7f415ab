"""What was left out of a data set, and why."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from caloscope.config.ranges import Ranges

EVERY_MAP = "*"
"""Stands for the maps of a lumisection all together."""


class Why(StrEnum):
    """Why a map of a lumisection was left out."""

    NOT_ASKED = "NOT_ASKED"
    """outside the runs or lumisections asked for"""
    NOT_CERTIFIED = "NOT_CERTIFIED"
    """not in the golden JSON"""
    DETECTOR_OFF = "DETECTOR_OFF"
    """not in the DCS JSON"""
    FEW_EVENTS = "FEW_EVENTS"
    """fewer events than asked for"""
    EVENTS_UNKNOWN = "EVENTS_UNKNOWN"
    """a least number of events was asked for, and the source does not tell how many there were"""
    NO_BASELINE = "NO_BASELINE"
    """a histogram that grows, with nothing before it to subtract"""
    DUPLICATE = "DUPLICATE"
    """the same content again"""
    CONFLICT = "CONFLICT"
    """other content for what another source brought first"""
    OVERLAP = "OVERLAP"
    """several lumisections, of which another record covers some"""
    UNUSABLE = "UNUSABLE"
    """there, and with content that is no map's: the source is listed with the reason"""
    OTHER_BINNING = "OTHER_BINNING"
    """a plain histogram whose binning is not that of the lumisections before"""
    MAP_MISSING = "MAP_MISSING"
    """none of the maps asked for, though a folder of their producer is there"""


@dataclass(frozen=True, slots=True)
class Drop:
    """How much of a map was left out for one reason, and where."""

    map: str
    why: Why
    count: int
    lumis: Mapping[int, Ranges]


class Drops:
    """Collects what was left out, by map and reason; lumisections by run."""

    def __init__(self) -> None:
        self._lumis: dict[tuple[str, Why], dict[int, list[int]]] = {}

    def add(self, name: str, why: Why, run: int, lumi: int) -> None:
        """One map of one lumisection; the same again counts again."""
        self._lumis.setdefault((name, why), {}).setdefault(run, []).append(lumi)

    def where(self, why: Why) -> frozenset[tuple[str, int, int]]:
        """Map, run and lumisection of all that was left out for a reason so far."""
        found = [(name, runs) for (name, each), runs in self._lumis.items() if each is why]
        return frozenset(
            (name, run, lumi) for name, runs in found for run, lumis in runs.items() for lumi in lumis
        )

    def __iter__(self) -> Iterator[Drop]:
        for (name, why), runs in sorted(self._lumis.items()):
            where = {run: Ranges.of(lumis) for run, lumis in sorted(runs.items())}
            yield Drop(name, why, sum(map(len, runs.values())), where)

    def to_json(self) -> list[dict[str, Any]]:
        """As plain lists and tables; `again` has what was left out more than once, as often as it was."""
        return [
            {
                "map": drop.map,
                "why": str(drop.why),
                "count": drop.count,
                "lumisections": {str(run): [list(pair) for pair in r.pairs] for run, r in drop.lumis.items()},
            }
            | self._again(drop)
            for drop in self
        ]

    def _again(self, drop: Drop) -> dict[str, Any]:
        runs = self._lumis[drop.map, drop.why]
        extra = {run: Counter(lumis) - Counter(set(lumis)) for run, lumis in sorted(runs.items())}
        again = {str(run): sorted(lumis.elements()) for run, lumis in extra.items() if lumis}
        return {"again": again} if again else {}

    def merge(self, other: list[dict[str, Any]]) -> Self:
        """Adds what `to_json` of another wrote."""
        for entry in other:
            name, why = entry["map"], Why(entry["why"])
            for run, pairs in entry["lumisections"].items():
                for low, high in pairs:
                    for lumi in range(low, high + 1):
                        self.add(name, why, int(run), lumi)
            for run, lumis in entry.get("again", {}).items():
                for lumi in lumis:
                    self.add(name, why, int(run), lumi)
        return self
