"""What the benchmarks count with: their intervals, their tables and the noise that neighbours share."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import correlated
from benchmarks.intervals import garwood, wilson
from benchmarks.scoring import Tally, Watch, learn
from benchmarks.tables import show
from caloscope.geometry import view
from caloscope.simulate import Fault, Fill, healthy, lumisections


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


@pytest.mark.parametrize("name", ["EB", "EE+"])
def test_blocks_give_the_fano_factor_and_the_correlation_asked_for(name: str) -> None:
    on = view(name, "2018")
    detector = healthy(on, "overdispersed", np.random.default_rng(1))
    pulls = []
    for each in correlated.lumisections(Fill(1, 150, 1), detector):
        record = each.maps[f"{name}/digi"]
        # The true pileup: the measured one would add three per cent of its own.
        mean = np.where(on.exists, detector.mean(record.events or 0, 55.0 * np.exp(-each.lumi / 1500)), 1.0)
        pulls.append(np.where(on.exists, (record.counts - mean) / np.sqrt(mean), 0.0))
    planes = np.array(pulls)
    assert np.abs(planes[:, on.exists].mean()) < 0.3
    assert np.mean(planes[:, on.exists] ** 2) == pytest.approx(detector.fano, rel=0.05)
    beyond_poisson = 1 - 1 / detector.fano
    for distance, expected in ((1, 0.57), (2, 0.35), (3, 0.12)):
        both = on.exists & np.roll(on.exists, distance, axis=1)
        both[:, :distance] &= on.x.circular
        shifted = np.roll(planes, distance, axis=2)
        found = np.corrcoef(planes[:, both].ravel(), shifted[:, both].ravel())[0, 1]
        assert found == pytest.approx(expected * beyond_poisson, abs=0.03)


def test_a_tally_counts_flags_and_incidents_once() -> None:
    on = view("EE+", "2018")
    detectors = {"EE+/digi": healthy(on, "overdispersed", np.random.default_rng(1))}
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
    assert names == ["reading", "dqmio", "tdirectory", "conversion", "latency", "delay", "false_alarms"]
    refused = subprocess.run([*command, "nothing"], cwd=root, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "no benchmark 'nothing'" in refused.stderr
