"""When faults are there, and how strong they are."""

import numpy as np
import pytest

from caloscope.errors import UsageError
from caloscope.faults import Clock, Fault, Schedule, strength
from caloscope.geometry import view
from caloscope.records import LumiId


def test_the_clock_counts_through_runs() -> None:
    clock = Clock.of([LumiId(20, 3), LumiId(10, 1), LumiId(10, 50), LumiId(20, 1), LumiId(30, 2)])
    assert clock.at(LumiId(10, 7)) == 7
    assert clock.at(LumiId(20, 1)) == 51
    assert clock.at(LumiId(30, 2)) == 55
    assert clock.at(LumiId(99, 4)) == 4


def test_a_fault_begins_inside_one_run_and_ends_in_the_next() -> None:
    clock = Clock.of([LumiId(run, lumi) for run in (1, 2) for lumi in range(1, 11)])
    schedule = Schedule(
        [Fault("EB/*", "EB+01", "dead", onset=9, end=13)], "EB/digi", view("EB", "2018"), clock
    )
    there = [(run, lumi) for run in (1, 2) for lumi in range(1, 11) if schedule.at(LumiId(run, lumi))]
    assert there == [(1, 9), (1, 10), (2, 1), (2, 2)]
    assert not Schedule([Fault("EB/*", "EB+01", "dead")], "EE+/digi", view("EE+", "2018"), clock).at(
        LumiId(1, 1)
    )


def test_ramp_and_onset_inside_a_lumisection() -> None:
    assert [strength(Fault("m", "all", "dead", onset=3, ramp=4), place) for place in range(2, 9)] == [
        0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0,
    ]  # fmt: skip
    late = Fault("m", "all", "dead", onset=3, end=5, within=0.4)
    assert [strength(late, place) for place in range(2, 6)] == [0.0, pytest.approx(0.6), 1.0, 0.0]


def test_duty_with_a_period_is_regular_and_without_it_random() -> None:
    regular = Fault("m", "all", "dead", onset=5, duty=0.25, period=8)
    there = [place for place in range(1, 30) if strength(regular, place) > 0.0]
    assert there == [5, 6, 13, 14, 21, 22, 29]
    now_and_then = Fault("m", "all", "dead", duty=0.3, seed=4)
    share = np.mean([strength(now_and_then, place) for place in range(1, 2001)])
    assert share == pytest.approx(0.3, abs=5 * np.sqrt(0.3 * 0.7 / 2000))
    other = Fault("m", "all", "dead", duty=0.3, seed=5)
    assert [strength(other, p) for p in range(1, 50)] != [strength(now_and_then, p) for p in range(1, 50)]


def test_days_pass_with_lumisections() -> None:
    schedule = Schedule([Fault("EB/digi", "all", "drift")], "EB/digi", view("EB", "2018"), Clock({}))
    [active] = schedule.at(LumiId(1, 3708))
    assert active.days == pytest.approx(1.0, abs=1e-3)
    assert active.place == 3708


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("EB/digi", "EB+99", "dead"), "EB: no region 'EB[+]99'"),
        (Fault("EB/digi", (34, 0), "dead"), "expected one inside 34 x 72"),
        (Fault("EB/digi", (), "dead"), "no cell"),
        (Fault("EB/digi", "all", "factor", float("nan")), "amount is nan: expected 0 to 1"),
        (Fault("EB/digi", "all", "hot", 0.5), "amount is 0.5: expected 1 to 1000"),
        (Fault("EB/digi", "all", "dead", duty=0.0), "duty is 0.0"),
        (
            Fault("EB/digi", "all", "dead", onset=5, end=5),
            "end is 5: expected a lumisection after the onset, 5",
        ),
    ],
)
def test_faults_that_make_no_sense_are_refused_before_they_act(fault: Fault, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Schedule([fault], "EB/digi", view("EB", "2018"), Clock({}))
