"""Incidents: what belongs together, what it is called, when it opens and closes."""

from dataclasses import replace

import numpy as np
import pytest

from caloscope.geometry import view
from caloscope.incidents import Flags, Owner, Track, follow, standing
from caloscope.incidents.shape import gathered, hardware_of, region_sizes
from caloscope.records import Cell, Direction, Incident, LumiId, Mask, Severity

EB = view("EB", "2018")
OWNER = Owner("stream", "EB/digi", "0123")


def region(name: str) -> Mask:
    return next(r.members for r in EB.regions if r.name == name)


def flags(lumi: int, low: Mask | None = None, high: Mask | None = None, masked: Mask | None = None) -> Flags:
    """Flags of one lumisection: 300 counts expected, none seen where low, 900 where high."""
    nothing = np.zeros(EB.shape, np.bool_)
    low, high = (nothing if low is None else low), (nothing if high is None else high)
    return Flags(
        id=LumiId(1, lumi),
        flagged=low | high,
        direction=np.where(low, -1, np.where(high, 1, 0)).astype(np.int8),
        evidence=np.where(low | high, 40.0, 0.0),
        counts=np.where(low, 0.0, np.where(high, 900.0, 300.0)),
        expected=np.full(EB.shape, 300.0),
        testable=EB.exists,
        masked=nothing if masked is None else masked,
        onset={},
    )


def cells(*indices: Cell) -> Mask:
    mask = np.zeros(EB.shape, np.bool_)
    for index in indices:
        mask[index] = True
    return mask


def run(*each: Flags) -> tuple[tuple[Track, ...], dict[str, Incident]]:
    tracks: tuple[Track, ...] = ()
    seen: dict[str, Incident] = {}
    for one in each:
        tracks, touched = follow(tracks, one, EB, OWNER)
        seen |= {incident.id: incident for incident in touched}
    return tracks, seen


def test_a_dead_supermodule_is_one_incident_with_its_name() -> None:
    tracks, _ = run(flags(5, low=region("EB-07")))
    (track,) = tracks
    assert track.incident.hardware == "EB-07"
    assert track.incident.severity is Severity.REGION
    assert len(track.incident.cells) == 68
    assert (track.incident.direction, track.incident.factor) == (Direction.LOW, 0.0)


def test_a_supermodule_with_a_few_towers_left_still_has_its_name() -> None:
    most = region("EB+03").copy()
    most[tuple(np.argwhere(most)[::9].T)] = False
    (track,) = run(flags(1, low=most))[0]
    assert track.incident.hardware == "EB+03"


def test_a_single_tower_is_named_as_such() -> None:
    (track,) = run(flags(1, low=cells((20, 17))))[0]
    assert track.incident.hardware == EB.describe((20, 17))
    assert track.incident.severity is Severity.CELL


def test_everything_dead_is_the_whole_map() -> None:
    (track,) = run(flags(1, low=EB.exists))[0]
    assert (track.incident.hardware, track.incident.severity) == ("EB (whole map)", Severity.MAP)


def test_towers_across_the_seam_in_phi_are_one_incident() -> None:
    tracks, _ = run(flags(1, low=cells((10, 71), (10, 0), (11, 0))))
    assert len(tracks) == 1
    assert len(tracks[0].incident.cells) == 3


def test_towers_across_the_ends_in_eta_are_two() -> None:
    assert len(run(flags(1, low=cells((0, 5), (33, 5))))[0]) == 2


def test_low_and_high_neighbours_are_two_incidents() -> None:
    tracks, _ = run(flags(1, low=cells((4, 4)), high=cells((4, 5))))
    assert {track.incident.direction for track in tracks} == {Direction.LOW, Direction.HIGH}
    assert next(t.incident.factor for t in tracks if t.incident.direction is Direction.HIGH) == 3.0


def test_an_incident_closes_after_three_lumisections_without_a_flag() -> None:
    dead = cells((4, 4))
    tracks, seen = run(flags(1, low=dead), flags(2, low=dead), flags(3), flags(4), flags(5), flags(6))
    assert not any(track.is_open for track in tracks)
    (incident,) = seen.values()
    assert (incident.opened.lumi, incident.last.lumi, incident.closed) == (1, 2, LumiId(1, 5))


