"""A fault that is over and comes back in the same run is one incident."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.incidents import Flags, follow
from caloscope.incidents.resting import MOST_RESTING
from caloscope.records import Direction, LumiId

from .test_follow import EB, OWNER, cells, flags, region, run

BAD = cells((4, 4))


def with_gap(gap: int) -> list[Flags]:
    return [flags(1, low=BAD), *(flags(lumi) for lumi in range(2, 2 + gap)), flags(2 + gap, low=BAD)]


@pytest.mark.parametrize("gap", [3, 10, 200])
def test_it_is_the_same_incident_open_again(gap: int) -> None:
    tracks, seen = run(*with_gap(gap))
    (incident,) = seen.values()
    assert (incident.opened, incident.last, incident.closed) == (LumiId(1, 1), LumiId(1, 2 + gap), None)
    assert [track.is_open for track in tracks] == [True]
    assert tracks[0].observed == 0.0
    assert tracks[0].expected == 600.0
    assert incident.gaps == ((LumiId(1, 4), LumiId(1, 2 + gap)),)
    assert incident.lumis == 4  # two of them quiet, as after any flag
    over = [incident.is_over(LumiId(1, lumi)) for lumi in (3, 4, 1 + gap, 2 + gap)]
    assert over == [False, True, gap > 2, False]


def test_it_closes_again() -> None:
    _, seen = run(*with_gap(5), *(flags(lumi) for lumi in range(8, 12)))
    (incident,) = seen.values()
    assert (incident.last, incident.closed) == (LumiId(1, 7), LumiId(1, 10))


def test_in_another_run_it_is_another_incident() -> None:
    tracks, _ = run(flags(1, low=BAD), *(flags(lumi) for lumi in range(2, 6)))
    tracks, touched = follow(tracks, replace(flags(1, low=BAD), id=LumiId(2, 1)), EB, OWNER)
    (incident,) = touched
    assert incident.opened == LumiId(2, 1)
    assert len(tracks) == 1


def test_in_the_other_direction_it_is_another_incident() -> None:
    _, seen = run(flags(1, low=BAD), *(flags(lumi) for lumi in range(2, 6)), flags(6, high=BAD))
    assert len(seen) == 2


def test_a_cell_of_what_was_a_whole_supermodule_is_another_incident() -> None:
    whole = region("EB-07")
    one = np.zeros_like(whole)
    one[tuple(np.argwhere(whole)[0])] = True
    _, seen = run(flags(1, low=whole), *(flags(lumi) for lumi in range(2, 6)), flags(6, low=one))
    assert len(seen) == 2


def test_a_supermodule_that_comes_back_nearly_whole_is_the_same() -> None:
    whole = region("EB-07")
    most = whole.copy()
    most[tuple(np.argwhere(whole)[0])] = False
    _, seen = run(flags(1, low=whole), *(flags(lumi) for lumi in range(2, 6)), flags(6, low=most))
    (incident,) = seen.values()
    assert incident.hardware == "EB-07"
    assert incident.closed is None


def test_nothing_is_told_of_incidents_that_rest() -> None:
    tracks, _ = run(flags(1, low=BAD), *(flags(lumi) for lumi in range(2, 6)))
    assert follow(tracks, flags(6), EB, OWNER) == (tracks, ())
    _, touched = follow(tracks, flags(6, low=cells((20, 20))), EB, OWNER)
    assert [incident.opened for incident in touched] == [LumiId(1, 6)]


def test_what_comes_back_may_grow_again() -> None:
    grown = cells((4, 4), (4, 5), (5, 4))
    _, seen = run(*with_gap(30), flags(33, low=cells((4, 4), (4, 5))), flags(34, low=grown))
    (incident,) = seen.values()
    assert len(incident.cells) == 3


def test_many_that_rest_in_one_direction_do_not_make_the_other_be_forgotten() -> None:
    many = np.zeros_like(BAD)
    many[::4, ::4] = True
    many &= EB.exists
    many[3:6, 3:6] = False
    assert many.sum() > MOST_RESTING
    _, seen = run(flags(1, low=BAD, high=many), *(flags(lumi) for lumi in range(2, 6)), flags(6, low=BAD))
    assert sum(incident.direction is Direction.LOW for incident in seen.values()) == 1
