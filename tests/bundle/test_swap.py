"""Replacing a bundle: killed at any moment, there is one in its place, the old one or the new one."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from caloscope import bundle as bundles
from caloscope.bundle import swap
from caloscope.detectors.base import Detector
from caloscope.errors import BundleError

from .making import copied

KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from caloscope import bundle as bundles
from caloscope.bundle import swap

folder, plain, fatal = Path(sys.argv[1]), sys.argv[2] == "plain", int(sys.argv[3])
calls = 0

def dying(call):
    def counted(*given, **named):
        global calls
        calls += 1
        if calls == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*given, **named)
    return counted

if plain:  # as on a file system that exchanges no names
    swap.exchange = lambda one, other: False
old = bundles.load(folder)
Path.rename, shutil.rmtree, swap.exchange = dying(Path.rename), dying(shutil.rmtree), dying(swap.exchange)
bundles.save(folder, old.card.model_copy(update={"threshold": 9.5}), old.detector)
"""


def killed(folder: Path, how: str, call: int) -> int:
    """The exit code of a process that replaces the bundle and dies before that call that moves or deletes."""
    command = [sys.executable, "-c", KILLED, str(folder), how, str(call)]
    return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.mark.parametrize(
    ("how", "call", "is_new"), [("exchange", 2, True), ("plain", 3, False), ("plain", 4, True)]
)
def test_a_kill_leaves_the_old_bundle_or_the_new_one(
    how: str, call: int, is_new: bool, original: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(original, tmp_path)
    assert killed(folder, how, call) == -signal.SIGKILL
    assert folder.exists() is (how == "exchange" or is_new)
    assert bundles.load(folder).card.threshold == (9.5 if is_new else original.card.threshold)
    saved = bundles.save(folder, original.card, original.detector)
    assert saved.card.threshold == original.card.threshold


def test_what_was_cut_off_keeps_its_state(original: bundles.Bundle, tmp_path: Path) -> None:
    folder = copied(original, tmp_path)
    bundles.write_state(folder, "commissioning", by="anna")
    assert killed(folder, "plain", 3) == -signal.SIGKILL
    assert not folder.exists()
    assert bundles.save(folder, original.card, original.detector).standing.state == "commissioning"


def test_without_exchange_a_bundle_is_replaced_as_well(
    original: bundles.Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swap, "exchange", lambda one, other: False)
    folder = copied(original, tmp_path)
    bundles.save(folder, original.card.model_copy(update={"threshold": 9.5}), original.detector)
    assert bundles.load(folder).card.threshold == 9.5
    assert [path.name for path in tmp_path.iterdir()] == ["copy.bundle"]


def test_names_are_exchanged_or_left(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1")
    assert not swap.exchange(one, other)
    other.write_text("2")
    if swap.exchange(one, other):  # not on every file system
        assert (one.read_text(), other.read_text()) == ("2", "1")


def test_a_bundle_replaced_while_it_is_read_is_not_taken_for_the_new_one(
    original: bundles.Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied(original, tmp_path)
    kind = type(original.detector)
    restore = kind.restore

    def slow(*given: object) -> Detector:
        monkeypatch.setattr(kind, "restore", restore)
        bundles.save(folder, original.card.model_copy(update={"threshold": 9.5}), original.detector)
        return restore(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(kind, "restore", slow)
    with pytest.raises(BundleError, match="found another bundle than a moment ago"):
        bundles.load(folder)
    assert bundles.load(folder).hash == bundles.digest(folder) != original.hash
