"""Incidents of conditions: rows of lumisections in, what people are told of the data taking out."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from caloscope.incidents.conditions import SETTLED, ConditionsIncident, conditions_incidents
from caloscope.records import LumiId, LumiState
from caloscope.store import LumiRow

EB, HCAL = "EB/digi", "HCAL/digi"
RUN = 7


def calm(lumis: int) -> list[LumiRow]:
    """Stable collisions in which nothing changes."""
    return [
        LumiRow(
            "test",
            RUN,
            lumi,
            LumiState.COLLISIONS,
            "maps",
            events={EB: 500, HCAL: 500},
            levels={EB: 0.0, HCAL: 0.0},
        )
        for lumi in range(1, lumis + 1)
    ]


def shifted(rows: Sequence[LumiRow], first: int, last: int, shift: float) -> list[LumiRow]:
    """All maps off by as much from one lumisection to another."""
    return [
        replace(row, shift=shift, levels={EB: shift, HCAL: shift}) if first <= row.lumi <= last else row
        for row in rows
    ]


def only(rows: Sequence[LumiRow]) -> ConditionsIncident:
    (found,) = conditions_incidents(rows)
    return found


def test_a_calm_run_has_none() -> None:
    assert conditions_incidents(calm(60)) == []
    assert conditions_incidents([]) == []


@pytest.mark.parametrize(
    ("state", "told", "detail"),
    [
        (LumiState.NO_BEAM, "NO BEAM", "no beam"),
        (LumiState.RAMP, "ramp down", "ramp down"),
        (LumiState.HEAVY_IONS, "stable beams", "heavy ions: stable beams"),
        (LumiState.COSMICS, "", "cosmics"),
    ],
)
def test_a_state_is_named_once(state: LumiState, told: str, detail: str) -> None:
    assert only([replace(row, state=state, detail=told, levels={}) for row in calm(3)]).detail == detail


def test_beams_that_are_not_stable_are_a_stretch() -> None:
    rows = [
        replace(row, state=LumiState.RAMP, detail="squeeze", levels={}) if 5 <= row.lumi <= 8 else row
        for row in calm(20)
    ]
    found = only(rows)
    assert (found.cause, found.opened, found.last, found.closed) == ("STATE", 5, 8, 9)
    assert (found.id, found.detail) == ("test-7-5-state", "ramp: squeeze")
    assert not found.is_open
    assert [found.covers(LumiId(RUN, lumi)) for lumi in (4, 5, 8, 9)] == [False, True, True, False]
    assert not found.covers(LumiId(RUN + 1, 6))


def test_one_state_after_the_other_are_two_stretches_and_the_last_is_open() -> None:
    rows = calm(20)
    rows[15:17] = [replace(row, state=LumiState.NO_BEAM) for row in rows[15:17]]
    rows[17:] = [replace(row, state=LumiState.COSMICS) for row in rows[17:]]
    first, second = conditions_incidents(rows)
    assert (first.detail, first.opened, first.closed) == ("no beam", 16, 18)
    assert (second.detail, second.opened, second.last, second.is_open) == ("cosmics", 18, 20, True)


def test_parts_without_voltage_are_told_beside_the_state() -> None:
    rows = [
        replace(row, state=LumiState.NO_BEAM, off=("EB+", "HO")) if row.lumi > 15 else row for row in calm(18)
    ]
    power, state = conditions_incidents(rows)
    assert (power.cause, power.detail, power.is_open) == ("POWER", "EB+, HO without voltage", True)
    assert (state.cause, state.opened) == ("STATE", 16)


@pytest.mark.parametrize("shift", [-0.2, 0.2])
def test_all_maps_together_are_a_shift_that_settles(shift: float) -> None:
    found = only(shifted(calm(60), 15, 60, shift))
    assert (found.cause, found.opened, found.closed) == ("SHIFT", 15, 15 + SETTLED)
    assert found.shift == pytest.approx(shift)
    assert found.maps == {EB: pytest.approx(shift), HCAL: pytest.approx(shift)}
    assert found.detail == f"all maps {shift:+.0%}"


@pytest.mark.parametrize("lumis", [4, 9, 12, SETTLED - 1])
def test_a_shift_that_goes_away_is_over_and_its_end_is_no_other(lumis: int) -> None:
    found = only(shifted(calm(60), 15, 14 + lumis, -0.2))
    assert (found.opened, found.last, found.closed) == (15, 14 + lumis, 15 + lumis)


def test_one_lumisection_or_a_small_shift_is_not_told() -> None:
    assert conditions_incidents(shifted(calm(30), 15, 15, -0.3)) == []
    assert conditions_incidents(shifted(calm(30), 15, 30, -0.04)) == []


def test_a_shift_is_open_from_its_second_lumisection_on() -> None:
    assert conditions_incidents(shifted(calm(15), 15, 15, -0.2)) == []
    found = only(shifted(calm(16), 15, 16, -0.2))
    assert (found.opened, found.last, found.is_open) == (15, 16, True)


def test_a_shift_at_a_step_of_the_trigger_is_told_with_it() -> None:
    rows = [
        replace(row, events={EB: 400, HCAL: 400}) if row.lumi >= 15 else row
        for row in shifted(calm(60), 15, 60, -0.1)
    ]
    found = only(rows)
    assert (found.cause, found.opened, found.closed) == ("TRIGGER", 15, 15 + SETTLED)
    assert found.detail == "events -20% (500 -> 400); all maps -10%"


def test_one_map_that_changes_with_the_trigger_is_named() -> None:
    rows = [
        replace(row, trigger="column 2", levels={EB: -0.1, HCAL: 0.0})
        if row.lumi >= 15
        else replace(row, trigger="column 1")
        for row in calm(40)
    ]
    found = only(rows)
    assert (found.cause, found.shift) == ("TRIGGER", 0.0)
    assert found.maps == {EB: pytest.approx(-0.1)}
    assert found.detail == "trigger column 1 -> column 2; EB/digi -10%"


def test_one_map_alone_is_a_matter_of_the_detector() -> None:
    rows = [replace(row, levels={EB: -0.3, HCAL: 0.0}) if row.lumi >= 15 else row for row in calm(40)]
    assert conditions_incidents(rows) == []


def test_a_second_step_soon_after_the_first_is_told_too() -> None:
    """Prescale columns come one after the other: each has an incident, which ends the one before."""
    column = {1: "column 1", 15: "column 2", 22: "column 3"}
    rows = [
        replace(row, trigger=column[max(first for first in column if first <= row.lumi)]) for row in calm(60)
    ]
    first, second = conditions_incidents(rows)
    assert (first.opened, first.last, first.closed) == (15, 21, 22)
    assert (second.opened, second.closed) == (22, 22 + SETTLED)
    assert second.detail == "trigger column 2 -> column 3"


def test_levels_without_stable_collisions_say_nothing() -> None:
    """What all maps do in cosmics or in a ramp is no shift of theirs: the state says it already."""
    rows = [replace(row, state=LumiState.COSMICS) for row in shifted(calm(30), 1, 30, -0.9)]
    assert [each.cause for each in conditions_incidents(rows)] == ["STATE"]


def test_what_comes_late_changes_them_as_if_it_had_come_in_time() -> None:
    rows = shifted(calm(40), 15, 40, -0.2)
    without = [row for row in rows if row.lumi not in (15, 16)]
    assert only(without).opened == 17
    assert only(sorted([*without, rows[14], rows[15]], key=lambda row: row.lumi)) == only(rows)


def test_each_has_an_id_of_its_own_that_stays() -> None:
    rows = shifted(calm(40), 15, 40, -0.2)
    assert only(rows[:20]).id == only(rows).id == "test-7-15-shift"
