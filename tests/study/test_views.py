"""A study of several maps: each detector where it learned, and the faults that can be there."""

from pathlib import Path

import pytest

from caloscope.errors import UsageError
from caloscope.study.kept import Kept
from caloscope.study.run import measure
from caloscope.study.text import ORACLE
from caloscope.study.whole import gathered, plan, run

TWO = """
title = "Two endcaps and HO"
map = "EE+/digi"
calibrated_on = 400
yardstick = 400
[sample."EE+"]
[sample."EE-"]
map = "EE-/digi"
[sample.HO]
map = "HO/digi"
[detector.reference]
kind = "reference"
[[fault]]
where = "cell"
factor = 0.0
window = 4
[[fault]]
where = "quadrant"
factor = 0.0
window = 4
[[matrix]]
name = "views"
train = ["EE-", "EE+", "HO"]
lumis = 100
trials = 2
clean = 100
"""


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "two.toml"
    path.write_text(TWO)
    return path


def test_each_is_judged_on_its_own_map_with_faults_that_can_be_there(text: Path) -> None:
    places = [each for each in plan(text).places if each.setting.detector != ORACLE]
    told = {(each.setting.trained, each.setting.tested): [row.title for row in each.rows] for each in places}
    assert told == {
        ("EE-", "EE-"): ["cell dead", "quadrant dead"],
        ("EE+", "EE+"): ["cell dead", "quadrant dead"],
        ("HO", "HO"): ["cell dead"],
    }


def test_the_report_shows_all_of_them(text: Path, tmp_path: Path) -> None:
    found = run(plan(text), tmp_path / "r", cache=tmp_path / "c")
    assert found.map == "EE+/digi, EE-/digi, HO/digi"
    dead = {line.setting.tested: line.found.value for line in found.faults if line.fault == "cell dead"}
    assert dead == {"EE+": 1.0, "EE-": 1.0, "HO": 1.0}
    page = (tmp_path / "r" / "report.html").read_text("utf-8")
    assert "Each where it learned: views" in page
    assert "Times the oracle&#x27;s delay from sample to sample, views: reference 1" in page
    measure(plan(text).places, Kept(tmp_path / "c"))
    assert gathered(plan(text), Kept(tmp_path / "c")).ranking == found.ranking


def test_a_fault_that_can_be_nowhere_is_refused(text: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text(text.read_text().replace('"quadrant"', '"rbx"'))
    with pytest.raises(UsageError, match=r"where = 'rbx' of EE\+ and EE- and HO in views: expected one"):
        plan(path)
