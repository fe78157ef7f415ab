"""A training that is killed goes on with the same command and comes to exactly the same network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

from caloscope import bundle

from .killing import EPOCHS

DETECTOR = "autoencoder"


def start(folder: Path, seed: int = 1) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.training.neural.killing", str(folder), DETECTOR, str(seed)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])


def finish(folder: Path, seed: int = 1) -> list[int]:
    """The epochs that a training tells of until it is through."""
    with start(folder, seed) as process:
        assert process.stdout is not None
        told = [int(line) for line in process.stdout]
    assert process.returncode == 0
    return told


def kill(folder: Path, epochs: int, seed: int = 1) -> list[int]:
    """Kill a training when it tells of so many epochs; the epochs that it told of."""
    told: list[int] = []
    with start(folder, seed) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(int(line))
            if told[-1] == epochs:
                process.kill()
                break
    assert process.returncode == -9
    return told


@pytest.mark.slow
def test_kill_minus_nine_in_training(tmp_path: Path) -> None:
    whole, folder = tmp_path / "whole" / "x.bundle", tmp_path / "x.bundle"
    # In a process like the others: how sums are rounded depends on the number of threads, and what else runs
    # in the process of the tests may have lowered it.
    finish(whole)
    kill(folder, 1, seed=2)
    work = tmp_path / ".x.bundle.training"
    assert not folder.exists()
    (other,) = work.glob("*/checkpoint.pt")
    assert kill(folder, 3) == [1, 2, 3]  # another recipe begins anew
    assert finish(folder) == list(range(3, EPOCHS + 1))  # where it was, and what came after
    assert (folder / "model.onnx").read_bytes() == (whole / "model.onnx").read_bytes()
    assert list(work.rglob("checkpoint.pt")) == [other]  # hours of work that were not asked for this time
    assert bundle.verify(bundle.load(folder)).worst == pytest.approx(0, abs=1e-6)
    told, expected = (json.loads((each.parent / "x.learning.json").read_text()) for each in (folder, whole))
    assert [epoch["held"] for epoch in told["curve"]] == [epoch["held"] for epoch in expected["curve"]]
    assert told["best_epoch"] == expected["best_epoch"]
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [work.name, "whole", "x.bundle", "x.learning.json"]
