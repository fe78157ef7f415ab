"""Certification files: what they hold, and what is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caloscope.certification import read_json
from caloscope.certification.certified import Certified, merged
from caloscope.errors import UsageError


def written(folder: Path, text: str) -> Path:
    """A certification file."""
    path = folder / "golden.json"
    path.write_text(text)
    return path


def test_ranges_hold_both_their_ends(tmp_path: Path) -> None:
    path = written(
        tmp_path, '{"315257": [[91, 92], [1, 88]], "315258": [], "315259": [[1, 5], [4, 9], [10, 10]]}'
    )
    certified = read_json(path)
    assert certified.runs == {315257, 315258, 315259}
    assert certified.ranges[315259] == ((1, 10),)
    held = [lumi for lumi in range(95) if certified.holds(315257, lumi)]
    assert held == [*range(1, 89), 91, 92]
    assert not certified.holds(315258, 1)
    assert not certified.holds(1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no JSON"),
        ("{", "no JSON (line 1)"),
        ("[" * 100_000, "no JSON"),
        ("[]", "[] at the top"),
        ('{"1": [[1, NaN]]}', "run 1: [1, nan]"),
        ('{"1": [[1, ' + "9" * 5000 + "]]}", "no JSON"),
        ('{"1": [[1, 2]], "1": [[3, 4]]}', "run '1' twice"),
        ('{"x": [[1, 2]]}', "'x' for a run"),
        ('{"01": [[1, 2]]}', "'01' for a run"),
        ('{"99999999999": [[1, 2]]}', "'99999999999' for a run"),
        ('{"4294967296": [[1, 2]]}', "'4294967296' for a run"),
        ('{"355456": [[9, 2]]}', "run 355456: [9, 2]"),
        ('{"355456": [[0, 2]]}', "run 355456: [0, 2]"),
        ('{"355456": [[1, 2.0]]}', "run 355456: [1, 2.0]"),
        ('{"355456": [["1", 2]]}', "run 355456: ['1', 2]"),
        ('{"355456": [[true, 2]]}', "run 355456: [True, 2]"),
        ('{"355456": [[1, 2, 3]]}', "run 355456: [1, 2, 3]"),
        ('{"355456": [[]]}', "run 355456: []"),
        ('{"355456": [1, 2]}', "run 355456: 1"),
        ('{"355456": {"1": 2}}', "run 355456: {'1': 2}"),
        ('{"355456": [[1, 4294967296]]}', "run 355456: [1, 4294967296]"),
        ('{"1": [' + "[" * 900 + "]" * 900 + "]}", "run 1: [[[[[["),
        ("[" + "0," * 5_000_000, "more than any certification file holds"),
        (" " * 50_000_001, "more than any certification file holds"),
    ],
)
def test_anything_else_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as raised:
        read_json(path)
    assert str(raised.value).startswith(f"{path}: {message}")
    assert "expected" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or directory, expected a certification file"):
        read_json(tmp_path / "none.json")
    with pytest.raises(UsageError, match="is a directory"):
        read_json(tmp_path)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)).map(lambda r: (r[0], r[0] + r[1]))))
def test_merged_ranges_hold_the_same(ranges: list[tuple[int, int]]) -> None:
    certified = Certified({7: merged(ranges)})
    for lumi in range(75):
        assert certified.holds(7, lumi) == any(first <= lumi <= last for first, last in ranges)


@pytest.mark.realdata
def test_the_real_files(shared_data: Path) -> None:
    golden = read_json(shared_data / "formats" / "golden_2018.json")
    assert golden.holds(315257, 88)
    assert not golden.holds(315257, 89)
    for name in ("golden_2018.json", "dcsonly_2022.json"):
        path = shared_data / "formats" / name
        content = json.loads(path.read_text())
        certified = read_json(path)
        assert certified.runs == {int(run) for run in content}
        lumis = sum(last - first + 1 for ranges in certified.ranges.values() for first, last in ranges)
        assert lumis == len(
            {(r, n) for r, ranges in content.items() for a, b in ranges for n in range(a, b + 1)}
        )
