"""Bundles: what is saved comes back, what was altered is refused."""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from caloscope import bundle as bundles
from caloscope.config.catalogue import load
from caloscope.errors import BundleError, UsageError
from caloscope.geometry import view
from caloscope.simulate import Fill, healthy, lumisections
from caloscope.training import train

SPEC = load()["EE+/digi"]
ON = view("EE+", "2018")
CELLS = int(ON.exists.sum())


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bundles.Bundle:
    """A reference bundle from eight simulated lumisections."""
    detectors = {SPEC.name: healthy(SPEC, ON, seed=1)}
    good = lumisections(Fill(run=320_001, lumis=8, seed=1), detectors)
    return train(good, SPEC, ON, tmp_path_factory.mktemp("bundles") / "EEp.bundle")


def copied(original: bundles.Bundle, folder: Path) -> Path:
    """A copy of the bundle that a test may spoil."""
    bundles.save(folder / "copy.bundle", original.card, original.detector)
    return folder / "copy.bundle"


def test_a_bundle_comes_back_as_it_was(original: bundles.Bundle, tmp_path: Path) -> None:
    again = bundles.load(copied(original, tmp_path))
    assert again.hash == original.hash
    assert again.card == original.card
    for name, array in original.detector.arrays().items():
        np.testing.assert_array_equal(again.detector.arrays()[name], array)


def test_its_hash_covers_every_file(original: bundles.Bundle, tmp_path: Path) -> None:
    folder = copied(original, tmp_path)
    card = folder / "bundle.toml"
    card.write_text(re.sub(r"threshold = \d+", "threshold = 9", card.read_text(), count=1))
    assert bundles.load(folder).hash != original.hash


def edit(folder: Path, pattern: str, to: str) -> None:
    card = folder / "bundle.toml"
    text, count = re.subn(pattern, to, card.read_text(), count=1)
    assert count == 1
    card.write_text(text)


def shrink(folder: Path) -> None:
    """All that has as many numbers as there are cells gets one less."""
    with h5py.File(folder / "reference.h5", "r+") as file:
        for name in list(file):
            if file[name].shape == (CELLS,):
                values = file[name][:-1]
                del file[name]
                file[name] = values


def another_view(folder: Path) -> None:
    """All fits together, but it is for a map of another shape."""
    with h5py.File(folder / "reference.h5", "r+") as file:
        exists = file["exists"][:]
        del file["exists"]
        file["exists"] = np.pad(exists, 1)


def link(folder: Path) -> None:
    with h5py.File(folder / "reference.h5", "r+") as file:
        del file["level"]
        file["level"] = h5py.ExternalLink("/etc/passwd", "/")


def outside(folder: Path) -> None:
    """The levels are said to be the bytes of another file."""
    with h5py.File(folder / "reference.h5", "r+") as file:
        del file["level"]
        file.create_dataset("level", (400,), "u1", external=[("/etc/hostname", 0, 400)])


def without_numbers(folder: Path) -> None:
    with h5py.File(folder / "reference.h5", "r+") as file:
        file["level"][3] = np.nan


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "bundle.toml").unlink(), "expected the card"),
        (lambda f: (f / "bundle.toml").write_text("not toml ["), "found no TOML"),
        (lambda f: edit(f, r"format = 3", "format = 7"), "found format 7, expected 3"),
        (lambda f: edit(f, r"format = 3", 'format = 7\nnovelty = "x"'), "newer Caloscope: train or import"),
        (lambda f: edit(f, r"format = 3", "format = 1\nquantile = 3"), "older Caloscope: train or import"),
        (lambda f: edit(f, r"format = 3", 'format = "two"'), "format = 'two'"),
        (lambda f: edit(f, r'geometry = "\w+"', 'geometry = "0"'), "geometry 0, expected .*train or import"),
        (lambda f: edit(f, r'detector = "reference"', 'detector = "oracle9"'), "expected one of"),
        (lambda f: edit(f, r"threshold = [\d.]+", 'threshold = "high"'), "threshold = 'high'"),
        (lambda f: edit(f, r'view = "EE\+"', 'view = "EX"'), "EX"),
        (lambda f: (f / "reference.h5").write_bytes(b"nothing"), "found no readable HDF5"),
        (lambda f: (f / "reference.h5").unlink(), "found no readable HDF5"),
        (shrink, rf"of shape \({CELLS - 1},\), expected \({CELLS},\)"),
        (another_view, r"found a detector for maps of \(22, 22\), expected \(20, 20\)"),
        (link, "expected an array"),
        (outside, "lie in another file"),
        (without_numbers, "found level with values that cannot be"),
        (lambda f: edit(f, r"threshold = [\d.]+", "threshold = nan"), "threshold = nan"),
        (lambda f: (f / "calorimeter.toml").write_bytes(b"\xff\xfe"), "found no UTF-8 text"),
    ],
)
def test_what_does_not_fit_is_refused_with_one_line(
    spoil: object, message: str, original: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(original, tmp_path)
    assert callable(spoil)
    spoil(folder)
    with pytest.raises(BundleError, match=message) as caught:
        bundles.load(folder)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_no_bundle_is_never_replaced(original: bundles.Bundle, tmp_path: Path) -> None:
    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter1.tex").write_text("years of work")
    with pytest.raises(BundleError, match="expected a bundle or nothing"):
        bundles.save(precious, original.card, original.detector)
    assert (precious / "chapter1.tex").read_text() == "years of work"


def test_a_bundle_is_replaced_whole_and_nothing_is_left_behind(
    original: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(original, tmp_path)
    bundles.save(folder, original.card.model_copy(update={"threshold": 9.5}), original.detector)
    assert bundles.load(folder).card.threshold == 9.5
    with pytest.raises(BundleError):
        bundles.save(folder, original.card.model_copy(update={"geometry": "0"}), original.detector)
    assert bundles.load(folder).card.threshold == 9.5
    assert [path.name for path in tmp_path.iterdir()] == ["copy.bundle"]


def test_too_little_to_learn_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected 2 or more"):
        train([], SPEC, ON, tmp_path / "x.bundle")
    with pytest.raises(UsageError, match="cannot be trained"):
        train([], SPEC, ON, tmp_path / "x.bundle", detector="crystal-ball")
