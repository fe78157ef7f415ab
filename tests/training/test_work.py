"""The folder of work that is not finished: whose it is, who may use it, and what is left of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from caloscope.calibrate import given_of
from caloscope.errors import UsageError
from caloscope.pipeline.state import Given
from caloscope.records import MapRecord
from caloscope.training.recipe import Recipe
from caloscope.training.work import fingerprint, others_told, work_folder

from ..calibrate.making import good, seen, spec


def test_other_work_is_told_from_the_same() -> None:
    given = given_of(good(2, 20), spec())
    mark = fingerprint(given, spec(), seen(), "unet", Recipe())
    limits = Recipe(epochs=7, minutes=1.0, patience=3, devices=2, accelerator="auto")
    assert mark == fingerprint(given, spec(), seen(), "unet", limits)
    others = [
        fingerprint(given, spec(), seen(), "cnn", Recipe()),
        fingerprint(given, spec(), seen(), "unet", Recipe(seed=2)),
        fingerprint(given[1:], spec(), seen(), "unet", Recipe()),
        fingerprint(given_of(good(2, 20, first=77), spec()), spec(), seen(), "unet", Recipe()),
    ]
    counts = [Given(each.id, MapRecord(each.record.counts + 1, 5), "") for each in given if each.record]
    others.append(fingerprint(counts, spec(), seen(), "unet", Recipe()))  # the same lumisections, read anew
    assert len({mark, *others}) == len(others) + 1


def interrupted(bundle: Path) -> None:
    with work_folder(bundle, "aa") as work:
        (work / "kept").write_text("epochs")
        assert others_told(work) is None
        raise KeyboardInterrupt


def test_work_is_kept_until_it_is_done_and_other_work_is_never_touched(tmp_path: Path) -> None:
    bundle, root = tmp_path / "x.bundle", tmp_path / ".x.bundle.training"
    with pytest.raises(KeyboardInterrupt):
        interrupted(bundle)
    with work_folder(bundle, "bb") as other:
        (other / "mine").write_text("epochs")
        told = others_told(other)
        assert told is not None
        assert "(aa)" in told
        assert "\n" not in told
    assert [path.relative_to(root).as_posix() for path in sorted(root.rglob("*"))] == ["aa", "aa/kept"]
    with work_folder(bundle, "aa") as again:
        assert (again / "kept").read_text() == "epochs"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_where_nothing_was_done(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no torch"), work_folder(tmp_path / "x.bundle", "aa"):
        raise UsageError("no torch")
    assert list(tmp_path.iterdir()) == []


HOLDING = """
import sys
from pathlib import Path
from caloscope.training.work import work_folder
with work_folder(Path(sys.argv[1]), "aa") as work:
    (work / "kept").write_text("epochs")
    print("at work", flush=True)
    sys.stdin.read()
"""


def test_two_trainings_of_one_bundle_at_once_are_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "x.bundle"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(bundle)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "at work\n"
        for mark in ("aa", "bb"):
            refusal = pytest.raises(
                UsageError, match="another training of it at work, expected one at a time"
            )
            with refusal as refused, work_folder(bundle, mark):
                pytest.fail("two at once")
            assert "\n" not in str(refused.value)
        first.kill()
    with work_folder(bundle, "aa") as work:  # who was killed has left the lock, and what it came to
        assert [path.name for path in work.iterdir()] == ["kept"]
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / ".y.bundle.training").write_text("a file")
    for bundle in (tmp_path / "file" / "x.bundle", tmp_path / "y.bundle"):
        refusal = pytest.raises(UsageError, match=r"cannot be written \(.*\), expected a folder")
        with refusal as refused, work_folder(bundle, "mark"):
            pytest.fail("it is a file")
        assert "\n" not in str(refused.value)
