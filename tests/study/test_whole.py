"""Studies from their text to their numbers, stopped, gone on with, and changed."""

from pathlib import Path

import pytest

from caloscope.errors import UsageError
from caloscope.study.asked import ASKED
from caloscope.study.kept import Kept
from caloscope.study.run import measure
from caloscope.study.schedule import missing
from caloscope.study.showing import examples
from caloscope.study.text import ORACLE
from caloscope.study.whole import gathered, plan

from ..running import caloscope
from .text import TINY, planned, written


def test_it_measures_what_the_text_asks_for(cache: Path, tmp_path: Path) -> None:
    found = gathered(planned(tmp_path), Kept(cache))
    lines = {(line.setting.detector, line.fault): line for line in found.faults}
    assert len(lines) == 9
    assert all(line.trials == 4 for line in lines.values())
    for fault in ("cell dead", "quadrant dead"):
        assert lines[ORACLE, fault].delay.value == 1.0
        assert lines["reference", fault].found.value == 1.0
        assert lines["reference", fault].cell_auc.value == pytest.approx(1.0, abs=0.01)
    assert lines["reference", "cell dead"].localised.value == 1.0
    assert lines["reference", "cell x0.5"].mean_delay.value >= lines[ORACLE, "cell x0.5"].mean_delay.value
    (reference, pull) = found.clean
    assert (reference.lumis, pull.lumis) == (200, 200)
    assert [line.asked for line in found.calibration] == 2 * list(ASKED)
    assert all(line.lumis == 200 for line in found.calibration)
    assert [line.setting.detector for line in found.ranking] == ["reference", "pull"]
    assert found.ranking[0].slower.value >= 1.0
    assert {cost.setting.detector: cost.parameters > 0 for cost in found.costs} == {
        "reference": True,
        "pull": True,
    }


def test_nothing_is_measured_twice(cache: Path, tmp_path: Path) -> None:
    kept = Kept(cache)
    assert missing(planned(tmp_path).places, kept) == ([], [])
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*.json")}
    more = (
        '[[matrix]]\nname = "more"\ntrain = ["here"]\ntest = ["here"]\nlumis = 120\ntrials = 5\nclean = 200\n'
    )
    changed = planned(tmp_path, more)
    first, then = missing(changed.places, kept)
    assert first == []  # the same detectors
    assert {cell.many for portion in then for cell in portion.cells} == {5}  # type: ignore[union-attr]
    measure(changed.places, kept)
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())


def test_the_same_study_gives_the_same_numbers(cache: Path, tmp_path: Path) -> None:
    measure(planned(tmp_path).places, Kept(tmp_path / "again"), workers=2)
    one, other = (gathered(planned(tmp_path), Kept(each)) for each in (cache, tmp_path / "again"))
    assert one.faults == other.faults
    assert one.clean == other.clean
    assert one.ranking == other.ranking


@pytest.mark.slow
def test_each_detector_is_ranked_once(cache: Path, tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace("lumis = 120", "lumis = [20, 120]"))
    said = caloscope("study", path, "-o", tmp_path / "r", "--cache", cache, "--workers", "1")
    assert [line.split()[1] for line in said.splitlines() if ". " in line[:4]] == ["reference:", "pull:"]


def test_a_dry_run_measures_nothing(tmp_path: Path) -> None:
    said = caloscope("study", written(tmp_path), "-o", tmp_path / "r", "--dry-run", "--workers", "2")
    assert "detectors to train and calibrate: 2" in said
    assert "on 2 cores" in said
    assert not (tmp_path / "r").exists()


def test_what_cannot_be_is_said_before_any_work(tmp_path: Path) -> None:
    for old, new, said in (
        ('kind = "pull"', 'kind = "psychic"', "expected one of reference"),
        ('kind = "pull"', 'kind = "pull"\nrecipe = {epochs = 3}', "expected none: it has no network"),
        ('kind = "pull"', 'kind = "cnn"\nrecipe = {epoch = 3}', "epoch in a recipe"),
        ('kind = "pull"', 'bundle = "nowhere.bundle"', r"found no bundle .*nowhere\.bundle"),
        ('where = "quadrant"', 'where = "rbx"', "expected one of cell"),
        ('map = "EE+/digi"', 'map = "EE/digi"', "is not known"),
        ('era = "2017"', 'era = "1066"', "1066"),
    ):
        (tmp_path / "wrong.toml").write_text(TINY.replace(old, new, 1), "utf-8")
        with pytest.raises(UsageError, match=said):
            plan(tmp_path / "wrong.toml")


def test_a_detector_that_cannot_be_trained_does_not_stop_the_others(tmp_path: Path) -> None:
    text = TINY.replace("lumis = 120", "lumis = 20").replace('kind = "pull"', 'kind = "cnn"')
    (tmp_path / "few.toml").write_text(text, "utf-8")
    few = plan(tmp_path / "few.toml")
    measure(few.places, Kept(tmp_path / "cache"))
    found = gathered(few, Kept(tmp_path / "cache"))
    assert {line.setting.detector for line in found.faults} == {ORACLE, "reference"}
    (failed,) = found.failed
    assert (failed.setting.detector, failed.setting.lumis) == ("pull", 20)
    assert "too few good runs for a network" in failed.why


def test_what_a_detector_never_saw_alive_is_no_example(tmp_path: Path) -> None:
    ready, kept = planned(tmp_path), Kept(tmp_path / "cache")
    for place in ready.places:
        for cell in place.trials:
            kept.write(cell.key, {"trials": [{"trial": cell.first, "never_alive": True}]})
    place = next(each for each in ready.places if each.setting.detector == "reference")
    assert examples(place, kept) == []
    assert gathered(ready, kept).faults == ()
