"""Simulated lumisections as a data set, with the truth about their faults."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from caloscope import __version__
from caloscope.config.ranges import Ranges
from caloscope.dataset import Row, map_info, write
from caloscope.faults.fault import Fault
from caloscope.faults.lines import truth_lines
from caloscope.records import LumiId
from caloscope.simulate.fill import Fill, conditions
from caloscope.simulate.healthy import Healthy
from caloscope.simulate.simulated import SIMULATED, clock_of, simulated

TOLD_EVERY: Final = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be simulated: runs, a detector by map name, and faults. All fills have one label."""

    fills: Sequence[Fill]
    detectors: Mapping[str, Healthy]
    faults: Sequence[Fault] = ()

    def lumis(self) -> list[LumiId]:
        """The lumisections that there will be, ascending."""
        return [at.id for fill in self.fills for at in conditions(fill)]

    def truth(self, lumis: Sequence[LumiId]) -> list[str]:
        """What is wrong with the maps in these lumisections, a line of JSON for each fault and map."""
        views = {name: healthy.view for name, healthy in self.detectors.items()}
        return truth_lines(self.faults, views, clock_of(self.fills), lumis)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written; `faulty` counts the lumisections with a fault at work of each map that has any."""

    lumis: int
    runs: int
    faulty: Mapping[str, int]


def to_data_set(
    output: Path,
    plan: Plan,
    *,
    provenance: Mapping[str, Any],
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Written:
    """Write the data set `output`, which appears when it is whole; memory does not grow with its length.

    `provenance` adds to what the data set says of its origin; `tell` hears of lumisections that are done, and
    of all. Raises `UsageError` for a plan that cannot be.
    """
    lumis = plan.lumis()
    faulty: Counter[str] = Counter()
    eras = {healthy.view.era for healthy in plan.detectors.values()}
    write(
        output,
        _rows(plan, len(lumis), faulty, tell),
        len(lumis),
        [map_info(healthy.spec, healthy.view) for healthy in plan.detectors.values()],
        label=plan.fills[0].label,
        era=" ".join(sorted(eras)),
        provenance=_provenance(plan, lumis) | dict(provenance),
        faults=plan.truth(lumis),
        simulated=True,
    )
    return Written(len(lumis), len({lumi.run for lumi in lumis}), dict(sorted(faulty.items())))


def _rows(plan: Plan, count: int, faulty: Counter[str], tell: Callable[[int, int], None]) -> Iterator[Row]:
    for done, made in enumerate(simulated(plan.fills, plan.detectors, plan.faults)):
        one = made.lumisection
        faulty.update(made.truth.keys())
        yield Row(one.run, one.lumi, one.began_at, one.maps, made.truth)
        if done % TOLD_EVERY == 0:
            tell(done, count)


def _provenance(plan: Plan, lumis: Sequence[LumiId]) -> dict[str, Any]:
    return {
        "version": __version__,
        "runs": str(Ranges.of({lumi.run for lumi in lumis})),
        "fills": [asdict(fill) for fill in plan.fills],
        "sources": [],
        "sources_in_all": 0,
        "dropped": [],
        "assumptions": [SIMULATED],
    }
