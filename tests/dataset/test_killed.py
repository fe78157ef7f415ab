"""Killed with -9 at any moment, what is there under its name is whole."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from caloscope.dataset import open_data_set, open_shard

from .killing import MAP, ROWS, record
from .making import left_in

TRIALS = 8


@pytest.mark.parametrize("what", ["shard", "data"])
def test_kill_minus_nine(tmp_path: Path, what: str) -> None:
    rng = np.random.default_rng(7)
    for trial in range(TRIALS):
        command = [sys.executable, "-m", "tests.dataset.killing", what, str(tmp_path)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        ) as process:
            assert process.stdout is not None
            if trial % 2:
                process.stdout.readline()
            else:
                _until_begun(tmp_path, left_in(tmp_path))
            time.sleep(float(rng.uniform(0, 0.06)))
            process.kill()
        hidden = [name for name in left_in(tmp_path) if name != "a.h5"]
        assert all(name.startswith(".a.h5.") and name.endswith(".tmp") for name in hidden)
        if (tmp_path / "a.h5").exists():
            _check(tmp_path / "a.h5", what)
        assert trial == 0 or (tmp_path / "a.h5").exists()
    assert any(name != "a.h5" for name in left_in(tmp_path)), "no trial hit the writing"


def _until_begun(folder: Path, before: list[str]) -> None:
    """Wait for another hidden file."""
    ends = time.monotonic() + 30
    while left_in(folder) == before:
        assert time.monotonic() < ends
        time.sleep(0.002)


def _check(path: Path, what: str) -> None:
    if what == "shard":
        with open_shard(path) as shard:
            found = [row.maps[MAP].record() for row in shard.rows]
    else:
        with open_data_set(path) as data:
            found = [each for row in range(len(data)) if (each := data.record(MAP, row)) is not None]
    assert len(found) == ROWS
    for lumi, each in enumerate(found, start=1):
        assert each.events == lumi
        np.testing.assert_array_equal(each.counts, record(lumi).counts)
