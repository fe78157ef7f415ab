"""From a file to the report, and the command around it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caloscope.config.catalogue import load
from caloscope.geometry import view
from caloscope.simulate import Conditions, healthy
from caloscope.validation.fault_pictures import write_fault_pictures
from caloscope.validation.run import Made, validate
from caloscope.validation.sources import find
from tests.validation.making import ENDCAP, endcap, write


def test_a_report_says_what_agrees_and_what_does_not(tmp_path: Path) -> None:
    """Crystals that are independent of each other are no ECAL: its simulation must differ from them."""
    source = write(tmp_path / "ee.h5", **{ENDCAP: endcap(1, lumis=3)})
    (tmp_path / "EEp_PU.csv").write_text("2.0e+03\n4.5e+04\n")
    told: list[int] = []
    found = find([tmp_path], list(load().values()))
    outcomes = validate(found, tmp_path / "out", Made(110, 1, "0"), lambda _, done, __: told.append(done))
    by_key = {each.real.key: each for each in outcomes[0].comparisons}
    assert by_key["fano-ring"].verdict == "differs"
    assert by_key["correlation"].verdict == "differs"
    assert told[-1] == 220
    text = (tmp_path / "out" / "validation.md").read_text()
    assert "Fano factor by ring" in text.split("## All verdicts")[0]
    assert "EEp_PU.csv" in text
    page = (tmp_path / "out" / "index.html").read_text()
    assert "http" not in page
    assert page.count("data:image/png;base64,") == len(list((tmp_path / "out").glob("*.png"))) == 5
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["samples"][0]["source"] == source.name
    assert len(results["samples"][0]["noise"]) == len(outcomes[0].noise)


def test_a_simulated_sample_agrees_with_its_own_simulation() -> None:
    from caloscope.validation.outcome import of_sample
    from caloscope.validation.sample import Frame, Sample, Stack

    frame = Frame(load()["EE+/digi"], view("EE+", "2018"))
    detector = healthy(frame.spec, frame.view, 5)
    counts = np.array(
        [detector.draw(Conditions(7, lumi, 500, 50.0, 50.0)) for lumi in range(1, 9)], dtype=float
    )
    alive = np.asarray(detector.rate > 0)
    stack = Stack(counts, np.broadcast_to(alive, counts.shape))
    sample = Sample("s", "s", "s", frame, stack, counts.mean(0) * alive, frame.view.exists & ~alive)
    outcome = of_sample(sample, 60, 1, lambda *_: None)
    low = [each.real.key for each in outcome.noise if each.p < 2 / 61]
    assert len(low) <= 2, low


def test_the_faults_of_a_preset_are_pictured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one: Any = ("EB/digi", "dead-trigger-primitive", "ZeroBias", 500)
    monkeypatch.setattr("caloscope.validation.fault_pictures._PICTURED", (one,))
    (written,) = write_fault_pictures(tmp_path)
    assert written.name == "EB-digi-faults-1.png"
    assert 10_000 < written.stat().st_size < 250_000


def command(*words: str) -> "subprocess.CompletedProcess[str]":
    code = (
        "import sys, typer\nfrom caloscope.cli.validate import validate\n"
        "from caloscope.errors import UsageError\n"
        "app = typer.Typer(pretty_exceptions_enable=False)\napp.command()(validate)\n"
        "try:\n    app()\nexcept UsageError as error:\n    print(error, file=sys.stderr)\n    sys.exit(2)\n"
    )
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


def test_the_command_lists_what_it_would_compare(tmp_path: Path) -> None:
    (tmp_path / "EEp_PU.csv").write_text("2.0e+03\n4.5e+04\n")
    answer = command(str(tmp_path), "--list", "--map", "EE*")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "EEp_PU.csv: total digis of EE+ against pileup\n"


def test_the_command_wants_a_folder_and_a_source(tmp_path: Path) -> None:
    assert "give one with -o" in command(str(tmp_path)).stderr
    answer = command(str(tmp_path / "missing"), "-o", str(tmp_path / "out"))
    assert answer.returncode == 2
    assert len(answer.stderr.splitlines()) == 1


def test_an_unknown_map_is_refused() -> None:
    answer = command("nowhere", "--list", "--map", "XX/*")
    assert answer.returncode == 2
    assert "is not known" in answer.stderr
