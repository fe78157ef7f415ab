"""A learning curve never stays beside a bundle that it is not of."""

from pathlib import Path

import pytest

from caloscope import bundle as bundles
from caloscope import training

from .exporting import autoencoder, lumisections


def left_in(folder: Path) -> tuple[Path, Path]:
    """What training of an older bundle of that name left."""
    found = folder.parent / "tiny.learning.json", folder.parent / "tiny.learning.png"
    for path in found:
        path.write_text("{}")
    return found


def test_a_curve_goes_with_its_bundle(tmp_path: Path) -> None:
    old = autoencoder(tmp_path)
    assert old.folder is not None
    good = lumisections(old, 2, 40)
    left = left_in(old.folder)
    # Calibrated in place it is the same network; beside it, another bundle takes a place.
    renewed = training.recalibrate(old, good, per_day=5.0)
    training.save(renewed, old.folder)
    assert all(path.exists() for path in left)
    training.save(renewed, tmp_path / "other" / "tiny.bundle")
    there = left_in(tmp_path / "other" / "tiny.bundle")
    training.save(renewed, tmp_path / "other" / "tiny.bundle")
    assert not any(path.exists() for path in there)
    assert all(path.exists() for path in left)
    training.train(good, old.spec, old.view, old.folder, detector="pull", calibrated=False)
    assert bundles.load(old.folder).card.detector == "pull"
    assert not any(path.exists() for path in left)


def test_a_new_curve_has_no_picture_yet(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from caloscope.training.neural.making import Made

    epoch = {"number": 1, "learned": 1.0, "held": 1.0, "rate": 1e-3, "seconds": 1.0}
    data, picture = left_in(tmp_path / "tiny.bundle")
    training.write_curve(tmp_path / "tiny.bundle", Made(tmp_path / "x.onnx", (epoch,), "1 epoch", 3, 1e-7))
    assert '"epochs": 1' in data.read_text()
    assert not picture.exists()
