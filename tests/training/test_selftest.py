"""Which lumisections a bundle keeps to test itself with."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from caloscope.bundle import Bundle
from caloscope.detectors.base import Answer, Memory, NotKnown, Observation, Score
from caloscope.detectors.cmssw_ml import Parameters
from caloscope.pipeline.state import Given
from caloscope.records import LumiId, MapRecord, Reason
from caloscope.training import train
from caloscope.training.selftest import last_of, of_average

from ..calibrate.making import good, seen, spec


@dataclass(frozen=True)
class Slow:
    """A detector that answers after so many lumisections, and says nothing of one without events."""

    after: int

    def look(self, observation: Observation, memory: Memory) -> tuple[Answer, Memory]:
        held = int(memory.get("held", np.array(0))) + 1
        if held <= self.after:
            return NotKnown(Reason.WARM_UP), {"held": np.array(held)}
        if observation.events == 0:
            return NotKnown(Reason.FEW_EVENTS), {"held": np.array(held)}
        testable = np.ones(observation.counts.shape, np.bool_)
        return Score(observation.counts, 1.0, testable, accumulated=True), {"held": np.array(held)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return train(good(1, 10), spec(), seen(), tmp_path_factory.mktemp("t") / "x.bundle", calibrated=False)


def given(lumis: int, without_events: frozenset[int] = frozenset()) -> list[Given]:
    shape = seen().shape
    return [
        Given(LumiId(1, at), MapRecord(np.ones(shape, np.uint32), 0 if at in without_events else 100), "")
        for at in range(1, lumis + 1)
    ]


def lumis_of(bundle: Bundle, after: int, found: list[Given]) -> list[int]:
    slow = replace(bundle, detector=Slow(after))  # type: ignore[arg-type]  # all that is asked
    return [each.id.lumi for each in last_of(slow, found)]


def test_as_many_of_the_last_as_it_takes(trained: Bundle) -> None:
    assert lumis_of(trained, 0, given(30)) == [29, 30]
    assert lumis_of(trained, 8, given(30)) == list(range(21, 31))
    assert lumis_of(trained, 20, given(30)) == list(range(9, 31))
    assert lumis_of(trained, 0, given(1)) == [1]
    assert lumis_of(trained, 60, given(100)) == list(range(53, 65))
    assert lumis_of(trained, 3, []) == []


def test_what_cannot_be_judged_does_not_count(trained: Bundle) -> None:
    # The last two have no events: of the last twelve the first two are taken instead.
    assert lumis_of(trained, 0, given(13, frozenset({12, 13}))) == [2, 3]
    missing = [*given(5), Given(LumiId(1, 6), None, "")]
    assert lumis_of(trained, 0, missing) == [4, 5]


def test_an_average_becomes_lumisections_on_the_pileup_line() -> None:
    line = Parameters(slope=100.0, intercept=5_000.0, threshold=1.0, n_ls=4, n_loss=5)
    average = np.array([[0.5, 1.5], [2.0, 0.0]])
    found = of_average(average, line)
    assert len(found) == line.n_ls + line.n_loss
    assert [each.id.lumi for each in found] == list(range(1, 10))
    events, pileup = found[0].events, found[0].pileup
    assert events is not None
    assert pileup is not None
    assert line.n_ls * events >= line.min_events
    counts = found[0].counts
    np.testing.assert_array_equal(counts % 1, 0)
    expected = (line.slope * pileup + line.intercept) * events / line.events_per_image
    assert counts.sum() == pytest.approx(expected, abs=2)
    assert counts[1, 1] == 0


def test_an_average_looks_where_the_line_is_positive() -> None:
    falling = Parameters(slope=-100.0, intercept=3_000.0, threshold=1.0)
    assert of_average(np.ones((2, 2)), falling)[0].pileup == 20.0
    fault = replace(falling, padding_fault=True, companion="EE-/digi")
    (first, *_) = of_average(np.ones((2, 2)), fault)
    np.testing.assert_array_equal(first.companions["EE-/digi"], first.counts)
