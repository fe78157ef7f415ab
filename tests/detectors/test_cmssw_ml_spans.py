"""What CMSSW's chain sums where a record covers several lumisections."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caloscope.detectors.base import Array, Memory, NotKnown, Observation, Score
from caloscope.records import LumiId

from .endcaps import Endcaps, faulty_plus, fill, scores, tiny_endcaps


@pytest.fixture
def tiny(tmp_path: Path) -> Endcaps:
    return tiny_endcaps(tmp_path)


def joined(observations: list[Observation]) -> Observation:
    """One record of all of them."""
    counts: Array = np.sum([each.counts for each in observations], axis=0)
    events = sum(each.events or 0 for each in observations)
    last = observations[-1]
    beside = {
        name: np.sum([each.companions[name] for each in observations], axis=0) for name in last.companions
    }
    return replace(last, counts=counts, events=events, companions=beside, span=len(observations))


@pytest.mark.parametrize("fault", [False, True])
def test_a_record_as_long_as_the_window_is_summed_with_nothing_else(tiny: Endcaps, fault: bool) -> None:
    detector = faulty_plus(tiny) if fault else tiny[0].detector()
    given = [pair[1] if fault else pair[0] for pair in fill(8, tiny, seed=2)]
    one_by_one, _ = detector.look(given[2], scores(detector, given[:2], {})[1])
    for before in ([], given[3:]):
        memory: Memory = scores(detector, before, {})[1]
        at_once, after = detector.look(joined(given[:3]), memory)
        assert int(after["held"]) == 3
        np.testing.assert_allclose(after["maps"].sum(axis=0), np.sum([o.counts for o in given[:3]], axis=0))
        assert int(after["events"].sum()) == sum(each.events or 0 for each in given[:3])
        if not before:
            assert isinstance(at_once, NotKnown)
            assert isinstance(one_by_one, NotKnown)
            assert at_once.detail == one_by_one.detail == "1 of 6 loss maps to multiply"
            assert (at_once.reason, at_once.image_events) == (one_by_one.reason, one_by_one.image_events)


def test_six_such_records_are_enough_for_a_score(tiny: Endcaps) -> None:
    detector = tiny[0].detector()
    given = [pair[0] for pair in fill(16, tiny, seed=2)]
    groups = [joined(given[place : place + 3]) for place in (0, 3, 6, 9, 12)]
    longer = replace(joined(given[10:16]), id=LumiId(1, 60), span=45)
    answers, memory = scores(detector, [*groups, longer], {})
    assert [type(each) for each in answers] == [NotKnown] * 5 + [Score]
    assert isinstance(answers[-1], Score)
    assert answers[-1].image_events == longer.events
    assert memory["maps"].shape == (3, *detector.shape)


def test_a_shorter_record_takes_as_many_places(tiny: Endcaps) -> None:
    detector = tiny[0].detector()
    given = [pair[0] for pair in fill(8, tiny, seed=2)]
    _, memory = scores(detector, [given[0], joined(given[1:3])], {})
    assert int(memory["held"]) == 3
    events = [each.events or 0 for each in given]
    assert memory["events"].tolist() == [events[0], 0, events[1] + events[2]]
