"""A conversion that is stopped at any moment, and asked again, ends with the same arrays."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from caloscope.dataset import open_data_set

from .making import make, write
from .test_convert import same

LUMIS = 500


def start(spool: Path, output: Path, *, workers: int) -> subprocess.Popen[str]:
    """A conversion in a process group of its own."""
    words = ["convert", spool, "-o", output, "--map", "EB/digi", "--label", "ZeroBias", "--workers", workers]
    return subprocess.Popen(
        [sys.executable, "-m", "caloscope", *map(str, words)],
        start_new_session=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def until(what: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits for something that must come."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources") / "spool"
    write(folder, range(1, LUMIS + 1))
    return folder


@pytest.fixture(scope="module")
def whole(spool: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What comes out when nobody interferes."""
    output = tmp_path_factory.mktemp("whole") / "data.h5"
    make([spool], output)
    return output


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("after", [1, 2, 3])
def test_killed_it_leaves_no_data_set_and_goes_on(
    spool: Path, whole: Path, tmp_path: Path, after: int, workers: int
) -> None:
    output = tmp_path / "data.h5"
    parts = tmp_path / ".data.h5.parts"
    process = start(spool, output, workers=workers)
    until(lambda: len(list(parts.glob("*.h5"))) >= after or process.poll() is not None)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    killed_in_time = process.returncode == -signal.SIGKILL
    assert output.exists() != killed_in_time
    if killed_in_time:
        report = make([spool], output)
        assert report.resumed >= after
        assert report.lumisections == LUMIS
    assert same(output, whole)
    assert list(tmp_path.iterdir()) == [output]


def test_killed_while_the_data_set_is_written(spool: Path, whole: Path, tmp_path: Path) -> None:
    output = tmp_path / "data.h5"
    process = start(spool, output, workers=1)
    until(lambda: any(".parts" not in path.name for path in tmp_path.iterdir()) or process.poll() is not None)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    if not output.exists():
        make([spool], output)
    assert same(output, whole)
    assert list(tmp_path.iterdir()) == [output]


def test_interrupted_it_says_how_to_go_on(spool: Path, whole: Path, tmp_path: Path) -> None:
    output = tmp_path / "data.h5"
    process = start(spool, output, workers=2)
    until(lambda: (tmp_path / ".data.h5.parts").exists() or process.poll() is not None)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    if process.returncode:
        assert process.returncode == 130
        assert "goes on from here" in errors
        assert "Traceback" not in errors
        make([spool], output)
    assert same(output, whole)


def test_two_conversions_of_one_data_set_do_not_meet(spool: Path, tmp_path: Path) -> None:
    output = tmp_path / "data.h5"
    process = start(spool, output, workers=1)
    until(lambda: (tmp_path / ".data.h5.parts" / "lock").exists() or process.poll() is not None)
    time.sleep(0.1)
    second = start(spool, output, workers=1)
    _, errors = second.communicate(timeout=60)
    first_out, first_errors = process.communicate(timeout=60)
    assert process.returncode == 0, first_out + first_errors
    assert second.returncode in (1, 2)
    assert "another conversion" in errors or "there already" in errors


def test_sources_that_changed_are_read_again(tmp_path: Path) -> None:
    write(tmp_path / "spool", [1, 2])
    make([tmp_path / "spool"], tmp_path / "data.h5")
    (tmp_path / "data.h5").unlink()
    write(tmp_path / "spool", [2], events=5000)
    make([tmp_path / "spool"], tmp_path / "data.h5")
    with open_data_set(tmp_path / "data.h5") as data:
        assert data.events("EB/digi").tolist() == [701, 5002]
