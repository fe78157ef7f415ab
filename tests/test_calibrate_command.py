"""`caloscope calibrate` and what `caloscope train` says of thresholds, from the command line."""

from pathlib import Path

import pytest

from caloscope import bundle as bundles

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
    assert "extrapolated" in said
    return good.parent / "pca.bundle"


def test_a_bundle_is_calibrated_and_drawn(good: Path, trained: Path, tmp_path: Path) -> None:
    before = bundles.load(trained)
    picture = tmp_path / "p.png"
    said = caloscope("calibrate", good, "--bundle", trained, "--rate", "5", "--plot", picture)
    made = bundles.load(trained.parent / "pca-calibrated.bundle")
    assert made.hash in said
    assert "for 5 false incidents a day" in said
    assert "together" in said
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert made.card.false_alarms_per_day == 5.0
    assert made.card.name == "pca-calibrated"
    assert bundles.load(trained).hash == before.hash


def test_the_old_bundle_is_replaced_only_where_it_is_named(good: Path, trained: Path) -> None:
    before = bundles.load(trained)
    caloscope("calibrate", good, "--bundle", trained, "-o", trained, "--lumis", "1-50")
    after = bundles.load(trained)
    assert after.hash != before.hash
    assert after.card.training == before.card.training
    assert "threshold_cell_low" in caloscope("bundle", "show", trained)


def test_thresholds_can_do_without_calibration(good: Path, tmp_path: Path) -> None:
    words = ("train", good, "--map", MAP, "--detector", "pull", "-o", tmp_path / "x.bundle")
    assert "not calibrated (formula: not asked" in caloscope(*words, "--no-calibrate")
    assert "not calibrated (formula: too few good runs" in caloscope(*words, "--runs", "320001")


def test_wrong_usage_is_one_line(good: Path, trained: Path, tmp_path: Path) -> None:
    for words, message in (
        (("--rate", "0"), "expected a number above zero"),
        (("--plot", tmp_path / "x.jpg"), "expected a name that ends in .png"),
        (("--runs", "1"), "no lumisections among the sources"),
    ):
        said = caloscope("calibrate", good, "--bundle", trained, *words, code=2)
        assert message in said
        assert said.count("\n") == 1
    assert "expected the card of a bundle" in caloscope("calibrate", good, "--bundle", tmp_path, code=1)
