"""Maps that stand beside another for a detector: differenced as well, and there where they fit."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from caloscope.bundle import Bundle
from caloscope.detectors.base import Answer, Array, Memory, Observation
from caloscope.pipeline import Pipeline
from caloscope.pipeline.checkpoint import decode, encode
from caloscope.pipeline.state import OWN, Given, State
from caloscope.records import LumiId, Lumisection, MapRecord
from caloscope.store import Store

from .growing import snapshots
from .making import LABEL, MAP, RUN, cached_bundle, fill, seen
from .test_checkpoints import sample
from .test_failing_detector import Moody

BESIDE = "TOY/energy"


class Curious(Moody):
    """The reference detector, which also asks for another map and notes what it was shown of it."""

    name: ClassVar[str] = "curious"

    def __init__(self, inner: Bundle) -> None:
        super().__init__(inner, {})
        self.shown: dict[int, tuple[int, Array | None]] = {}

    @property
    def companions(self) -> tuple[str, ...]:
        return (BESIDE,)

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        beside = observation.companions.get(BESIDE)
        self.shown[observation.id.lumi] = observation.span, beside
        return super().look(observation, memory)


@pytest.fixture
def curious(tmp_path: Path) -> tuple[Curious, Bundle]:
    bundle = cached_bundle(tmp_path)
    detector = Curious(bundle)
    return detector, replace(bundle, detector=detector)


def with_beside(lumisection: Lumisection, record: MapRecord | None) -> Lumisection:
    """The lumisection with another map beside its own."""
    beside: Mapping[str, MapRecord] = {} if record is None else {BESIDE: record}
    return replace(lumisection, maps={MAP: lumisection.maps[MAP], **beside})


def test_it_is_shown_where_it_covers_the_same(tmp_path: Path, curious: tuple[Curious, Bundle]) -> None:
    detector, bundle = curious
    given = snapshots(fill(70))
    doubled = [replace(each.maps[MAP], counts=each.maps[MAP].counts * np.uint32(2)) for each in given]
    beside: list[MapRecord | None] = [*doubled]
    beside[3] = None  # missing at 40: at 50 it covers 20 lumisections, the map 10
    beside[6] = replace(doubled[6], counts=doubled[6].counts - doubled[5].counts, cumulative=False)
    with Store(str(tmp_path / "store.sqlite")) as store:
        for each, record in zip(given, beside, strict=True):
            Pipeline(store, [bundle], LABEL).take(with_beside(each, record))
    assert {lumi: span for lumi, (span, _) in detector.shown.items()} == dict.fromkeys(range(20, 80, 10), 10)
    beside_it = [lumi for lumi, (_, array) in detector.shown.items() if array is not None]
    assert beside_it == [20, 30, 60]
    before, now = (given[place].maps[MAP].counts for place in (1, 2))
    np.testing.assert_array_equal(detector.shown[30][1], 2.0 * (now - before))


def test_baselines_are_written_down_once(tmp_path: Path) -> None:
    record = MapRecord(np.arange(30, dtype=np.uint32).reshape(5, 6), 7, 3.0, cumulative=True)
    given, state = sample(record)
    other = replace(record, counts=record.counts + np.uint32(5), events=None)
    baselines = {OWN: (given.id, record), "own": (LumiId(RUN, 1), other)}
    blob = encode(given, replace(state, baselines=baselines))
    again, restored = decode(blob, seen())
    assert again.record is restored.baselines[OWN][1], "it is the one that came in"
    assert again.record is not None
    assert again.record.cumulative
    assert restored.baselines["own"][0] == LumiId(RUN, 1)
    np.testing.assert_array_equal(restored.baselines["own"][1].counts, other.counts)
    assert restored.baselines["own"][1].cumulative
    assert encode(again, restored) == blob


def test_a_checkpoint_of_before_there_were_baselines_has_none() -> None:
    given, state = sample(None)
    assert decode(encode(given, state), seen())[1].baselines == {}


def size(given: Given, state: State) -> int:
    return len(encode(given, state))


def test_a_baseline_that_came_in_costs_nothing() -> None:
    counts = np.random.default_rng(1).integers(0, 2**32, (50, 60), np.uint32)
    given, state = sample(MapRecord(counts, cumulative=True))
    assert given.record is not None
    kept = replace(state, baselines={OWN: (given.id, given.record)})
    assert size(given, kept) < size(given, state) + 200
