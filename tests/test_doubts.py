"""What people are told of bundles that they should not simply believe: one line for each thing."""

import re
from pathlib import Path

import pytest

from caloscope import bundle as bundles
from caloscope.bundle import Bundle
from caloscope.config.catalogue import load
from caloscope.geometry import view
from caloscope.monitor import Intake
from caloscope.pipeline.eras import other_era, told_of_eras
from caloscope.simulate import STEADY, Fill, healthy_maps, lumisections
from caloscope.simulate.to_data_set import Plan, to_data_set
from caloscope.store import Store
from caloscope.training import train

from .running import ended

MAP = "EE+/digi"
WORDS = "EEp.bundle learned in 2018, these lumisections are of 2019+: the pattern may be another"


def plan(run: int, lumis: int, era: str) -> Plan:
    """A run of an endcap, whose cells are the same in all eras."""
    spec = load()[MAP]
    return Plan([Fill(run, lumis, 1)], healthy_maps([(spec, view("EE+", era))], 1, stability=STEADY))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of 2018, and six lumisections of a later era."""
    found = tmp_path_factory.mktemp("eras")
    learned = plan(320_001, 12, "2018")
    good = lumisections(learned.fills, learned.detectors)
    spec, on = load()[MAP], view("EE+", "2018")
    train(good, spec, on, found / "EEp.bundle", detector="pull", calibrated=False)
    to_data_set(found / "later.h5", plan(330_001, 6, "2019+"), provenance={})
    return found


def edit(original: Path, copy: Path, pattern: str, to: str) -> Path:
    """A copy of a bundle with another card."""
    copy.mkdir()
    for file in original.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    card = copy / "bundle.toml"
    text, count = re.subn(pattern, to, card.read_text(), count=1, flags=re.MULTILINE)
    assert count == 1
    card.write_text(text)
    return copy


def by_hand(folder: Path, copy: Path) -> Path:
    """A bundle whose threshold is not the one that its card says was calibrated."""
    return edit(
        folder / "EEp.bundle", copy, r"^\[calibration\]$", "[calibration]\nthreshold_cell_low = [99.0]"
    )


def test_a_replay_says_what_is_doubtful_once(folder: Path, tmp_path: Path) -> None:
    made, edited = folder / "EEp.bundle", by_hand(folder, tmp_path / "hand.bundle")
    copy = edit(made, tmp_path / "copy.bundle", r"\A", "")
    done = ended(
        *("replay", folder / "later.h5", "--store", tmp_path / "s.sqlite"),
        *("--bundle", made, "--bundle", edited, "--bundle", copy),
    )
    assert done.code == 0
    lines = done.told.splitlines()
    assert lines.count(WORDS) == 1
    assert lines.count(WORDS.replace("EEp", "hand")) == 1
    (changed,) = [line for line in lines if "edited: not what was calibrated" in line]
    assert changed.startswith("hand.bundle: thresholds edited: not what was calibrated (cell low was 99)")
    (twice,) = [line for line in lines if "the same bundle" in line]
    assert twice.startswith("copy.bundle: the same bundle as EEp.bundle (hash ")
    assert len(lines) == 4
    assert "1 file, 6 lumisections, 12 results" in done.out


def test_a_replay_counts_what_is_unknown_for_each_bundle(folder: Path, tmp_path: Path) -> None:
    other = edit(folder / "EEp.bundle", tmp_path / "dear.bundle", r"^min_events = .*$", "min_events = 100000")
    done = ended(
        *("replay", folder / "later.h5", "--store", tmp_path / "s.sqlite", "--lumis", "1-4"),
        *("--bundle", folder / "EEp.bundle", "--bundle", other),
    )
    assert "8 results, 4 of them unknown: dear.bundle 4 (FEW_EVENTS 4)\n" in done.out


def test_a_calibration_in_another_era_says_so(folder: Path, tmp_path: Path) -> None:
    words = ("--bundle", folder / "EEp.bundle", "-o", tmp_path / "new.bundle")
    done = ended("calibrate", folder / "later.h5", *words)
    assert done.code == 0
    assert done.told.splitlines().count(WORDS) == 1


def test_a_monitor_logs_it(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(str(tmp_path / "s.sqlite")) as store:
        intake = Intake(store, [bundles.load(folder / "EEp.bundle")], "online")
        assert "learned in" not in capsys.readouterr().out
        intake.take(folder / "later.h5")
        intake.take(folder / "later.h5")
    assert capsys.readouterr().out.count(WORDS) == 1


def test_what_is_of_no_era_or_the_same_is_not_doubtful(folder: Path) -> None:
    made: Bundle = bundles.load(folder / "EEp.bundle")
    for run, words in ((320_500, None), (1_001, None), (330_001, WORDS)):
        asked = plan(run, 2, "2018")
        assert told_of_eras(made, lumisections(asked.fills, asked.detectors)) == words
        (first, _) = lumisections(asked.fills, asked.detectors)
        assert (other_era(made, first) is None) == (words is None)
