"""Studies from their text to their numbers, stopped, gone on with, and changed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from caloscope.errors import UsageError
from caloscope.study.asked import ASKED
from caloscope.study.kept import Kept
from caloscope.study.measuring import clean
from caloscope.study.run import measure, work
from caloscope.study.schedule import missing
from caloscope.study.showing import examples
from caloscope.study.text import ORACLE
from caloscope.study.whole import Plan, gathered, plan

from ..dask_cluster import started_scheduler
from ..running import caloscope
from .text import TINY, written


def planned(folder: Path, more: str = "") -> Plan:
    return plan(written(folder, more))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny study, measured."""
    folder = tmp_path_factory.mktemp("study")
    measure(planned(folder).places, Kept(folder / "cache"))
    return folder / "cache"


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


def test_a_study_that_is_killed_goes_on(tmp_path: Path) -> None:
    path = written(tmp_path)
    command = [
        sys.executable,
        "-m",
        "caloscope",
        "study",
        str(path),
        "-o",
        str(tmp_path / "r"),
        "--workers",
        "1",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as process:
        until = time.monotonic() + 60
        while not list((tmp_path / "r").rglob("cells/*/[0-9a-f]*.json")) and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    kept = {path: path.read_bytes() for path in (tmp_path / "r").rglob("cells/*/[0-9a-f]*.json")}
    assert kept
    assert all(json.loads(each) for each in kept.values())  # whole, or not there
    said = caloscope("study", path, "-o", tmp_path / "r", "--workers", "1")
    assert "1. reference" in said
    assert all(path.read_bytes() == each for path, each in kept.items())
    assert (tmp_path / "r" / "report.html").is_file()
    assert (tmp_path / "r" / "study.toml").read_text() == path.read_text()


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A real one, with two workers."""
    yield from started_scheduler(2)


def test_a_cluster_measures_the_same(cache: Path, tmp_path: Path, scheduler: str) -> None:
    path = written(tmp_path)
    said = caloscope("study", path, "-o", tmp_path / "r", "--cache", tmp_path / "c", "--scheduler", scheduler)
    assert "1. reference" in said
    assert (tmp_path / "r" / "report.html").is_file()
    there, here = (gathered(plan(path), Kept(each)) for each in (tmp_path / "c", cache))
    assert there.faults == here.faults
    assert there.calibration == here.calibration


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


def test_what_failed_is_tried_again(tmp_path: Path) -> None:
    ready, kept = planned(tmp_path), Kept(tmp_path / "cache")
    fit = next(place.fit for place in ready.places if place.fit is not None)
    kept.write(fit.key, {"failed": "there was no torch", "took": 0.0})
    first, _ = missing(ready.places, kept)
    assert fit in [cell for portion in first for cell in portion.cells]


def test_a_detector_whose_bundle_is_gone_is_fitted_again(cache: Path, tmp_path: Path) -> None:
    ready, kept = planned(tmp_path), Kept(tmp_path / "cache")
    shutil.copytree(cache / "cells", tmp_path / "cache" / "cells")
    first, then = missing(ready.places, kept)
    assert len(first) == 2
    assert then == []


def test_what_a_detector_never_saw_alive_is_no_example(tmp_path: Path) -> None:
    ready, kept = planned(tmp_path), Kept(tmp_path / "cache")
    for place in ready.places:
        for cell in place.trials:
            kept.write(cell.key, {"trials": [{"trial": cell.first, "never_alive": True}]})
    place = next(each for each in ready.places if each.setting.detector == "reference")
    assert examples(place, kept) == []
    assert gathered(ready, kept).faults == ()


def test_a_detector_that_comes_later_is_judged_in_the_same_process(cache: Path, tmp_path: Path) -> None:
    ready, kept = planned(tmp_path), Kept(tmp_path / "cache")
    cell = next(cell for place in ready.places if place.fit is not None for cell in place.clean)
    assert clean(cell, kept) == {"failed": "not trained"}
    shutil.copytree(cache / "bundles", tmp_path / "cache" / "bundles")
    assert clean(cell, kept)["lumis"] == 200


def test_a_worker_with_other_code_measures_nothing(tmp_path: Path) -> None:
    first, _ = missing(planned(tmp_path).places, Kept(tmp_path / "cache"))
    with pytest.raises(UsageError, match="a worker has other code"):
        work(replace(first[0], code="0" * 16))
    assert not (tmp_path / "cache").exists()


def test_a_damaged_result_is_named(cache: Path, tmp_path: Path) -> None:
    key = planned(tmp_path).places[1].cells[0].key
    broken = Kept(tmp_path / "cache")
    broken.write(key, {"took": 1.0})
    broken.file(key).write_text('{"took": 1', "utf-8")
    with pytest.raises(UsageError, match="remove it to measure again"):
        broken.read(key)
    assert Kept(cache).read("0" * 24) is None
