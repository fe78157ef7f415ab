"""`caloscope train` with a network: what it says, what it leaves, and how it is interrupted."""

import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from caloscope.config.catalogue import load
from caloscope.faults import Fault
from caloscope.geometry import view
from caloscope.simulate import STEADY, Fill, healthy_maps
from caloscope.simulate.to_data_set import Plan, to_data_set

pytest.importorskip("torch")

MAP = "EE+/digi"
SMALL = ("--detector", "autoencoder", "--architecture", "dense", "--latent", "4", "--patience", "20000")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four runs of which one has a dead cell in half of its lumisections, and says so."""
    path = tmp_path_factory.mktemp("data") / "faulty.h5"
    spec = load()[MAP]
    detectors = healthy_maps([(spec, view(spec.view, "2018"))], 1, stability=STEADY)
    faults = [Fault(MAP, (5, 10), "dead", onset=11, end=26)]
    to_data_set(
        path, Plan([Fill(320_001 + run, 30, run) for run in range(4)], detectors, faults), provenance={}
    )
    return path


def started(data: Path, made: Path, epochs: int) -> "subprocess.Popen[str]":
    words = ("train", data, "--map", MAP, "-o", made, *SMALL, "--epochs", str(epochs))
    return subprocess.Popen(
        [sys.executable, "-m", "caloscope", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever starts tests in the background has them ignore interrupts.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - nothing else
    )


def test_interrupted_it_says_so_and_goes_on(faulty: Path, tmp_path: Path) -> None:
    made = tmp_path / "x.bundle"
    with started(faulty, made, 20_000) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line.startswith("learning: ") and process.poll() is None:
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130
    assert lines[-1] == "caloscope: interrupted; the same command goes on where it was\n"
    assert not [line for line in lines if "Traceback" in line]
    faults = [line for line in lines if "have faults" in line]
    assert len(faults) == 1
    assert faults[0].startswith(
        "faulty.h5 says that 15 of 120 lumisections have faults in EE+/digi: they are taken"
    )
    with started(faulty, made, 1) as process:
        out, told = process.communicate(timeout=100)
    assert process.returncode == 0, told
    assert "stopped: 1 epoch)" in out
    left = tmp_path / "x.learning.json", tmp_path / "x.learning.png"
    assert f"learning curve: {left[0]}, {left[1]}\n" in out
    assert json.loads(left[0].read_text())["finished"] == "1 epoch"
    assert left[1].read_bytes().startswith(b"\x89PNG")
