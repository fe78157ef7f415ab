"""Bundles to test with, and ways to spoil them."""

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tomli_w

from caloscope import bundle as bundles
from caloscope.config.catalogue import load
from caloscope.detectors.cmssw_ml import Parameters
from caloscope.errors import BundleError
from caloscope.geometry import view
from caloscope.training import import_cmssw

from ..detectors import tiny_onnx

SPEC = load()["EE+/digi"]
ON = view("EE+", "2018")
CELLS = int(ON.exists.sum())
LINE = Parameters(slope=2097.3, intercept=49052.2, threshold=0.0003)


def copied(original: bundles.Bundle, folder: Path) -> Path:
    """A copy of a bundle that a test may spoil."""
    assert original.folder is not None
    shutil.copytree(original.folder, folder / "copy.bundle")
    return folder / "copy.bundle"


def refused(folder: Path, message: str) -> str:
    """Loading it is refused with these words, a pattern, in one line; all that is said."""
    with pytest.raises(BundleError, match=message) as caught:
        bundles.load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edit(folder: Path, pattern: str, to: str) -> None:
    """Change the card."""
    card = folder / "bundle.toml"
    text, count = re.subn(pattern, to, card.read_text(), count=1)
    assert count == 1
    card.write_text(text)


def sign(folder: Path) -> None:
    """Give the card the sums of the files as they are now, as who writes bundles by hand would."""
    card = folder / "bundle.toml"
    start = card.read_text().split("\n[files]\n")[0]
    found = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in bundles.FILES[1:]
        if (folder / name).is_file()
    }
    card.write_text(f"{start}\n[files]\n{tomli_w.dumps(found)}")


def signed(spoil: Callable[[Path], object]) -> Callable[[Path], None]:
    """Spoil a bundle and sign it: the sums fit, what is in the files does not."""

    def both(folder: Path) -> None:
        spoil(folder)
        sign(folder)

    return both


def imported(folder: Path, name: str = "cmssw.bundle") -> bundles.Bundle:
    """The bundle of a tiny autoencoder, as one imports it from CMSSW."""
    network, table = folder / "tiny.onnx", folder / "average.dat"
    network.write_bytes(tiny_onnx.autoencoder((1, 1, 22, 22)))
    y, x = np.mgrid[-10.5:11, -10.5:11]
    inner = np.where(ON.exists, 1.313 + 0.04 * (y + x)[1:-1, 1:-1], 1.0)
    table.write_text("\n".join(f"{value:.8f}" for value in np.pad(inner, 1, mode="edge").ravel()))
    return import_cmssw(folder / name, SPEC, ON, onnx=network, average=table, parameters=LINE)


def rewrite(folder: Path, file: str, name: str, change: Callable[[np.ndarray], object]) -> None:
    """Replace one array of a file of a bundle."""
    with h5py.File(folder / file, "r+") as opened:
        values = change(opened[name][()])
        del opened[name]
        opened[name] = values
