"""Steps of the trigger in a run: which changes of the number of events count as one, and which do not."""

from collections.abc import Sequence

import pytest

from caloscope.incidents.steps import Steps, changed_maps, usual_shift
from caloscope.records import LumiState
from caloscope.store import LumiRow

EB, HCAL = "EB/digi", "HCAL/digi"


def rows(events: Sequence[int | None], triggers: Sequence[str] = ()) -> list[LumiRow]:
    """The lumisections of a run with so many events; None where nobody says how many."""
    triggers = triggers or [""] * len(events)
    return [
        LumiRow(
            "test",
            7,
            number,
            LumiState.COLLISIONS,
            "maps",
            trigger=trigger,
            events={} if count is None else {EB: count, HCAL: count},
        )
        for number, (count, trigger) in enumerate(zip(events, triggers, strict=True), start=1)
    ]


def found(given: Sequence[LumiRow]) -> dict[int, str]:
    """What changed, by lumisection."""
    steps = Steps(given)
    told = {row.lumi: steps.trigger_at(place) for place, row in enumerate(given)}
    return {lumi: words for lumi, words in told.items() if words}


def test_events_that_stay_the_same_are_no_step() -> None:
    assert found(rows([500, 490, 512, 480, 520, 505, 470, 530])) == {}


@pytest.mark.parametrize(("after", "words"), [(600, "+20%"), (400, "-20%")])
def test_events_that_change_and_stay_so_are_a_step(after: int, words: str) -> None:
    assert found(rows([500] * 6 + [after] * 6)) == {7: f"events {words} (500 -> {after})"}


def test_a_single_lumisection_with_few_events_is_no_step() -> None:
    assert found(rows([500] * 6 + [200] + [500] * 6)) == {}
    assert found(rows([500] * 6 + [415] + [480] + [500] * 5)) == {}


def test_the_last_lumisection_waits_for_the_next_one() -> None:
    assert found(rows([500] * 6 + [400])) == {}
    assert list(found(rows([500] * 6 + [400, 400]))) == [7]


def test_what_counting_alone_explains_is_no_step() -> None:
    """Ten per cent of a hundred events are one sigma, of ten thousand they are ten."""
    assert found(rows([100] * 6 + [90] * 6)) == {}
    assert list(found(rows([10_000] * 6 + [9_000] * 6))) == [7]


def test_after_a_step_events_are_compared_with_those_since() -> None:
    steps = found(rows([500] * 6 + [600] * 2 + [500] * 5))
    assert list(steps) == [7, 9]
    assert steps[9].startswith("events -17%")


def test_another_setting_is_a_step_at_once() -> None:
    column = ["column 1"] * 3 + ["column 2"] * 3
    assert found(rows([500] * 6, column)) == {4: "trigger column 1 -> column 2"}


def test_a_setting_that_nobody_tells_any_more_has_not_changed() -> None:
    assert found(rows([500] * 6, ["column 1", "", "column 1", "", "", "column 2"])) == {
        6: "trigger column 1 -> column 2"
    }
    assert found(rows([500] * 3, ["", "", "column 1"])) == {}


def test_setting_and_events_that_change_together_are_told_together() -> None:
    column = ["column 1"] * 6 + ["column 2"] * 6
    assert found(rows([500] * 6 + [600] * 6, column)) == {
        7: "trigger column 1 -> column 2, events +20% (500 -> 600)"
    }


def test_events_that_nobody_tells_are_no_step() -> None:
    assert found(rows([500] * 5 + [None] * 4 + [500] * 5)) == {}
    assert found(rows([None] * 5)) == {}


def level(lumi: int, levels: dict[str, float], shift: float = 0.0) -> LumiRow:
    return LumiRow("test", 7, lumi, LumiState.COLLISIONS, "maps", levels=levels, shift=shift)


def test_maps_that_changed_are_those_of_which_the_median_did() -> None:
    before = [level(lumi, {EB: 0.0, HCAL: 0.01}) for lumi in range(1, 11)]
    after = [level(lumi, {EB: -0.1, HCAL: 0.02}) for lumi in range(11, 16)]
    after[1] = level(12, {EB: 0.0, HCAL: 0.5})
    assert changed_maps(before, after) == {EB: pytest.approx(-0.1)}


def test_a_change_is_relative_to_the_level_before() -> None:
    """A map that is 20 % low all the time and then 28 % low has lost a tenth."""
    before = [level(lumi, {EB: -0.2}) for lumi in range(1, 11)]
    after = [level(lumi, {EB: -0.28}) for lumi in range(11, 16)]
    assert changed_maps(before, after) == {EB: pytest.approx(-0.1)}


def test_at_the_start_of_a_run_the_usual_is_what_was_learned() -> None:
    given = [level(lumi, {EB: -0.1}, shift=-0.1) for lumi in range(1, 4)]
    assert usual_shift([]) == 0.0
    assert usual_shift(given) == pytest.approx(-0.1)
    assert changed_maps([], given) == {EB: pytest.approx(-0.1)}
