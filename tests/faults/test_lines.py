"""The lines of truth: what they say, and that they are read back as they were."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caloscope.errors import UsageError
from caloscope.faults import (
    Clock,
    Fault,
    Schedule,
    load_faults,
    preset_names,
    preset_text,
    read_truth,
    truth_lines,
)
from caloscope.geometry import view, view_names
from caloscope.records import LumiId

LUMIS = [LumiId(run, lumi) for run in (5, 9) for lumi in range(1, 41) if lumi not in (12, 13)]
CLOCK = Clock.of(LUMIS)
MAPS = {f"{name}/digi": view(name, "2018") for name in view_names()}


def test_a_line_says_what_was_where_and_when() -> None:
    faults = [
        Fault("EB/*", (20, 17), "factor", 0.5, onset=10, end=15, within=0.25, name="weak tower"),
        Fault("HCAL/digi", "HEM15", "dead", onset=35, ramp=2, end=43),
        Fault("EB/digi", (20, 17), "dead", mechanism="trigger", onset=999),
    ]
    first, second, third = (json.loads(line) for line in truth_lines(faults, MAPS, CLOCK, LUMIS))
    assert first == {
        "number": 1,
        "name": "weak tower",
        "kind": "factor",
        "amount": 0.5,
        "mechanism": "channels",
        "map": "EB/digi",
        "hardware": "EB+05 tower (ieta 16..20, iphi 86..90)",
        "onset": 10,
        "end": 15,
        "cells": [[20, 17]],
        "halo": [],
        "strengths": [[5, 10, 10, 0.75], [5, 11, 11, 1.0], [5, 14, 14, 1.0]],
    }
    assert second["hardware"] == "HEM15"
    assert second["strengths"] == [[5, 35, 35, 0.5], [5, 36, 40, 1.0], [9, 1, 2, 1.0]]
    assert third["strengths"] == []
    assert [20, 18] in third["halo"]
    assert [20, 17] not in third["halo"]


FEW_COPIES = [name for name in preset_names() if not name.startswith("ml4dqm")]


@pytest.mark.parametrize("name", [*FEW_COPIES, "ml4dqm-dead-box"])
def test_lines_are_read_back(name: str) -> None:
    faults = load_faults(preset_text(name), name, MAPS)
    lines = truth_lines(faults, MAPS, CLOCK, LUMIS)
    read = read_truth("\n".join(lines) + "\n")
    assert [fault.model_dump_json() for fault in read] == lines
    for true in read[:: max(1, len(read) // 20)]:
        fault = faults[true.number - 1]
        one = MAPS[true.map]
        cells = np.zeros(one.shape, np.bool_)
        cells[tuple(np.array(true.cells).T)] = True
        np.testing.assert_array_equal(cells, fault.cells(one))
        schedule = Schedule([fault], true.map, one, CLOCK)
        there = {
            LumiId(run, lumi): size
            for run, first, last, size in true.strengths
            for lumi in range(first, last + 1)
        }
        assert there == {lumi: a.strength for lumi in LUMIS for a in schedule.at(lumi)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"number": 0}, "line 2: number: expected greater than or equal to 1"),
        ({"number": 40_000}, "line 2: number"),
        ({"kind": "odd"}, "line 2: kind"),
        ({"cells": [[1, -1]]}, "line 2: cells.0.1"),
        ({"cells": [[1, 2, 3, 4]]}, "line 2: cells.0"),
        ({"strengths": [[1, 1, 1, 2.0]]}, "line 2: strengths.0.3"),
        ({"strengths": [[1, 1, 1, float("nan")]]}, "line 2: strengths.0.3"),
        ({"amount": float("inf")}, "line 2: amount"),
        ({"extra": 1}, "line 2: extra"),
        ({"end": "soon"}, "line 2: end"),
    ],
)
def test_lines_that_will_not_do_are_refused(change: dict[str, object], words: str) -> None:
    [line] = truth_lines([Fault("EB/digi", (1, 1), "dead")], MAPS, CLOCK, LUMIS)
    with pytest.raises(UsageError, match=words):
        read_truth("\n" + json.dumps({**json.loads(line), **change}))


def test_long_texts_are_refused() -> None:
    with pytest.raises(UsageError, match="short lines"):
        read_truth("\n" * 100_001)


@settings(max_examples=60, deadline=None)
@given(text=st.text(min_size=1, max_size=100).filter(lambda text: bool(text.strip())))
def test_any_other_text_is_refused_politely(text: str) -> None:
    with pytest.raises(UsageError, match="line"):
        read_truth(text)
