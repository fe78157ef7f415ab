"""Texts that try to become code, and jobs that cannot be."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from caloscope.cmssw import Job, Online, Part, default_tag, era_and_modifier
from caloscope.errors import UsageError
from tests.cmssw.configs import job, offline, run_job, value

HOSTILE = (
    "/store/'+__import__('os').system('true')+'.root",
    "/store/\"\"\"'''\\.root",
    "/store/# -*- coding: rot13 -*-",
    "/store/${HOME}`id`$(id)%s{0}\\n\\",
    "/store/Δφ/é.root",
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=12, unique=True))
@example(list(HOSTILE))
def test_no_text_becomes_code(tmp_path: Path, texts: list[str]) -> None:
    files = tuple(text for text in texts if text.isprintable() and text.strip()) or HOSTILE
    first = files[0]
    process = run_job(job(source=offline(files=files), output_dir=first), tmp_path)
    assert value(process, "source", "fileNames") == list(files)
    folder = Path(value(process, "dqmOutput", "fileName")).parent
    assert folder == Path(first)


@pytest.mark.parametrize("text", ["a\nimport os", "a\rb", "a\x00b", "\x1b[2J", "a\u2028b", "\ud800", "", " "])
def test_signs_that_cannot_be_printed_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected"):
        offline(files=(text,))
    with pytest.raises(UsageError, match="expected"):
        job(output_dir=text)
    with pytest.raises(UsageError, match="expected"):
        job(global_tag=text)
    with pytest.raises(UsageError, match="expected"):
        Online(text)


@pytest.mark.parametrize(
    "changed",
    [
        {"run": 0},
        {"run": 2**32},
        {"modifier": "Run3; import os"},
        {"modifier": "import"},
        {"modifier": "Δ"},
        {"tag": "a_b"},
        {"tag": "../x"},
        {"global_tag": "a b"},
    ],
)
def test_nonsense_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="expected"):
        job(**changed)


@pytest.mark.parametrize("lumis", ["0-3", "1-100001", "1-4294967296", "5-9999999999"])
def test_lumisections_that_cannot_be_are_refused(lumis: str) -> None:
    with pytest.raises(UsageError, match="expected"):
        offline(lumis)


def test_files_twice_or_none_are_refused() -> None:
    with pytest.raises(UsageError, match="given twice"):
        offline(files=("/store/a.root", "/store/a.root"))
    with pytest.raises(UsageError, match="no input files"):
        offline(files=())


@pytest.mark.parametrize(
    ("run", "era", "modifier", "expected"),
    [
        (306138, None, None, ("2017", "Run2_2017")),
        (370000, "2023", None, ("2019+", "Run3")),
        (370000, "2019+", "Run3_2023", ("2019+", "Run3_2023")),
        (306138, "2018", "Run2_2018", ("2018", "Run2_2018")),
    ],
)
def test_the_era_is_the_runs_unless_the_modifier_is_named(
    run: int, era: str | None, modifier: str | None, expected: tuple[str, str]
) -> None:
    assert era_and_modifier(run, era, modifier) == expected


@pytest.mark.parametrize("era", ["2018", "2015", "2019-", "Run3", ""])
def test_an_era_that_is_not_the_runs_is_refused(era: str) -> None:
    with pytest.raises(UsageError, match="expected"):
        era_and_modifier(306138, era, None)


def test_tags_are_those_of_the_online_clients() -> None:
    assert [default_tag(part) for part in Part] == ["Hcal", "Ecal", "Calo"]
    assert isinstance(job(tag=default_tag(Part.BOTH)), Job)
