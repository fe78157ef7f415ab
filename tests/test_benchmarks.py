"""What the benchmarks count with: their intervals and their tables."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.scoring import Tally, Watch, learn
from benchmarks.tables import show
from caloscope.config.catalogue import load
from caloscope.faults import Fault
from caloscope.geometry import view
from caloscope.simulate import STEADY, Fill, healthy, lumisections
from caloscope.study.metrics.intervals import garwood, wilson


def test_intervals_are_the_published_ones() -> None:
    assert garwood(0, 1.0) == pytest.approx((0.0, 0.0, 3.689), abs=1e-3)
    assert garwood(10, 2.0) == pytest.approx((5.0, 4.795 / 2, 18.390 / 2), abs=1e-3)
    assert wilson(0, 60) == pytest.approx((0.0, 0.0, 0.0602), abs=1e-4)
    assert wilson(30, 60) == pytest.approx((0.5, 0.3773, 0.6227), abs=1e-4)
    assert wilson(60, 60).high == pytest.approx(1.0)
    assert wilson(30, 60).text(0, 100) == "50 (38 to 62)"


def test_tables_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    show(("a", "long"), [("wider", "b")])
    assert capsys.readouterr().out == "| a     | long |\n| ----- | ---- |\n| wider | b    |\n"


def test_a_tally_counts_flags_and_incidents_once() -> None:
    on = view("EE+", "2018")
    detectors = {"EE+/digi": healthy(load()["EE+/digi"], on, seed=1, stability=STEADY)}
    scorer = learn(on, lumisections(Fill(1, 30, 1), detectors))
    tally = Tally()
    watch = Watch(scorer, tally)
    for each in lumisections(Fill(2, 10, 1), detectors, [Fault("EE+/digi", (9, 5), "dead", onset=3)]):
        watch.see(each)
    assert (tally.seen, tally.lumis, tally.incidents) == (10, 10, 1)
    assert 6 <= tally.flagged_lumis == tally.flags <= 8
    assert tally.days == pytest.approx(10 / 3700)


def test_the_benchmarks_are_listed_and_others_refused() -> None:
    command, root = [sys.executable, "-m", "benchmarks"], Path(__file__).resolve().parents[1]
    listed = subprocess.run([*command, "--list"], cwd=root, capture_output=True, text=True, check=True)
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    assert names == [
        "reading",
        "dqmio",
        "tdirectory",
        "conversion",
        "simulation",
        "latency",
        "endurance",
        "replay",
        "verdict",
        "delay",
        "false_alarms",
        "surroundings",
        "short_references",
        "networks",
        "detection",
    ]
    assert all(find_spec(f"benchmarks.{name}") is not None for name in names)
    refused = subprocess.run([*command, "nothing"], cwd=root, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "no benchmark 'nothing'" in refused.stderr
