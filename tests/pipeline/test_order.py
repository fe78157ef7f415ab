"""The answers depend on the set of lumisections alone: not on their order, on repetitions or on restarts."""

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from caloscope.bundle import Bundle
from caloscope.faults import Fault
from caloscope.pipeline import Pipeline
from caloscope.pipeline.timeline import KEPT
from caloscope.records import Lumisection
from caloscope.store import Store

from .making import LABEL, MAP, RUN, Recorded, fill, recorded, scored, trained, without_map

LUMIS = 26
CELL = (1, 4)


class Arrival(NamedTuple):
    """Which of the lumisections arrives, and whether its map is in the file."""

    place: int
    with_map: bool = True


class Subject:
    """A bundle, a fill, and what is recorded when the fill comes in order."""

    def __init__(self, bundle: Bundle, lumisections: list[Lumisection], in_order: Recorded) -> None:
        self.bundle = bundle
        self.lumisections = lumisections
        self.in_order = in_order

    def arriving(self, order: Sequence[Arrival], restarts: Collection[int]) -> Recorded:
        """What is recorded when it comes in another order, with restarts before some arrivals."""
        with tempfile.TemporaryDirectory() as folder, Store(str(Path(folder) / "store.sqlite")) as store:
            pipeline = Pipeline(store, [self.bundle], LABEL)
            for number, arrival in enumerate(order):
                if number in restarts:
                    pipeline = Pipeline(store, [self.bundle], LABEL)
                lumisection = self.lumisections[arrival.place]
                pipeline.take(lumisection if arrival.with_map else without_map(lumisection))
            return recorded(store)


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """Two runs with gaps, a fault that comes and goes, one that lasts over the end of the run."""
    folder = tmp_path_factory.mktemp("order")
    faults = [
        Fault(MAP, CELL, "dead", onset=5, end=9),
        Fault(MAP, CELL, "dead", onset=14, end=16),
        Fault(MAP, "TOY left", "factor", 0.7, onset=16),
    ]
    first = [each for each in fill(16, faults) if each.lumi not in (3, 8)]
    lumisections = first + fill(LUMIS - len(first), faults, run=RUN + 1)
    bundle = trained(folder)
    found = scored(folder / "store.sqlite", bundle, lumisections)
    opened = [incident for incident in found.incidents if not incident.standing]
    assert (CELL,) in {incident.cells for incident in opened}, "without the faults the test says nothing"
    assert any(len(incident.cells) > 10 for incident in opened)
    assert any(incident.gaps for incident in opened)
    assert len(found.results) == LUMIS
    return Subject(bundle, lumisections, found)


@st.composite
def orders(draw: st.DrawFn) -> list[Arrival]:
    """Each lumisection is overtaken by at most 19 later ones; some come twice, or first without the map."""
    due: list[tuple[float, Arrival]] = []
    for place in range(LUMIS):
        delay = draw(st.integers(0, KEPT - 1))
        due.append((place + delay, Arrival(place)))
        match draw(st.sampled_from(["once", "once", "once", "twice", "first without map"])):
            case "twice":
                due.append((place + delay + draw(st.integers(0, 40)), Arrival(place)))
            case "first without map":
                early = place + draw(st.integers(0, delay)) - 0.5
                due.append((early, Arrival(place, with_map=False)))
    return [arrival for _, arrival in sorted(due, key=lambda each: each[0])]


# Failing examples are not made smaller: each costs a whole fill.
@settings(max_examples=6, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given(order=orders(), restarts=st.sets(st.integers(1, LUMIS), max_size=4))
def test_order_repetition_and_restarts_change_nothing(
    subject: Subject, order: list[Arrival], restarts: set[int]
) -> None:
    found = subject.arriving(order, restarts)
    assert found.flags == subject.in_order.flags
    assert found.incidents == subject.in_order.incidents
    assert found == subject.in_order


def counting(lumisection: Lumisection, count: int) -> Lumisection:
    """With another count in the cell."""
    record = lumisection.maps[MAP]
    counts = record.counts.copy()
    counts[CELL] = count
    return replace(lumisection, maps={**lumisection.maps, MAP: replace(record, counts=counts)})


@pytest.mark.parametrize("low", [2_100, 2_080])
def test_what_came_back_but_for_a_late_lumisection_is_closed(low: int, tmp_path: Path) -> None:
    """Low twice makes a flag, but not with a high one between the two."""
    bundle = trained(tmp_path)
    lumisections = fill(24, [Fault(MAP, CELL, "dead", onset=5, end=9)])
    for place, count in ((14, 2_450), (15, low), (16, 2_700), (17, low)):
        lumisections[place] = counting(lumisections[place], count)
    before, late, after = lumisections[:16], lumisections[16], lumisections[17:]
    without = scored(tmp_path / "without.sqlite", bundle, [*before, *after])
    assert any(incident.gaps for incident in without.incidents)
    in_order = scored(tmp_path / "in_order.sqlite", bundle, lumisections)
    too_late = scored(tmp_path / "late.sqlite", bundle, [*before, *after[:3], late, *after[3:]])
    assert not any(incident.gaps for incident in in_order.incidents)
    assert too_late.incidents == in_order.incidents