def test_a_flickering_cell_is_one_incident() -> None:
    dead = cells((4, 4))
    _, seen = run(*(flags(lumi, low=dead if lumi % 2 else None) for lumi in range(1, 12)))
    assert len(seen) == 1


def test_a_growing_cluster_stays_one_incident_and_takes_a_new_name() -> None:
    tracks, seen = run(flags(1, low=cells((4, 4))), flags(2, low=cells((4, 4), (4, 5), (5, 4))))
    assert len(seen) == 1
    assert tracks[0].incident.severity is Severity.CLUSTER
    assert "3 cells" in tracks[0].incident.hardware


def test_a_neighbour_much_later_is_an_incident_of_its_own() -> None:
    early = [flags(lumi, low=cells((4, 4))) for lumi in range(1, 14)]
    _, seen = run(*early, flags(14, low=cells((4, 4), (4, 5))))
    assert len(seen) == 2


def test_only_masked_cells_make_a_masked_incident() -> None:
    known = cells((4, 4))
    (track,) = run(flags(1, low=known, masked=known))[0]
    assert track.incident.masked
    (track,) = run(flags(1, low=cells((4, 4), (4, 5)), masked=known))[0]
    assert not track.incident.masked


def test_a_masked_cell_does_not_keep_an_incident_unmasked_once_its_neighbour_is_cured() -> None:
    known = cells((4, 4))
    tracks, _ = run(
        flags(1, low=cells((4, 4), (4, 5)), masked=known),
        *(flags(n, low=known, masked=known) for n in (2, 3)),
    )
    assert [track.incident.masked for track in tracks] == [True]


def test_a_region_that_fills_slowly_takes_in_the_incidents_that_opened_inside() -> None:
    whole = region("EB-07")
    few, many = whole.copy(), whole.copy()
    few[tuple(np.argwhere(whole)[4:].T)] = False
    few[tuple(np.argwhere(whole)[-1])] = True
    tracks, seen = run(flags(1, low=few), flags(2, low=many))
    (track,) = tracks
    assert (track.incident.hardware, track.incident.severity) == ("EB-07", Severity.REGION)
    assert track.incident.opened.lumi == 1
    assert [i.closed for i in seen.values() if i.id != track.incident.id] == [LumiId(1, 2)]


def test_what_is_left_of_a_cured_region_is_an_incident_of_its_own() -> None:
    whole, rest = region("EB-07"), cells((9, 25))
    assert whole[9, 25]
    tracks, seen = run(flags(1, low=whole), *(flags(lumi, low=rest) for lumi in (2, 3, 4)))
    assert [track.incident.hardware for track in tracks] == [EB.describe((9, 25))]
    assert next(i for i in seen.values() if i.hardware == "EB-07").closed == LumiId(1, 4)


def test_an_incident_does_not_outlive_its_run_without_a_flag() -> None:
    dead = cells((4, 4))
    other = replace(flags(1), id=LumiId(2, 1))
    tracks, seen = run(flags(1, low=dead), other)
    assert tracks == ()
    assert [incident.closed for incident in seen.values()] == [LumiId(2, 1)]
    again = replace(flags(1, low=dead), id=LumiId(2, 1))
    assert len(run(flags(1, low=dead), again)[0]) == 1


def test_two_neighbouring_supermodules_are_two_incidents() -> None:
    tracks, _ = run(flags(1, low=region("EB+07") | region("EB+08")))
    assert {track.incident.hardware for track in tracks} == {"EB+07", "EB+08"}


def test_many_single_cells_are_as_many_incidents() -> None:
    spread = np.zeros(EB.shape, np.bool_)
    spread[::4, ::4] = True
    assert len(run(flags(1, low=spread))[0]) == spread.sum()


def test_neighbours_at_high_eta_are_two_bins_apart_in_phi() -> None:
    hcal = view("HCAL", "2018")
    pair = np.zeros(hcal.shape, np.bool_)
    column = 15  # ieta -27 in HE: only odd iphi exist
    rows = np.flatnonzero(hcal.exists[1, :, column])[:2]
    assert rows[1] - rows[0] == 2
    pair[1, rows, column] = True
    places = np.flatnonzero(pair)
    assert set(gathered(places, np.arange(2), hcal)) == {0}


