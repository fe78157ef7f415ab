"""The notebooks run, as nbmake runs them: in a kernel of this Python, from the first cell to the last."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["first_steps", "networks", "plot_maps", "read_study"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_that_was_computed_is_kept(path: Path) -> None:
    book = json.loads(path.read_text("utf-8"))
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert code
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    assert book["metadata"]["kernelspec"]["name"] == "python3"


LONG = ("networks", "plot_maps", "read_study")
"""Notebooks that draw much, train networks or measure a study: up to a minute each."""


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.slow] * (path.stem in LONG), id=path.stem) for path in NOTEBOOKS],
)
def test_it_runs(path: Path, tmp_path: Path) -> None:
    # A process and settings of its own: that warnings are errors here is not for the kernel and its tools.
    settings = tmp_path / "pytest.ini"
    settings.write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-c", str(settings), "-p", "no:cacheprovider", "-q"]
    command += ["--nbmake", "--nbmake-timeout=300", str(path)]
    # No kernel that somebody installed for another Python: `python3` is then the one of this environment.
    own = {"JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_DATA_DIR": str(tmp_path), "IPYTHONDIR": str(tmp_path)}
    run = subprocess.run(
        command, env={**os.environ, **own}, capture_output=True, text=True, timeout=390, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 passed" in run.stdout
