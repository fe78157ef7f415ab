"""`caloscope calibrate` and what `caloscope train` says of thresholds, from the command line."""

import json
import re
import shutil
from pathlib import Path

import pytest

from caloscope import bundle as bundles
from caloscope.errors import BundleError

from .running import caloscope

MAP = "EE+/digi"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five runs of seventy lumisections."""
    path = tmp_path_factory.mktemp("good") / "good.h5"
    caloscope(
        "simulate", "--map", MAP, "--runs", "5", "--lumis", "70", "--days", "10", "--seed", "3", "-o", path
    )
    return path


@pytest.fixture(scope="module")
def trained(good: Path) -> Path:
    said = caloscope("train", good, "--map", MAP, "--detector", "pca", "-o", good.parent / "pca.bundle")
    assert "calibrated on" in said
    assert "\nextrapolated: all classes, as too few" in said
    (good.parent / "said.txt").write_text(said)
    return good.parent / "pca.bundle"


def test_a_bundle_is_calibrated_and_drawn(good: Path, trained: Path, tmp_path: Path) -> None:
    before = bundles.load(trained)
    picture = tmp_path / "p.png"
    said = caloscope("calibrate", good, "--bundle", trained, "--rate", "5", "--plot", picture)
    made = bundles.load(trained.parent / "pca-calibrated.bundle")
    assert made.hash in said
    assert "for 5 false incidents a day" in said
    reasons = made.card.calibration["unknown_reasons"]
    assert isinstance(reasons, list)
    assert f"{made.card.calibration['unknown']} unknown ({', '.join(map(str, reasons))})" in said
    assert "together" in said
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert made.card.false_alarms_per_day == 5.0
    assert made.card.name == "pca-calibrated"
    assert bundles.load(trained).hash == before.hash
    # The same command again would take its place without a word.
    said = caloscope("calibrate", good, "--bundle", trained, code=2)
    assert "pca-calibrated.bundle: found an earlier one, expected none" in said
    assert said.count("\n") == 1
    assert bundles.load(trained.parent / "pca-calibrated.bundle").hash == made.hash


def test_a_card_is_shown_in_sections(good: Path, trained: Path) -> None:
    said = (good.parent / "said.txt").read_text()
    shown = caloscope("bundle", "show", trained)
    heads = [
        line for line in shown.splitlines() if line in ("Bundle", "Learned from", "Settings", "Thresholds")
    ]
    assert heads == ["Bundle", "Learned from", "Settings", "Thresholds"]
    # What training said of thresholds, a reader of the card finds again.
    assert shown.endswith(said[said.index("calibrated on") :])
    for words in ("class", "95 %", "a day", "at most", "cell low", "309 alive, 3 never alive"):
        assert words in shown
    assert "[" not in shown
    assert "own data" not in shown
    bundle = bundles.load(trained)
    told = json.loads(caloscope("bundle", "show", trained, "--json"))
    assert told.pop("hash") == bundle.hash
    assert told.pop("state") == {"state": "active", "by": "", "reason": ""}
    assert told.pop("selftest") == 2
    assert told == bundle.card.model_dump(exclude_none=True)


def test_a_card_of_another_hand_is_shown_too(trained: Path, tmp_path: Path) -> None:
    old = bundles.load(trained)
    odd = {
        "method": "[bold]by hand[/]",
        "lumisections": 3,
        "threshold_cell_low": "high",
        "rate_cell_high": [1.0],
    }
    card = old.card.model_copy(update={"calibration": odd, "false_alarms_per_day": None})
    bundles.save(tmp_path / "odd.bundle", card, old.detector)
    shown = caloscope("bundle", "show", tmp_path / "odd.bundle")
    assert "calibrated on 3 lumisections" in shown
    assert "cell low" in shown


def test_a_single_run_is_its_own_judge_and_says_so(good: Path, trained: Path, tmp_path: Path) -> None:
    words = ("calibrate", good, "--bundle", trained, "--runs", "320001", "-o", tmp_path / "x.bundle")
    line = "own data: thresholds rest on lumisections that were learned from"
    assert line in caloscope(*words)
    assert line in caloscope("bundle", "show", tmp_path / "x.bundle")


def test_a_blind_detector_has_no_threshold_and_no_rate(good: Path, tmp_path: Path) -> None:
    said = caloscope("train", good, "--map", MAP, "--detector", "blind", "-o", tmp_path / "b.bundle")
    shown = caloscope("bundle", "show", tmp_path / "b.bundle")
    assert "no threshold: it never flags anything" in said
    assert "never flags anything" in shown
    for text in (said, shown):
        assert "nats" not in text
        assert "a day" not in text


def test_the_old_bundle_is_replaced_only_where_it_is_named(good: Path, trained: Path, tmp_path: Path) -> None:
    before, folder = bundles.load(trained), tmp_path / "copy.bundle"
    shutil.copytree(trained, folder)
    caloscope("calibrate", good, "--bundle", folder, "-o", folder, "--lumis", "1-50")
    after = bundles.load(folder)
    assert after.hash != before.hash
    assert after.card.training == before.card.training
    assert "threshold_cell_low" in after.card.calibration


def test_what_comes_of_a_bundle_in_commissioning_is_in_commissioning(
    good: Path, trained: Path, tmp_path: Path
) -> None:
    old, new = shutil.copytree(trained, tmp_path / "old.bundle"), tmp_path / "new.bundle"
    bundles.write_state(old, "commissioning", by="me")
    said = caloscope("calibrate", good, "--bundle", old, "-o", new, "--lumis", "1-50")
    assert "still in commissioning" in said
    assert bundles.read_state(new).state == "commissioning"


def test_a_threshold_that_was_edited_has_no_rate(trained: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(trained, tmp_path / "x.bundle")
    card = folder / "bundle.toml"
    card.write_text(re.sub(r"(?m)^cell_low = .*$", "cell_low = 1.0", card.read_text()))
    shown = caloscope("bundle", "show", folder)
    assert "edited: not what was calibrated (cell low was" in shown
    assert re.search(r"(?m)^cell low +1 +edited *$", shown)
    assert "for 1 false incident" not in shown
    with pytest.raises(BundleError, match="edited: not what was calibrated: found 1 for cell low"):
        bundles.verify(bundles.load(folder))


def test_thresholds_can_do_without_calibration(good: Path, tmp_path: Path) -> None:
    words = ("train", good, "--map", MAP, "--detector", "pull", "-o", tmp_path / "x.bundle")
    assert "not calibrated (formula: not asked" in caloscope(*words, "--no-calibrate")
    assert "not calibrated (formula: too few good runs" in caloscope(*words, "--runs", "320001")


def test_help_says_what_holds_where_nothing_is_given() -> None:
    said = " ".join(caloscope("calibrate", "--help").replace("│", " ").split())
    assert "(as before, or 1)" in said
    assert "(NAME-calibrated.bundle beside the old one, if there is none yet)" in said


def test_wrong_usage_is_one_line(good: Path, trained: Path, tmp_path: Path) -> None:
    for words, message in (
        (("--rate", "0"), "expected a number above zero"),
        (("--rate", "1000000"), "at most 3,700, one in each lumisection"),
        (("--plot", tmp_path / "x.jpg"), "expected a name that ends in .png"),
        (("--runs", "1"), "no lumisections among the sources"),
    ):
        said = caloscope("calibrate", good, "--bundle", trained, "-o", tmp_path / "x.bundle", *words, code=2)
        assert message in said
        assert said.count("\n") == 1
    assert "expected the card of a bundle" in caloscope("calibrate", good, "--bundle", tmp_path, code=1)
