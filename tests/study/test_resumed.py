"""Studies that are stopped, damaged, or measured elsewhere."""

import json
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from caloscope.errors import UsageError
from caloscope.study.kept import Kept
from caloscope.study.measuring import clean
from caloscope.study.run import work
from caloscope.study.schedule import missing
from caloscope.study.whole import gathered, plan

from ..dask_cluster import started_scheduler
from ..running import caloscope, started
from .text import planned, written


def test_a_study_that_is_killed_goes_on(tmp_path: Path) -> None:
    path = written(tmp_path)
    words = ["study", str(path), "-o", str(tmp_path / "r"), "--workers", "1"]
    process = started(words, tmp_path / "said")
    until = time.monotonic() + 60
    while not list((tmp_path / "r").rglob("cells/*/[0-9a-f]*.json")) and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
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


@pytest.mark.slow
def test_a_cluster_measures_the_same(cache: Path, tmp_path: Path, scheduler: str) -> None:
    path = written(tmp_path)
    said = caloscope("study", path, "-o", tmp_path / "r", "--cache", tmp_path / "c", "--scheduler", scheduler)
    assert "1. reference" in said
    assert (tmp_path / "r" / "report.html").is_file()
    there, here = (gathered(plan(path), Kept(each)) for each in (tmp_path / "c", cache))
    assert there.faults == here.faults
    assert there.calibration == here.calibration


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
