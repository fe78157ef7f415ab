"""`caloscope flags`: which rows are asked for, and what is said where there can be none."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from caloscope.records import Reason

from .running import caloscope
from .store.making import bundle, opened, scored, unknown


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A bad cell and a masked one in six lumisections; LS 4 is not judged, LS 5 with thresholds raised."""
    path = tmp_path / "s.db"
    results = [scored(lumi, {(1, 2): 0, (3, 5): 3}) for lumi in (1, 2, 3, 5, 6)]
    raised = (Reason.THRESHOLDS_RAISED,)
    results[3] = replace(results[3], degraded=raised, detail="thresholds raised by 20 nats")
    with opened(path) as made:
        made.register_bundle(bundle("b2", "EE+/digi", "EE+"))
        made.record([*results, replace(unknown(4), detail="0 of 3 lumisections to sum")])
    return path


def rows(store: Path, *words: str) -> list[dict[str, str]]:
    return list(csv.DictReader(caloscope("flags", "--store", store, *words).splitlines()))


def test_lumisections_are_chosen_by_ranges(store: Path) -> None:
    found = rows(store, "--lumis", "1-2,5")
    assert [(row["lumi"], row["code"]) for row in found] == [(lumi, code) for lumi in "125" for code in "03"]
    said = caloscope("flags", "--store", store, "--lumis", "5-x", code=2)
    assert said.splitlines() == ["caloscope: '5-x': found '5-x', expected numbers such as 1-3,7"]


def test_masked_cells_can_be_left_out(store: Path) -> None:
    assert {row["code"] for row in rows(store, "--unmasked")} == {"0"}
    found = rows(store, "--unmasked", "--unknown", "--lumis", "3-4")
    assert [(row["lumi"], row["code"], row["reason"]) for row in found] == [
        ("3", "0", "EVIDENCE"),
        ("4", "2", "WARM_UP"),
    ]


def test_json_lines_say_what_else_is_told_of_the_map(store: Path) -> None:
    told = caloscope("flags", "--store", store, "--format", "jsonl", "--unknown", "--lumis", "4-6")
    found = {row["lumi"]: row["detail"] for row in map(json.loads, told.splitlines())}
    assert found == {4: "0 of 3 lumisections to sum", 5: "thresholds raised by 20 nats", 6: ""}


def test_a_map_that_is_not_there_is_no_empty_table(store: Path) -> None:
    said = caloscope("flags", "--store", store, "--map", "NOPE", code=2)
    expected = "--map: found NOPE, expected one of this store's maps: EB/digi, EE+/digi"
    assert said.splitlines() == [f"caloscope: {expected}"]
    assert rows(store, "--map", "EE+/digi") == []
