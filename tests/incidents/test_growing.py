"""Incidents where a fault of a region or of the whole map meets one that is already open inside."""

import numpy as np
import pytest

from caloscope.incidents import Flags, Track
from caloscope.records import Direction, Incident, LumiId, Mask, Severity

from .test_follow import EB, cells, flags, region, run

EARLY, LATE = range(1, 31), range(31, 34)
"""Far more lumisections than an incident stays young, and some after them."""


def through(*stretches: tuple[range, Mask]) -> list[Flags]:
    return [flags(lumi, low=low) for lumis, low in stretches for lumi in lumis]


def named(tracks: tuple[Track, ...], hardware: str) -> Incident:
    (found,) = (track.incident for track in tracks if track.incident.hardware == hardware)
    return found


@pytest.mark.parametrize("known", ["EB-07", "cell"])
def test_a_fault_of_the_whole_map_does_not_go_on_as_the_older_one_inside(known: str) -> None:
    older = region(known) if known != "cell" else cells((20, 17))
    name = known if known != "cell" else EB.describe((20, 17))
    tracks, seen = run(*through((EARLY, older), (LATE, EB.exists)))
    assert len(tracks) == len(seen) == 2
    whole, part = named(tracks, "EB (whole map)"), named(tracks, name)
    assert (whole.opened, whole.onset, whole.severity) == (LumiId(1, 31), LumiId(1, 31), Severity.MAP)
    assert part.opened == LumiId(1, 1)
    assert not set(whole.cells) & set(part.cells)
    assert len(whole.cells) + len(part.cells) == EB.exists.sum()


def test_the_older_one_goes_on_when_the_larger_is_cured() -> None:
    older = region("EB-07")
    tracks, seen = run(*through((EARLY, older), (LATE, EB.exists), (range(34, 40), older)))
    (track,) = (track for track in tracks if track.is_open)
    assert (track.incident.hardware, track.incident.opened) == ("EB-07", LumiId(1, 1))
    assert len(track.incident.cells) == 68
    assert {i.closed for i in seen.values() if i.hardware == "EB (whole map)"} == {LumiId(1, 36)}


def test_the_larger_one_goes_on_when_the_older_is_cured() -> None:
    older, whole = cells((20, 17), (20, 18)), EB.exists
    _, seen = run(*through((EARLY, older), (LATE, whole), (range(34, 38), whole & ~older)))
    assert {incident.closed is None for incident in seen.values() if len(incident.cells) > 2} == {True}
    assert {incident.closed for incident in seen.values() if len(incident.cells) == 2} == {LumiId(1, 36)}


@pytest.mark.parametrize("size", [5, 20, 27])
def test_a_region_has_its_name_although_an_older_fault_holds_some_of_its_cells(size: int) -> None:
    places = [tuple(place) for place in np.argwhere(region("EB-07"))]
    older, beside, grown = cells(*places[:size]), cells(*places[:-12]), cells(*places[:-12], places[-1])
    tracks, seen = run(*through((EARLY, older), (range(31, 33), beside), (range(33, 60), grown)))
    assert len(seen) == 2
    lost = named(tracks, "EB-07")
    assert (lost.opened, lost.severity) == (LumiId(1, 31), Severity.REGION)
    assert len(lost.cells) == grown.sum() - size
    (other,) = (track.incident for track in tracks if track.incident != lost)
    assert (other.opened, len(other.cells)) == (LumiId(1, 1), size)


def test_an_incident_that_held_half_of_the_region_has_grown_into_it() -> None:
    whole, half = region("EB-07"), np.zeros(EB.shape, np.bool_)
    half[tuple(np.argwhere(whole)[:40].T)] = True
    tracks, seen = run(*through((EARLY, half), (LATE, whole)))
    assert len(seen) == 1
    assert (tracks[0].incident.hardware, tracks[0].incident.opened) == ("EB-07", LumiId(1, 1))


def test_several_old_ones_that_held_half_of_the_region_have_grown_into_it() -> None:
    whole = region("EB-07")
    first = np.argwhere(whole)[0][0]
    parts = whole.copy()
    parts[[*range(first + 5, first + 8), *range(first + 13, first + 17)]] = False
    one = parts.copy()
    one[first + 8 :] = False
    early = ((range(1, 15), one), (range(15, 31), parts))
    before, _ = run(*through(*early))
    assert [len(track.incident.cells) for track in before] == [20, 20]
    tracks, _ = run(*through(*early, (LATE, whole)))
    assert [(t.incident.hardware, t.incident.opened.lumi) for t in tracks] == [("EB-07", 1)]


def test_what_opened_just_before_in_the_region_ends_in_it_beside_an_older_fault() -> None:
    whole = region("EB-07")
    places = np.argwhere(whole)
    older, first = cells(tuple(places[0])), cells(tuple(places[40]))
    steps = through((EARLY, older), (range(31, 33), older | first), (range(33, 36), whole))
    tracks, seen = run(*steps)
    assert {(t.incident.opened.lumi, t.incident.hardware) for t in tracks} == {
        (1, EB.describe(tuple(places[0]))),
        (31, "EB-07"),
    }
    assert len(seen) == 2


def test_a_fault_of_the_other_direction_inside_is_no_part_of_it() -> None:
    hot = cells((20, 17))
    steps = [flags(lumi, high=hot) for lumi in EARLY]
    tracks, _ = run(*steps, *(flags(lumi, low=EB.exists & ~hot, high=hot) for lumi in LATE))
    assert {track.incident.direction: track.incident.opened.lumi for track in tracks} == {
        Direction.LOW: 31,
        Direction.HIGH: 1,
    }


def test_unmasked_flags_keep_an_incident_unmasked_when_a_masked_neighbour_joins() -> None:
    known = cells((4, 5))
    (track,), _ = run(
        flags(1, low=cells((4, 4)), masked=known), flags(2, low=cells((4, 4), (4, 5)), masked=known)
    )
    assert not track.incident.masked
