"""What long commands say of how far they are: with a terminal one bar at a time, in a log a few lines."""

import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from caloscope.cli.stages import Stages

from .running import caloscope, ended

MAP = "EE+/digi"


def test_a_log_gets_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    now = 0.0
    with Stages(lambda: now) as stages:
        stages.begin("reading")
        for epoch in range(1, 101):
            stages.tell("learning", "epochs", epoch, 100, f"loss {epoch}")
            now += 7.0
        for done in range(1, 4):
            stages.tell("calibrating", "lumisections", done, 3)
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert lines[:3] == [
        "reading: 0 s",
        "learning: 1 of 100 epochs, loss 1, 0 s",
        "learning: 6 of 100 epochs, loss 6, 35 s",
    ]
    assert lines[-2:] == [
        "learning: 100 of 100 epochs, loss 100, 700 s",
        "calibrating: 3 of 3 lumisections, 0 s",
    ]
    assert len(lines) < 30


def test_epoch_losses_and_time_fit_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    with Stages() as stages:
        for epoch in range(120, 124):
            stages.tell("learning", "epochs", epoch, 200, "loss -0.3981, best -0.3982 (114)")
            time.sleep(0.15)
    text = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", capsys.readouterr().err)
    assert re.search(r"epoch 12\d, loss -0.3981, best -0.3982 \(114\) at most [-\d]+:", text)


def test_what_fails_does_not_look_done(tmp_path: Path) -> None:
    (tmp_path / "bad.root").write_bytes(b"no ROOT file")
    said = caloscope("train", tmp_path, "--map", MAP, "-o", tmp_path / "x.bundle", code=1)
    assert said.count("\n") == 1
    assert "reading" not in said


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "good.h5"
    words = ("--runs", "5", "--lumis", "40", "--days", "10", "--seed", "3")
    caloscope("simulate", "--map", MAP, *words, "-o", path)
    return path


RECIPE = ("--detector", "autoencoder", "--architecture", "dense", "--latent", "4", "--epochs", "3")


def command(good: Path, output: Path, *how: str) -> list[str]:
    words = ["train", good, "--map", MAP, "-o", output, *how]
    return [sys.executable, "-m", "caloscope", *map(str, words)]


def test_training_says_what_it_is_at(good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "x.bundle"
    done = subprocess.run(
        command(good, folder, *RECIPE), capture_output=True, text=True, check=True, timeout=100
    )
    lines = [re.sub(r"(loss|best) [-\d.e]+|\d+ s$", "", line) for line in done.stderr.splitlines()]
    assert [line.partition(":")[0] for line in lines] == ["reading", "learning", "learning", "calibrating"]
    assert "1 of 3 epochs" in lines[1]
    assert "3 of 3 epochs" in lines[2]
    # A bundle that takes its place has no curve: that of the network would be taken for its own.
    curve = [tmp_path / f"x.learning.{kind}" for kind in ("json", "png")]
    assert all(path.is_file() for path in curve)
    code, _, told = ended("train", good, "--map", MAP, "--detector", "pca", "-o", folder)
    assert code == 0, told
    assert [line.partition(":")[0] for line in told.splitlines()] == [
        "reading",
        "learning",
        "calibrating",
    ]
    assert not any(path.exists() for path in curve)


def test_a_terminal_shows_one_bar_at_a_time(good: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "NO_COLOR": "1"}
    with subprocess.Popen(
        command(good, tmp_path / "x.bundle", "--detector", "pca"),
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=environment,
    ) as process:
        os.close(theirs)
        shown = b""
        while part := _read(ours):
            shown += part
    os.close(ours)
    assert process.returncode == 0
    text = shown.decode()
    order = re.findall("reading|learning|calibrating", text)
    assert list(dict.fromkeys(order)) == ["reading", "learning", "calibrating"]
    assert order == sorted(order, key=list(dict.fromkeys(order)).index)
    # Two bars would be two lines, and to draw them anew the cursor goes up more than one.
    assert "\x1b[1A\x1b[2K\x1b[1A" not in text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a terminal says that nobody writes to it any more
        return b""
