"""Bundles that nobody vouches for: whatever lies in the folder, one line says what is wrong with it."""

import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from caloscope import bundle as bundles
from caloscope.bundle.arrays import read_arrays
from caloscope.errors import BundleError

from .making import copied, edit, refused, rewrite, sign, signed

DEEP = "x = " + "[" * 500 + "]" * 500 + "\n"
DOTTED = ".".join("x" * 20_000) + " = 1\n"
NESTED = ".".join("x" * 40) + " = 1\n"
HUGE = "x = 0x" + "f" * 10_000 + "\n"
LONG = "x = " + "9" * 10_000 + "\n"


def put(name: str, text: str) -> Callable[[Path], object]:
    """Put a text before what a file says, or make it so."""

    def spoil(folder: Path) -> None:
        path = folder / name
        path.write_text(text + (path.read_text() if path.is_file() else 'state = "active"\n'))

    return spoil


def replaced(name: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    """Put something else in the place of a file."""

    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        make(folder / name)

    return spoil


def elsewhere(path: Path) -> None:
    """The same file, behind a link."""
    path.rename(path.parent.parent / path.name)
    path.symlink_to(path.parent.parent / path.name)


def sparse(path: Path) -> None:
    """A file that says to be of a terabyte and takes no room."""
    with path.open("r+b" if path.is_file() else "wb") as file:
        file.truncate(10**12)


CASES = [
    *((put(name, DEEP), "nested too deeply") for name in ("bundle.toml", "state.toml")),
    *((put(name, DOTTED), "a name of 64 parts") for name in ("bundle.toml", "state.toml")),
    *((put(name, NESTED), "nested too deeply") for name in ("bundle.toml", "state.toml")),
    *((put(name, HUGE), "more than 64 bits") for name in ("bundle.toml", "state.toml")),
    *((put(name, LONG), "found no TOML") for name in ("bundle.toml", "state.toml")),
    (put("bundle.toml", '"a\\nb" = 1\n'), r"'a\\nb' = 1"),
    (signed(put("calorimeter.toml", DEEP)), "calorimeter.toml: .*nested too deeply"),
    *(
        (lambda f, name=name: sparse(f / name), f"{name}: found 1000000000000 bytes, expected at most")
        for name in ("bundle.toml", "state.toml", "reference.h5", "selftest.h5")
    ),
    *(
        (replaced(name, os.mkfifo), f"{name}: found a folder, a device or a pipe")
        for name in ("bundle.toml", "reference.h5", "selftest.h5")
    ),
    *(
        (replaced(name, lambda path: path.symlink_to("/dev/zero")), f"{name}: found a link")
        for name in ("bundle.toml", "state.toml", "reference.h5", "selftest.h5", "model.onnx")
    ),
    *(
        (lambda f, name=name: elsewhere(f / name), f"{name}: found a link")
        for name in ("bundle.toml", "reference.h5", "selftest.h5")
    ),
    (replaced("state.toml", Path.mkdir), "state.toml: found a folder"),
]


@pytest.mark.parametrize(("spoil", "message"), CASES)
@pytest.mark.timeout(20)
def test_a_file_that_no_bundle_has_is_refused_with_one_line(
    spoil: Callable[[Path], object], message: str, original: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(original, tmp_path)
    spoil(folder)
    assert len(refused(folder, message)) < 600


@pytest.mark.parametrize("file", ["reference.h5", "selftest.h5"])
def test_damaged_arrays_are_refused_wherever_the_damage_is(
    file: str, original: bundles.Bundle, tmp_path: Path
) -> None:
    """What is read is either arrays or a refusal, never anything else."""
    whole = (original.folder / file).read_bytes() if original.folder else b""
    path, rng = tmp_path / file, np.random.default_rng(7)
    refusals = list[str]()
    for _ in range(300):
        content = bytearray(whole)
        for place in rng.integers(0, len(whole), 8):
            content[place] = rng.integers(0, 256)
        path.write_bytes(content[: rng.integers(1, len(whole))] if rng.random() < 0.1 else content)
        try:
            read_arrays(path)
        except BundleError as error:
            refusals.append(str(error))
    assert len(refusals) > 20
    assert "\n" not in "".join(refusals)


def test_arrays_of_moderate_size_in_huge_pieces_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "reference.h5"
    with h5py.File(path, "w") as file:
        pieces = {"maxshape": (None,), "chunks": (2**28,), "compression": "gzip"}
        file.create_dataset("level", (1,), "f8", **pieces)
    with pytest.raises(BundleError, match="expected a moderate array"):
        read_arrays(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told.astype(float) * np.nan, "float64 for told, expected a text"),
        (lambda told: np.zeros(2_000_000, np.uint8), "found 2000000 uint8 for told"),
        (lambda told: np.frombuffer(b"[" * 100_000, np.uint8), "expected a self-test"),
    ],
)
def test_what_a_self_test_tells_is_not_trusted(
    change: Callable[[np.ndarray], object], message: str, original: bundles.Bundle, tmp_path: Path
) -> None:
    folder = copied(original, tmp_path)
    rewrite(folder, "selftest.h5", "told", change)
    sign(folder)
    with pytest.raises(BundleError, match=message):
        bundles.verify(bundles.load(folder))


def test_a_long_card_is_read_in_no_time(original: bundles.Bundle, tmp_path: Path) -> None:
    folder = copied(original, tmp_path)
    many = ", ".join(f'"/store/data/a.b.c/file-{number}.root"' for number in range(10_000))
    edit(folder, r"\[training\]\n", f"[training]\nfiles = [{many}]\n")
    assert len(bundles.load(folder).card.training["files"]) == 10_000  # type: ignore[arg-type]


def test_a_rate_is_one_or_none(original: bundles.Bundle, tmp_path: Path) -> None:
    folder = copied(original, tmp_path)
    for wrong in ("nan", "inf", "-1.0", "0.0"):
        edit(folder, r"false_alarms_per_day = \S+", f"false_alarms_per_day = {wrong}")
        with pytest.raises(BundleError, match=f"false_alarms_per_day = {wrong}"):
            bundles.load(folder)


def test_a_score_has_one_threshold(network: bundles.Bundle, tmp_path: Path) -> None:
    folder = copied(network, tmp_path)
    edit(folder, r"threshold = 0\.0003\n", "threshold = 5.0\n")
    with pytest.raises(BundleError, match=r"threshold = 5 beside settings.threshold = 0\.0003, expected"):
        bundles.load(folder)


def test_what_a_card_tells_moves_no_cursor(network: bundles.Bundle, tmp_path: Path) -> None:
    folder = copied(network, tmp_path)
    edit(folder, r"\[training\]\n", r'[training]\n"a\\u001bb" = "red\\u001b[31m\\nsecond"\n')
    assert bundles.load(folder).card.training["a b"] == "red [31m second"
    edit(folder, r"\[settings\]\n", r'[settings]\n"a\\u001bb" = 1\n')
    with pytest.raises(BundleError, match=r"found settings\.a b") as caught:
        bundles.load(folder)
    assert str(caught.value).isprintable()
