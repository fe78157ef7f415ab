"""Incidents whose flags appear in pieces: one fault is one incident."""

import numpy as np
import pytest

from caloscope.geometry import view
from caloscope.incidents.shape import gathered
from caloscope.records import Direction, LumiId, Mask, Severity

from .test_follow import EB, cells, flags, region, run


def block(*rows: str) -> Mask:
    """A picture of a 4x4 block of towers at (10, 20): # is flagged."""
    return cells(
        *((10 + y, 20 + x) for y, row in enumerate(rows) for x, sign in enumerate(row) if sign == "#")
    )


def test_pieces_with_one_cell_between_them_are_one_incident() -> None:
    assert len(run(flags(1, low=block("#.#.", "....", "..#.", "....")))[0]) == 1
    assert len(run(flags(1, low=block("#...")), flags(2, low=block("#.#.")))[1]) == 1


def test_cells_further_apart_are_as_many_incidents() -> None:
    assert len(run(flags(1, low=block("#..#")))[0]) == 2
    assert len(run(flags(1, low=cells((4, 4), (4, 9))))[0]) == 2


def test_two_young_incidents_that_come_to_touch_become_the_older() -> None:
    first, second = block("#..."), block("#...", "....", "....", "...#")
    tracks, seen = run(
        flags(1, low=first), flags(4, low=second), flags(7, low=block("#...", ".#..", "..#.", "...#"))
    )
    (track,) = tracks
    assert (track.incident.opened, len(track.incident.cells)) == (LumiId(1, 1), 4)
    assert [i.closed for i in seen.values() if i.opened.lumi == 4] == [LumiId(1, 7)]
    assert track.observed == 0
    assert track.expected == 300 * (1 + 2 + 4)


def test_what_both_had_belongs_to_the_one_they_became() -> None:
    """Cells of the younger that are not flagged when both become one are its cells too."""
    apart, bridge = block("#...", "....", "....", "...#"), block("#...", ".##.", "....", "....")
    tracks, _ = run(
        flags(1, low=block("#...")), flags(2, low=apart), flags(3, low=bridge), flags(4, low=apart)
    )
    (track,) = tracks
    assert set(track.incident.cells) == {(10, 20), (11, 21), (11, 22), (13, 23)}


def test_old_incidents_stay_two_when_they_come_to_touch() -> None:
    apart, touching = block("#...#"), block("##.##")
    steps = [flags(lumi, low=apart) for lumi in range(1, 30)]
    assert len(run(*steps, flags(30, low=touching | block("..#")))[0]) == 3


def test_two_that_never_were_seen_apart_leave_no_trace() -> None:
    _, seen = run(flags(1, low=block("#.#.#")))
    assert [incident.closed for incident in seen.values()] == [None]


def test_a_block_whose_flags_come_and_go_is_one_incident() -> None:
    rng = np.random.default_rng(3)
    whole = block("####", "####", "####", "####")
    each = [flags(lumi, low=whole & (rng.random(EB.shape) < 0.15 + 0.07 * lumi)) for lumi in range(1, 30)]
    tracks, _ = run(*each)
    assert [(len(t.incident.cells), t.incident.severity) for t in tracks] == [(16, Severity.CLUSTER)]


def test_pieces_stay_beside_the_supermodules_that_they_touch() -> None:
    low = region("EB+07") | region("EB+08")
    (row, column) = np.argwhere(region("EB+08"))[0]
    before = flags(1, low=region("EB+07"))
    tracks, _ = run(before, flags(2, low=low), flags(3, low=low | cells((int(row), int(column)))))
    assert {track.incident.hardware for track in tracks} == {"EB+07", "EB+08"}


@pytest.mark.parametrize("at_once", [True, False])
def test_a_scrambled_supermodule_is_one_incident_a_direction(at_once: bool) -> None:
    whole = region("EB-07")
    rng = np.random.default_rng(5)
    kind = rng.random(EB.shape)
    when = np.ones(EB.shape) if at_once else rng.integers(1, 6, EB.shape)
    steps = [
        flags(lumi, low=whole & (kind < 0.45) & (when <= lumi), high=whole & (kind > 0.6) & (when <= lumi))
        for lumi in range(1, 25)
    ]
    tracks, seen = run(*steps)
    assert {(t.incident.hardware, t.incident.direction) for t in tracks} == {
        ("EB-07", Direction.LOW),
        ("EB-07", Direction.HIGH),
    }
    assert len(tracks) == 2
    assert all(track.incident.opened.lumi == 1 for track in tracks)
    if at_once:
        assert len(seen) == 2
    later = cells(*(tuple(place) for place in np.argwhere(whole & (kind > 0.45) & (kind < 0.6))))
    tracks, _ = run(*steps, flags(25, low=whole & (kind < 0.45), high=whole & (kind > 0.6) | later))
    assert len(tracks) == 2


def test_hot_cells_beside_a_dead_region_are_faults_of_their_own() -> None:
    dead = region("EB-07").copy()
    places = np.argwhere(dead)
    hot = cells(tuple(places[0]), tuple(places[-1]))
    tracks, _ = run(flags(1, low=dead & ~hot, high=hot))
    assert [t.incident.severity for t in tracks if t.incident.direction is Direction.HIGH] == [
        Severity.CELL
    ] * 2


def test_a_gap_is_counted_in_cells_that_exist() -> None:
    """In HE at high eta every other bin in phi is no cell."""
    hcal = view("HCAL", "2018")
    rows = np.flatnonzero(hcal.exists[1, :, 15])
    for apart, groups in ((1, 1), (2, 1), (3, 2)):
        pair = np.zeros(hcal.shape, np.bool_)
        pair[1, rows[[0, apart]], 15] = True
        assert len(set(gathered(np.flatnonzero(pair), np.arange(2), hcal).tolist())) == groups


def test_pieces_of_one_region_in_one_lumisection_are_one_incident() -> None:
    """As where a region at x0.6 passes the threshold first in the cells that count most."""
    places = [tuple(place) for place in np.argwhere(region("EB-07"))]
    ends = cells(*places[:12], *places[-12:])
    assert ends.sum() > region("EB-07").sum() / 3
    _, seen = run(flags(1, low=ends), flags(2, low=region("EB-07")))
    (incident,) = seen.values()
    assert incident.hardware == "EB-07"
    assert len(run(flags(1, low=cells(places[0], places[-1])))[1]) == 2