def test_the_onset_is_that_of_the_strongest_cell_and_never_after_opening() -> None:
    given = replace(flags(9, low=cells((4, 4))), onset={(4, 4): LumiId(1, 6)})
    (track,) = run(given)[0]
    assert (track.incident.onset, track.incident.opened) == (LumiId(1, 6), LumiId(1, 9))


def test_the_same_flags_give_the_same_identity() -> None:
    first, second = (run(flags(3, low=cells((4, 4))))[0][0].incident.id for _ in range(2))
    assert first == second


def test_cells_never_alive_are_one_standing_incident() -> None:
    assert standing(np.zeros(EB.shape, np.bool_), OWNER, LumiId(1, 1)) is None
    incident = standing(cells((1, 1), (2, 2)), OWNER, LumiId(1, 1))
    assert incident is not None
    assert incident.standing
    assert incident.masked
    assert len(incident.cells) == 2


@pytest.mark.parametrize(
    ("name", "map_view", "words"),
    [
        ("HEM15", "HCAL", "3 cells in HEM15, from ieta "),
        ("EB-07", "EB", "3 cells in EB-07, from tower (ieta "),
    ],
)
def test_a_part_of_a_region_names_it_once(name: str, map_view: str, words: str) -> None:
    on = view(map_view, "2018")
    places = np.flatnonzero(next(r.members for r in on.regions if r.name == name))[:60:20]
    hardware, severity = hardware_of(places, region_sizes(on.exists, on), on)
    assert hardware.startswith(words)
    assert hardware.count(name) == 1
    assert severity is Severity.CLUSTER


@pytest.mark.parametrize(("name", "map_view"), [("HEM15", "HCAL"), ("HBP07", "HCAL"), ("EE+Q1", "EE+")])
def test_regions_of_other_views_are_named(name: str, map_view: str) -> None:
    on = view(map_view, "2018")
    low = next(r.members for r in on.regions if r.name == name)
    base = Flags(
        id=LumiId(1, 1),
        flagged=low,
        direction=np.where(low, -1, 0).astype(np.int8),
        evidence=np.where(low, 40.0, 0.0),
        counts=np.zeros(on.shape),
        expected=np.full(on.shape, 300.0),
        testable=on.exists,
        masked=np.zeros(on.shape, np.bool_),
        onset={},
    )
    (track,), _ = follow((), base, on, OWNER)
    assert track.incident.hardware == name


def absences(lumi: int, low: Mask, run: int = 1) -> Flags:
    """Flags where nothing can be said of a cell but that it is absent."""
    return replace(flags(lumi, low=low), id=LumiId(run, lumi), testable=low, seen=EB.exists)


def test_regions_are_as_large_as_what_was_seen_of_them() -> None:
    """Four absent cells fill no map of which nothing else is known to be good."""
    low = cells((0, 0), (9, 9), (20, 40), (33, 71))
    tracks, _ = run(absences(1, low))
    assert [track.incident.severity for track in tracks] == [Severity.CELL] * 4
    (track,), _ = run(absences(1, region("EB-07")))
    assert track.incident.hardware == "EB-07"


def test_what_cannot_be_tested_is_neither_cured_nor_mostly_cured() -> None:
    """Of a supermodule one tower is seen to be absent, in this run and in the next."""
    one = cells(next(zip(*np.nonzero(region("EB-07")), strict=True)))
    unknown = [absences(lumi, one) for lumi in range(2, 8)] + [absences(lumi, one, run=2) for lumi in (1, 2)]
    (track,), _ = run(flags(1, low=region("EB-07")), *unknown)
    assert len(track.incident.cells) == 68
    assert (track.incident.closed, track.incident.last, track.small) == (None, LumiId(2, 2), 0)


def test_another_run_ends_what_is_seen_to_be_over() -> None:
    elsewhere = [absences(lumi, cells((1, 1)), run=2) for lumi in (1, 2, 3, 4)]
    tracks, _ = run(flags(1, low=cells((20, 40))), *elsewhere)
    assert {track.incident.cells for track in tracks} == {((1, 1),), ((20, 40),)}
    tracks, _ = run(flags(1, low=cells((20, 40))), replace(flags(5), id=LumiId(2, 5)))
    assert not tracks
