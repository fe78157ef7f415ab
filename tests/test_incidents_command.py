"""`caloscope incidents`: whose an incident is, for people and for programs."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from caloscope.cli.incidents import Form, print_found
from caloscope.records import LumiId
from caloscope.store import Store

from .running import caloscope
from .store.making import LABEL, MAP, RUN, bundle, incident

FIRST, SECOND = "0a218c7c12345678", "f9b20065658fc6cb"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with a fault that two active bundles of one map have found."""
    path = tmp_path / "s.db"
    with Store(str(path)) as opened:
        for number, (name, detector) in enumerate({FIRST: "reference", SECOND: "pca"}.items()):
            opened.register_bundle(replace(bundle(name), detector=detector))
            found = replace(incident(number, 3 + number, 5, factor=None if number else 0.5), bundle=name)
            opened.record([], [replace(found, closed=LumiId(RUN, 6) if number else None)])
    return path


def silence(path: Path) -> None:
    with Store(str(path)) as opened:
        opened.note_state(SECOND, "commissioning", by="anna", reason="", at=None)


def rows(path: Path, *words: str) -> list[str]:
    return [line for line in caloscope("incidents", "--store", path, *words).splitlines() if MAP in line]


def test_several_bundles_are_named(store: Path) -> None:
    first, second = rows(store)
    assert "reference 0a218c7c " in first
    assert "pca f9b20065 " in second
    assert "commissioning" not in first + second


def test_one_bundle_needs_no_name(store: Path) -> None:
    silence(store)
    (only,) = rows(store)
    assert "reference" not in only


def test_what_is_in_commissioning_says_so(store: Path) -> None:
    silence(store)
    said = caloscope("incidents", "--store", store, "--commissioning")
    assert "reference 0a218c7c " in said
    assert "pca f9b20065, commissioning" in said
    with Store(str(store)) as opened:
        opened.note_state(FIRST, "commissioning", by="anna", reason="", at=None)
    only = caloscope("incidents", "--store", store, "--commissioning", "--open")
    assert "reference 0a218c7c, commissioning" in only
    assert "pca" not in only


def test_programs_are_told_the_bundle_always(store: Path) -> None:
    silence(store)
    told = caloscope("incidents", "--store", store, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(told))
    assert (row["label"], row["map"], row["bundle"], row["detector"]) == (LABEL, MAP, FIRST, "reference")
    assert (row["commissioning"], row["cells"], row["severity"]) == ("no", "2", "cluster")
    assert (row["opened"], row["closed"], row["state"]) == (f"{RUN}:3", "", "open")
    words = ("incidents", "--store", store, "--commissioning")
    found = json.loads(caloscope(*words, "--format", "json"))
    assert [each["bundle"] for each in found] == [FIRST, SECOND]
    assert [each["commissioning"] for each in found] == [False, True]
    assert (found[1]["factor"], found[1]["closed"], found[1]["state"]) == (None, f"{RUN}:6", "closed")
    lines = caloscope(*words, "--format", "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == found


def test_names_are_no_markup(tmp_path: Path) -> None:
    names = ("sector [b1]", "box [/x]", "[red]a\\[", "b\x1b[31m\nc")
    with Store(str(tmp_path / "s.db")) as opened:
        opened.register_bundle(replace(bundle(FIRST), detector="[b]pca"))
        opened.note_state(FIRST, "commissioning", by="anna", reason="", at=None)
        found = [replace(incident(at, 3, 5), bundle=FIRST, hardware=name) for at, name in enumerate(names)]
        opened.record([], found)
    said = caloscope("incidents", "--store", tmp_path / "s.db", "--commissioning")
    for name in (*names[:3], "b [31m c", "[b]pca 0a218c7c"):
        assert name in said
    assert "\x1b" not in said


def test_a_bundle_that_nobody_knows_is_told_by_its_hash(capsys: pytest.CaptureFixture[str]) -> None:
    found = [replace(incident(0, 3, 5), bundle=FIRST)]
    print_found(found, {}, Form.TABLE)
    print_found(found, {}, Form.JSONL)
    table, line = capsys.readouterr().out.rsplit("\n", 2)[:2]
    assert "5" in table
    told = json.loads(line)
    assert (told["bundle"], told["detector"], told["commissioning"]) == (FIRST, None, False)
