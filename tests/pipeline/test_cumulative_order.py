"""Differences depend on the set of snapshots alone: not on their order, on restarts or on a kill."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from caloscope.bundle import Bundle
from caloscope.faults import Fault
from caloscope.pipeline import Pipeline
from caloscope.pipeline.checkpoint import encode
from caloscope.pipeline.state import Given
from caloscope.pipeline.step import Scorer
from caloscope.pipeline.timeline import KEPT, Timeline
from caloscope.records import Lumisection
from caloscope.store import Store

from .growing import restarted, snapshots
from .making import LABEL, MAP, RUN, Recorded, cached_bundle, fill, recorded, scored, without_map

CELL = (1, 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("order")


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Bundle:
    return cached_bundle(folder)


def eventful() -> list[Lumisection]:
    """Two runs of which the first has a reset, with a fault that comes and goes."""
    faults = [Fault(MAP, CELL, "dead", onset=22, end=63)]
    first = fill(100, faults)
    return [*snapshots(first[:55]), *snapshots(first[55:]), *snapshots(fill(90, run=RUN + 1))]


@pytest.fixture(scope="module")
def in_order(folder: Path, bundle: Bundle) -> Recorded:
    found = scored(folder / "in-order.sqlite", bundle, eventful())
    opened = [incident.cells for incident in found.incidents if not incident.standing]
    assert opened == [(CELL,)], "without the fault the test says nothing"
    return found


def given_of(lumisection: Lumisection) -> Given:
    """What a lumisection brings."""
    return Given(lumisection.id, lumisection.maps[MAP], str(lumisection.id))


def final(bundle: Bundle, arrivals: Sequence[Lumisection]) -> list[bytes]:
    """All states after all arrivals, as they are written down."""
    timeline = Timeline(Scorer(bundle, LABEL))
    steps: dict[object, bytes] = {}
    masked = np.zeros(bundle.view.shape, np.bool_)
    for each in arrivals:
        timeline.advance(given_of(each), masked)
        steps |= {step.given.id: encode(step.given, step.state) for step in timeline.steps}
    return [steps[key] for key in sorted(steps, key=str)]


def test_every_order_of_a_few_leaves_the_same_states(bundle: Bundle) -> None:
    """A run with a reset in it, and the first of the next run."""
    few = [each for each in restarted() if each.run > RUN or 30 <= each.lumi <= 70][1:6]
    assert len(few) == 5
    expected = final(bundle, few)
    for order in permutations(few):
        assert final(bundle, order) == expected


@st.composite
def orders(draw: st.DrawFn) -> list[int]:
    """Each is overtaken by at most 19 later ones; -1 - n is n without its map, before it comes with it."""
    due: list[tuple[float, int]] = []
    for place in range(len(eventful())):
        delay = draw(st.integers(0, KEPT - 1))
        due.append((place + delay, place))
        if draw(st.integers(0, 4)) == 0:
            due.append((place + draw(st.integers(0, delay)) - 0.5, -1 - place))
    return [place for _, place in sorted(due)]


@settings(max_examples=5, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given(order=orders(), restarts=st.sets(st.integers(1, 18), max_size=4))
def test_order_and_restarts_change_nothing(
    order: list[int], restarts: set[int], bundle: Bundle, in_order: Recorded
) -> None:
    snapshots_given = eventful()
    with tempfile.TemporaryDirectory() as folder, Store(str(Path(folder) / "store.sqlite")) as store:
        pipeline = Pipeline(store, [bundle], LABEL)
        for number, place in enumerate(order):
            if number in restarts:
                pipeline = Pipeline(store, [bundle], LABEL)
            each = snapshots_given[place if place >= 0 else -1 - place]
            pipeline.take(each if place >= 0 else without_map(each))
        assert recorded(store) == in_order


KILLED = """
import os, signal, sys
from pathlib import Path
from caloscope import bundle as bundles
from caloscope.pipeline import Pipeline
from caloscope.store import Store
from tests.pipeline.making import LABEL
from tests.pipeline.test_cumulative_order import eventful
store, bundle, *places = sys.argv[1:]
pipeline = Pipeline(Store(store).__enter__(), [bundles.load(Path(bundle))], LABEL)
for place in places:
    pipeline.take(eventful()[int(place)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_between_snapshots_has_kept_its_baseline(
    folder: Path, bundle: Bundle, in_order: Recorded
) -> None:
    """Three lives, each killed with -9, the last of which has a late one to take in."""
    path = folder / "killed.sqlite"
    for places in ((0, 1, 3), (4, 5, 6, 7, 9, 8), (2, *range(10, len(eventful())))):
        command = [sys.executable, "-c", KILLED, str(path), str(folder / "toy.bundle"), *map(str, places)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == -9, done.stderr
    with Store(str(path), read_only=True) as store:
        assert recorded(store) == in_order
