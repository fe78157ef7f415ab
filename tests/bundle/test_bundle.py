"""Bundles: what is saved comes back, what was altered is refused."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from caloscope import bundle as bundles
from caloscope.detectors.base import Observation
from caloscope.errors import BundleError, UsageError
from caloscope.training import train

from ..detectors import tiny_onnx
from .making import CELLS, ON, SPEC, copied, edit, refused, signed


def seen(bundle: bundles.Bundle) -> tuple[Observation, ...]:
    """The lumisections of its self-test."""
    found = bundles.read_selftest(bundle)
    assert found is not None
    return found.observations


def test_a_bundle_comes_back_as_it_was(original: bundles.Bundle, tmp_path: Path) -> None:
    again = bundles.save(tmp_path / "again.bundle", original.card, original.detector, selftest=seen(original))
    assert again.hash == original.hash
    assert again.card == original.card
    for name, array in original.detector.arrays().items():
        np.testing.assert_array_equal(again.detector.arrays()[name], array)


def test_it_says_in_one_line_what_it_is(original: bundles.Bundle) -> None:
    assert original.hash in repr(original)
    assert original.card.detector in repr(original)
    assert len(repr(original)) < 160


def test_its_hash_covers_every_file(original: bundles.Bundle, tmp_path: Path) -> None:
    folder = copied(original, tmp_path)
    edit(folder, r"threshold = \d+", "threshold = 9")
    assert bundles.load(folder).hash != original.hash
    assert set(original.card.files) == {"reference.h5", "selftest.h5"}


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
        (lambda f: edit(f, r"format = 5", "format = 7"), "found format 7, expected 5"),
        (lambda f: edit(f, r"format = 5", 'format = 7\nnovelty = "x"'), "newer Caloscope: train or import"),
        (lambda f: edit(f, r"format = 5", "format = 1\nquantile = 3"), "older Caloscope: train or import"),
        (lambda f: edit(f, r"format = 5", 'format = "two"'), "format = 'two'"),
        (lambda f: edit(f, r'geometry = "\w+"', 'geometry = "0"'), "geometry 0, expected .*train or import"),
        (lambda f: edit(f, r'detector = "reference"', 'detector = "oracle9"'), "expected one of"),
        (lambda f: edit(f, r"threshold = [\d.]+", 'threshold = "high"'), "threshold = 'high'"),
        (lambda f: edit(f, r'view = "EE\+"', 'view = "EX"'), "EX"),
        (lambda f: edit(f, r"format = 5", "format = 3"), "found format 3, expected 5, made by an older"),
        (lambda f: (f / "reference.h5").write_bytes(b"nothing"), "reference.h5: found SHA-256 .*altered"),
        (lambda f: (f / "selftest.h5").write_bytes(b"nothing"), "selftest.h5: found SHA-256 .*altered"),
        (lambda f: (f / "reference.h5").unlink(), "reference.h5: found no such file"),
        (lambda f: (f / "selftest.h5").unlink(), "selftest.h5: found no such file"),
        (lambda f: (f / "model.onnx").touch(), "model.onnx: found a file that the card does not name"),
        (lambda f: edit(f, r'"reference.h5" = "\w+"\n', ""), "does not name reference.h5"),
        (lambda f: edit(f, r'"reference.h5"', '"../../etc/passwd"'), "does not name reference.h5"),
        (lambda f: edit(f, r"\[files\]", '[files]\n"../x" = "00"'), "found '../x' in files"),
        (signed(lambda f: (f / "reference.h5").write_bytes(b"nothing")), "found no readable HDF5"),
        (signed(lambda f: (f / "reference.h5").unlink()), "does not name reference.h5"),
        (signed(shrink), rf"of shape \({CELLS - 1},\), expected \({CELLS},\)"),
        (signed(another_view), r"found a detector for maps of \(22, 22\), expected \(20, 20\)"),
        (signed(link), "expected an array"),
        (signed(outside), "lie in another file"),
        (signed(without_numbers), "found level with values that cannot be"),
        (lambda f: edit(f, r"threshold = [\d.]+", "threshold = nan"), "threshold = nan"),
        (
            lambda f: edit(f, r"min_events", 'mood = "XX"\nmin_events'),
            "settings.mood = 'XX', expected none of that",
        ),
        (lambda f: edit(f, r"min_events = \d+", "min_events = 30.7"), "= 30.7, expected a whole number"),
        (lambda f: edit(f, r"only_run = \d+", "only_run = true"), "only_run = True, expected a whole number"),
        (signed(lambda f: (f / "calorimeter.toml").write_bytes(b"\xff\xfe")), "found no UTF-8 text"),
    ],
)
def test_what_does_not_fit_is_refused_with_one_line(
    spoil: Callable[[Path], object], message: str, original: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(original, tmp_path)
    spoil(folder)
    refused(folder, message)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "model.onnx").unlink(), "model.onnx: found no such file, expected it as the card"),
        (signed(lambda f: (f / "model.onnx").unlink()), "found no network, expected an ONNX file"),
        (lambda f: (f / "model.onnx").write_bytes(b"other"), "model.onnx: found SHA-256"),
        (signed(lambda f: (f / "model.onnx").write_bytes(b"other")), "model.onnx: found"),
        (lambda f: edit(f, r'output_name = "mean"', 'output_name = "loss"'), "found outputs mean, expected"),
        (lambda f: edit(f, r'input_name = "\w+"', 'input_name = "map"'), "found inputs picture, expected"),
        (signed(lambda f: network_of(f, (1, 1, 36, 74))), r"found an average of shape \(22, 22\)"),
        (lambda f: edit(f, r'geometry = "\w+"', 'geometry = "0"'), "geometry 0, expected .*train or import"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(
    spoil: Callable[[Path], object], message: str, network: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(network, tmp_path)
    spoil(folder)
    with pytest.raises(BundleError, match=message) as caught:
        bundles.load(folder)
    assert "\n" not in str(caught.value)


def network_of(folder: Path, shape: tuple[int, ...]) -> None:
    (folder / "model.onnx").write_bytes(tiny_onnx.autoencoder(shape))


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
