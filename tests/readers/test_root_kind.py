"""What a ROOT file is taken for, and ROOT files of histograms alone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import uproot

from caloscope.errors import Fault, SourceError
from caloscope.readers.folders.kind import kind
from caloscope.readers.folders.loose import run_in_name, shelves

from .folder_making import Root, started_root, told
from .making import write_ecal


@pytest.fixture(scope="module")
def root() -> Iterator[Root]:
    yield from started_root()


def write(path: Path, *, trees: tuple[str, ...] = (), folders: tuple[str, ...] = ()) -> Path:
    """A file with trees and with a histogram in each of some folders."""
    with uproot.recreate(path) as file:
        for tree in trees:
            file.mktree(tree, {"x": "i4"}).extend({"x": np.arange(3, dtype="i4")})
        for folder in folders:
            name = f"{folder}/h" if folder else "h"
            file[name] = (np.full((3, 2), 4.0), np.arange(4.0), np.arange(3.0))
    return path


def test_kinds(tmp_path: Path) -> None:
    assert kind(write_ecal(tmp_path)) == "dqm"
    assert kind(write(tmp_path / "a.root", trees=("Indices", "TH2Fs"))) == "dqmio"
    assert kind(write(tmp_path / "b.root", trees=("deep/in/tree",), folders=("a",))) == "trees"
    assert kind(write(tmp_path / "c.root", folders=("", "a/b"))) == "loose"
    assert kind(write(tmp_path / "d.root")) == "loose"
    assert kind(write(tmp_path / "e.root", folders=("Indices",))) == "loose"


def test_a_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.root"
    path.write_bytes(b"root" + b"\x7f" * 100)
    with pytest.raises(SourceError) as caught:
        kind(path)
    assert caught.value.fault is Fault.UNREADABLE


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("x_R000355456_L000000012.root", 355456),
        ("hcal_run355456_ls3.root", 355456),
        ("Run-315488.root", 315488),
        ("DQM_V0001_R000273158__All__Run2016__CentralDAQ_LS7.root", 273158),
        ("Run2018A.root", None),
        ("x_R000000000.root", None),
        ("histograms.root", None),
    ],
)
def test_the_run_in_a_name(name: str, run: int | None) -> None:
    assert run_in_name(name) == run


@pytest.mark.parametrize(
    ("name", "asked", "run", "lumi", "assumptions"),
    [
        (
            *("h_R000355456.root", None, 355456, 1),
            (
                "lumisection 1 assumed, neither content nor file name says which",
                "run 355456 taken from the file name",
            ),
        ),
        (
            *("run355456_ls7.root", 315488, 315488, 7),
            (
                "lumisection 7 taken from the file name",
                "run 315488 as asked for, not 355456 as the file name says",
            ),
        ),
        ("h_L000000008.root", 315488, 315488, 8, ("lumisection 8 taken from the file name",)),
    ],
)
def test_histograms_in_any_folders(
    tmp_path: Path, name: str, asked: int | None, run: int, lumi: int, assumptions: tuple[str, ...]
) -> None:
    path = write(tmp_path / name, folders=("", "Hcal/depth", "other"))
    found = []
    for shelf in shelves(path, asked):
        place = shelf.place
        assert (place.run, place.lumi, place.assumptions) == (run, lumi, assumptions)
        assert not place.grows
        assert shelf.tops == {"Hcal", "other"}
        for each in shelf.names():
            histogram = shelf.histogram(each)
            assert histogram is not None
            assert (histogram.values == 4).all()
            found.append(each)
    assert sorted(found) == ["Hcal/depth/h", "h", "other/h"]


def test_nobody_says_the_run(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no run number") as caught:
        list(shelves(write(tmp_path / "h.root", folders=("a",))))
    assert caught.value.fault is Fault.NO_LUMISECTION


def test_no_histogram_at_all(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected histograms") as caught:
        list(shelves(write(tmp_path / "h.root"), 5))
    assert caught.value.fault is Fault.UNKNOWN_FORMAT


def test_loose_histograms_by_real_root(root: Root, tmp_path: Path) -> None:
    full = np.arange(20, dtype=np.float32).reshape(4, 5)
    path = tmp_path / "run306138_ls4.root"
    root.write(path, [told("TH2F", full, "occupancy", folder="depths/one")])
    for shelf in shelves(path):
        found = shelf.histogram("depths/one/occupancy")
        assert found is not None
        np.testing.assert_array_equal(found.values, full[1:-1, 1:-1])
