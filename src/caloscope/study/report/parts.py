"""The parts of a study: what was learned and judged under the same conditions, and in which order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Final, NamedTuple

from caloscope.study.report.seeds import merged
from caloscope.study.results import CleanLine, CostLine, FaultLine, RankLine, Results, Setting

ORACLE: Final = "oracle"
_MAIN: Final = ("", "default", "main")


class Conditions(NamedTuple):
    """All of a setting but the detector and the seed."""

    matrix: str
    trained: str
    tested: str
    lumis: int
    faulty: float


class Fault(NamedTuple):
    """A kind of fault: its title, what it falls on, and what it does to counts."""

    title: str
    place: str
    factor: float


@dataclass(frozen=True)
class Parts:
    """Results with seeds put together, and the ways through them; `detectors` best first, without the oracle.

    `main` are the conditions that the figures of one sample show.
    """

    results: Results
    detectors: tuple[str, ...]
    main: Conditions

    @property
    def has_oracle(self) -> bool:
        """Whether delays are over the oracle's; of measured data there is none."""
        return any(each.setting.detector == ORACLE for each in self.results.faults)

    @property
    def slowness(self) -> str:
        """What an axis of `RankLine.slower` says."""
        return "times slower than the oracle" if self.has_oracle else "mean delay, lumisections"

    def delay(self, told: str) -> str:
        """A slowness in words, in its place in a sentence."""
        return f"{told} times the oracle's" if self.has_oracle else f"{told} lumisections"

    @property
    def matrices(self) -> tuple[str, ...]:
        """The names of the matrices, the main one first, the others as they come."""
        names = dict.fromkeys(each.matrix for each in _settings(self.results) if each.detector != ORACLE)
        return tuple(sorted(names, key=lambda name: name != self.main.matrix))

    def conditions(self, matrix: str) -> tuple[Conditions, ...]:
        """All conditions of a matrix as they come."""
        found = (conditions(each) for each in _settings(self.results) if each.detector != ORACLE)
        return tuple(dict.fromkeys(each for each in found if each.matrix == matrix))

    def lines(self, at: Conditions) -> dict[tuple[str, str], FaultLine]:
        """What was found under these conditions, by detector and title of the fault, the oracle included."""
        found = {
            (ORACLE, line.fault): line
            for line in sorted(self.results.faults, key=lambda line: line.setting.matrix == at.matrix)
            if line.setting.detector == ORACLE and line.setting.tested in (at.tested, "")
        }
        mine = (line for line in self.results.faults if conditions(line.setting) == at)
        return found | {(line.setting.detector, line.fault): line for line in mine}

    def faults(self, at: Conditions) -> tuple[Fault, ...]:
        """The faults under these conditions: by place as they come, then from dead to hot."""
        mine = (line for line in self.results.faults if conditions(line.setting) == at)
        found = dict.fromkeys(Fault(line.fault, line.place, line.factor) for line in mine)
        order = {place: number for number, place in enumerate(dict.fromkeys(each.place for each in found))}
        return tuple(sorted(found, key=lambda each: (order[each.place], "every" in each.title, each.factor)))

    def ranking(self, at: Conditions) -> dict[str, RankLine]:
        """The ranking under these conditions, best first, without the oracle."""
        mine = [each for each in self.results.ranking if conditions(each.setting) == at]
        ranked = sorted((each for each in mine if each.setting.detector != ORACLE), key=_slowness)
        return {each.setting.detector: each for each in ranked}

    def clean(self, at: Conditions) -> tuple[CleanLine, ...]:
        """Lumisections without faults under these conditions, in the order of the detectors."""
        return self._ordered(each for each in self.results.clean if conditions(each.setting) == at)

    def calibration(self, at: Conditions) -> tuple[CleanLine, ...]:
        """The same for several rates that were asked for, the lowest first."""
        return self._ordered(each for each in self.results.calibration if conditions(each.setting) == at)

    def costs(self, at: Conditions) -> dict[str, CostLine]:
        """What detectors cost that learned the same, wherever they were judged."""
        learned = (at.trained, at.lumis, at.faulty)
        mine = [
            each
            for each in self.results.costs
            if (each.setting.trained, each.setting.lumis, each.setting.faulty) == learned
        ]
        mine.sort(key=lambda each: each.setting.matrix == at.matrix)
        return {each.setting.detector: each for each in mine}

    def _ordered(self, lines: Iterable[CleanLine]) -> tuple[CleanLine, ...]:
        places = {name: place for place, name in enumerate(self.detectors)}
        return tuple(
            sorted(lines, key=lambda each: (places.get(each.setting.detector, len(places)), each.asked))
        )


def parts(results: Results) -> Parts:
    """Put the seeds together and find the main conditions."""
    one = merged(results)
    settings = [each for each in _settings(one) if each.detector != ORACLE]
    names = list(dict.fromkeys(each.matrix for each in settings))
    main = next((name for name in names if name in _MAIN), names[0] if names else "")
    every = [conditions(each) for each in settings if each.matrix == main]
    own = [each for each in every if each.trained == each.tested]
    at = (own or every or [Conditions("", "", "", 0, 0.0)])[0]
    if len({each.lumis for each in every}) > 1 or len({each.faulty for each in every}) > 1:
        at = max(own or every, key=lambda each: (-each.faulty, each.lumis))
    found = Parts(one, (), at)
    rest = (each.detector for each in settings)
    return Parts(one, tuple(dict.fromkeys([*found.ranking(at), *rest])), at)


def conditions(setting: Setting) -> Conditions:
    """Those of a setting."""
    return Conditions(setting.matrix, setting.trained, setting.tested, setting.lumis, setting.faulty)


def places(faults: Sequence[Fault]) -> dict[str, list[Fault]]:
    """Faults by what they fall on."""
    found: dict[str, list[Fault]] = {}
    for fault in faults:
        found.setdefault(fault.place, []).append(fault)
    return found


def _settings(results: Results) -> list[Setting]:
    """Those of all lines, in the order of the study where its faults tell."""
    return [
        *(each.setting for each in results.faults),
        *(each.setting for each in results.ranking),
        *(each.setting for each in results.clean),
        *(each.setting for each in results.costs),
        *(each.setting for each in results.curves),
    ]


def _slowness(line: RankLine) -> float:
    return line.slower.value if isfinite(line.slower.value) else inf
