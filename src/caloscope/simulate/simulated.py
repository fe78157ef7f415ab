"""Simulated lumisections, healthy or with faults, and what is truly wrong in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from caloscope.errors import UsageError
from caloscope.faults.active import Active, Schedule
from caloscope.faults.clock import Clock
from caloscope.faults.effect import truth
from caloscope.faults.fault import Fault
from caloscope.records import LumiId, Lumisection, MapRecord, MapTruth
from caloscope.simulate.conditions import Conditions
from caloscope.simulate.fill import Fill, conditions
from caloscope.simulate.healthy import Healthy
from caloscope.simulate.told import told


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """A lumisection, what is truly wrong in it, and the conditions it was made in.

    `truth` holds the maps, by name, with a fault at work.
    """

    lumisection: Lumisection
    truth: Mapping[str, MapTruth]
    conditions: Conditions


def simulated(
    fills: Fill | Sequence[Fill],
    detectors: Mapping[str, Healthy],
    faults: Sequence[Fault] = (),
    *,
    with_truth: bool = True,
) -> Iterator[Simulated]:
    """The lumisections of the fills in order; `detectors` by map name.

    Faults count lumisections through all fills (`clock_of`). Raises `UsageError`, before the first one, for
    fills whose runs do not ascend and for faults with cells that a map has not.
    """
    course = (fills,) if isinstance(fills, Fill) else tuple(fills)
    clock = clock_of(course)
    schedules = {name: Schedule(faults, name, healthy.view, clock) for name, healthy in detectors.items()}
    return (
        _one(fill, at, detectors, {name: each.at(at.id) for name, each in schedules.items()}, with_truth)
        for fill in course
        for at in conditions(fill)
    )


def lumisections(
    fills: Fill | Sequence[Fill], detectors: Mapping[str, Healthy], faults: Sequence[Fault] = ()
) -> Iterator[Lumisection]:
    """As `simulated`, the lumisections alone."""
    return (each.lumisection for each in simulated(fills, detectors, faults, with_truth=False))


def clock_of(fills: Sequence[Fill]) -> Clock:
    """Counts lumisections through the runs of these fills. Raises `UsageError` where runs do not ascend."""
    runs = [fill.run for fill in fills]
    for before, run in pairwise(runs):
        if run <= before:
            raise UsageError(f"found run {run} after run {before}, expected runs that ascend")
    return Clock.of(LumiId(fill.run, fill.lumis) for fill in fills)


def _one(
    fill: Fill,
    at: Conditions,
    detectors: Mapping[str, Healthy],
    active: Mapping[str, Sequence[Active]],
    with_truth: bool,
) -> Simulated:
    maps: dict[str, MapRecord] = {}
    wrong: dict[str, MapTruth] = {}
    for name, healthy in detectors.items():
        there = active[name]
        maps[name] = MapRecord(healthy.draw(at, there), at.events, at.measured)
        if with_truth and there:
            mean = healthy.expected(at)
            found = truth(mean, healthy.expected(at, there), there, healthy.view)
            if found is not None and found.fault.any():
                wrong[name] = found
    lumisection = Lumisection(
        label=fill.label,
        run=at.run,
        lumi=at.lumi,
        maps=maps,
        source=f"seed {fill.seed}",
        began_at=at.began_at,
        assumptions=(SIMULATED,),
        simulated=True,
        conditions=told(fill, at) if fill.tells else None,
    )
    return Simulated(lumisection, wrong, at)


SIMULATED = "simulated, not measured"
"""The assumption that every simulated lumisection carries."""
