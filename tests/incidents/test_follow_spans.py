"""Incidents where a record covers several lumisections: what counts lumisections counts those."""

from dataclasses import replace

import pytest

from caloscope.incidents import Flags
from caloscope.records import LumiId

from .test_follow import cells, flags, run


def covering(span: int, given: Flags) -> Flags:
    return replace(given, span=span)


@pytest.mark.parametrize(("span", "quiet"), [(1, 3), (2, 2), (3, 1), (15, 1)])
def test_it_closes_after_three_lumisections_without_a_flag(span: int, quiet: int) -> None:
    flagged = flags(20, low=cells((3, 4)))
    after = [covering(span, flags(20 + span * (place + 1))) for place in range(quiet)]
    tracks, seen = run(flagged, *after[:-1])
    assert [track.is_open for track in tracks] == [True]
    tracks, seen = run(flagged, *after)
    assert [track.is_open for track in tracks] == [False]
    (incident,) = seen.values()
    assert incident.closed == LumiId(1, 20 + span * quiet)


@pytest.mark.parametrize(
    ("lumi", "span", "incidents"), [(30, 1, 1), (31, 1, 2), (31, 2, 1), (35, 5, 2), (35, 6, 1)]
)
def test_new_neighbours_join_for_ten_lumisections_counted_to_where_their_record_begins(
    lumi: int, span: int, incidents: int
) -> None:
    more = covering(span, flags(lumi, low=cells((3, 4), (3, 5))))
    tracks, _ = run(flags(20, low=cells((3, 4))), more)
    assert len(tracks) == incidents
