"""A detector that fails costs one lumisection of one map, never the run."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope import training
from caloscope.bundle import Bundle
from caloscope.config.catalogue import load
from caloscope.detectors.base import (
    Answer,
    Array,
    Expectation,
    Memory,
    NotKnown,
    Observation,
    Score,
    Settings,
)
from caloscope.faults import Fault
from caloscope.geometry import view
from caloscope.pipeline import Pipeline
from caloscope.records import Mask, Quality, Reason
from caloscope.simulate import STEADY, Fill, healthy, lumisections
from caloscope.store import Store

from .making import LABEL, MAP, RUN, fill, scored, trained

CELL = (2, 4)


def remembers(observation: Observation, memory: Memory) -> Memory:
    """What a detector remembers that counts what it has seen."""
    return {"seen": np.array([*memory.get("seen", []), observation.id.lumi])}


class Moody:
    """The reference detector, but in some lumisections it does something else."""

    name: ClassVar[str] = "moody"

    def __init__(self, inner: Bundle, moods: Mapping[int, Callable[[Observation], Answer]]) -> None:
        self._inner = inner.detector
        self._moods = moods

    @property
    def shape(self) -> tuple[int, ...]:
        return self._inner.shape

    @property
    def alive(self) -> Mask:
        return self._inner.alive

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        mood = self._moods.get(observation.id.lumi)
        answer = self._inner.look(observation, {})[0] if mood is None else mood(observation)
        return answer, remembers(observation, memory)

    def settings(self) -> Settings:
        return {}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return {}

    @classmethod
    def restore(
        cls, settings: Settings, arrays: Mapping[str, NDArray[np.generic]], model: Path | None
    ) -> Self:
        raise NotImplementedError


def breaks(observation: Observation) -> Answer:
    raise ZeroDivisionError(f"no division in {observation.id.lumi}\nsecond line")


def expects_another_shape(observation: Observation) -> Answer:
    short = np.ones(3)
    return Expectation("overdispersed", short, short * 4, short > 0, short)


def scores_another_shape(observation: Observation) -> Answer:
    return Score(np.ones((2, 2)), 1.0, np.ones((2, 2), np.bool_), accumulated=True)


def expects_no_number(observation: Observation) -> Answer:
    one = np.ones_like(observation.counts)
    return Expectation(
        "overdispersed", one, np.where(one.cumsum() == 3, np.nan, 4).reshape(one.shape), one > 0, one
    )


def scores_no_number(observation: Observation) -> Answer:
    value = np.zeros_like(observation.counts)
    value[CELL] = np.nan
    return Score(value, 1.0, np.ones(value.shape, np.bool_), accumulated=True)


def scores_no_number_where_it_cannot_test(observation: Observation) -> Answer:
    value = np.zeros_like(observation.counts)
    value[CELL] = np.nan
    return Score(value, 1.0, np.isfinite(value), accumulated=True)


def can_test_nothing(observation: Observation) -> Answer:
    value = np.zeros_like(observation.counts)
    return Score(value, 1.0, value > 1, accumulated=True)


class Around:
    """What somebody says of the cells around each cell."""

    def __init__(self, value: float, shape: tuple[int, ...] | None = None) -> None:
        self.value, self.shape = value, shape

    def given(self, residual: Array, asked: Mask) -> tuple[Array, Array]:
        """The value everywhere; none where there is none to be had."""
        return np.full(self.shape or residual.shape, 1.0 / self.value), np.ones(self.shape or residual.shape)


def surrounded(observation: Observation, around: Around) -> Answer:
    one = np.ones_like(observation.counts)
    return Expectation("overdispersed", 50 * one, 4 * one, one > 0, 0.01 * one, surroundings=around)


def knows_no_surroundings(observation: Observation) -> Answer:
    return surrounded(observation, Around(0.0))


def surroundings_of_another_shape(observation: Observation) -> Answer:
    return surrounded(observation, Around(1.0, (2, 2)))


def surroundings_are_no_number(observation: Observation) -> Answer:
    return surrounded(observation, Around(np.nan))


MOODS = [
    knows_no_surroundings,
    surroundings_of_another_shape,
    surroundings_are_no_number,
    breaks,
    expects_another_shape,
    expects_no_number,
    scores_another_shape,
    scores_no_number,
    can_test_nothing,
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("bundles"))


@pytest.mark.parametrize("mood", MOODS)
def test_the_map_is_unknown_and_the_next_is_scored(
    tmp_path: Path, bundle: Bundle, mood: Callable[[Observation], Answer]
) -> None:
    lumisections = fill(10, [Fault(MAP, CELL, "dead", onset=3)])
    moody = replace(bundle, detector=Moody(bundle, {6: mood}))
    found = scored(tmp_path / "moody.sqlite", moody, lumisections)
    assert (found.results[5].quality, found.results[5].reason) == (Quality.UNKNOWN, Reason.DETECTOR_FAILED)
    assert found.results[5].detail.isprintable()
    assert [row.quality for row in found.results[6:]] == [Quality.BAD] * 4
    without = [each for each in lumisections if each.lumi != 6]
    assert found.incidents == scored(tmp_path / "without.sqlite", bundle, without).incidents


def test_no_number_in_a_cell_that_cannot_be_tested_is_no_failure(tmp_path: Path, bundle: Bundle) -> None:
    moody = replace(bundle, detector=Moody(bundle, {3: scores_no_number_where_it_cannot_test}))
    found = scored(tmp_path / "store.sqlite", moody, fill(4))
    assert found.results[2].reason is None
    assert {row.code for row in found.flags} == {3}


def test_an_empty_map_is_bad_even_when_the_detector_failed(tmp_path: Path, bundle: Bundle) -> None:
    lumisections = fill(3)
    record = lumisections[1].maps[MAP]
    empty = replace(record, counts=np.zeros_like(record.counts))
    lumisections[1] = replace(lumisections[1], maps={MAP: empty})
    found = scored(tmp_path / "s.sqlite", replace(bundle, detector=Moody(bundle, {2: breaks})), lumisections)
    assert (found.results[1].quality, found.results[1].flag_reason) == (Quality.BAD, Reason.EMPTY_MAP)


def test_what_a_detector_remembers_is_rewound(tmp_path: Path, bundle: Bundle) -> None:
    """It sees the lumisections in order, however they arrive, and across a restart."""
    seen: list[list[int]] = []

    class Listening(Moody):
        def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
            seen.append([*memory.get("seen", []), observation.id.lumi])
            return NotKnown(Reason.WARM_UP), remembers(observation, memory)

    listening = replace(bundle, detector=Listening(bundle, {}))
    lumisections = fill(6)
    with Store(str(tmp_path / "store.sqlite")) as store:
        for place in (0, 3, 1, 5, 4, 2):
            Pipeline(store, [listening], LABEL).take(lumisections[place])
        assert {row.reason for row in store.results(LABEL, RUN)} == {Reason.WARM_UP}
    assert seen[-1] == [1, 2, 3, 4, 5, 6]


def test_a_run_of_another_era_is_out_of_range_where_the_cells_differ(tmp_path: Path) -> None:
    spec, on = load()["HCAL/digi"], view("HCAL", "2018")
    detectors = {spec.name: healthy(spec, on, seed=1, stability=STEADY)}
    learned = training.train(lumisections(Fill(320_001, 4, 1), detectors), spec, on, tmp_path / "h.bundle")
    older, same = (next(lumisections(Fill(run, 1, 1), detectors)) for run in (280_001, 320_002))
    with Store(str(tmp_path / "s.sqlite")) as store:
        pipeline = Pipeline(store, [learned], LABEL)
        (refused,), (taken,) = pipeline.take(older), pipeline.take(same)
    assert (refused.quality, refused.reason) == (Quality.UNKNOWN, Reason.OUT_OF_RANGE)
    assert "a run of 2016, the bundle is for 2018" in refused.detail
    assert taken.quality is Quality.GOOD
