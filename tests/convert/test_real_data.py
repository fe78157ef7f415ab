"""Real files of the experiment, converted and drawn: every number is the one in the file."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import uproot
from numpy.typing import NDArray

from caloscope.cli.info.data_set import draw, facts_of
from caloscope.config.catalogue import plain_name
from caloscope.dataset import open_data_set

from ..running import caloscope
from .making import make
from .test_convert import arrays
from .writing import HCAL_MAPS, require, rows

pytestmark = pytest.mark.realdata


def converted(source: Path, folder: Path, **wanted: Any) -> dict[str, NDArray[Any]]:
    """The arrays of the data set that becomes of a source."""
    report = make([source], folder / "data.h5", **wanted)
    assert (report.bad, report.dropped) == ((), ())
    return arrays(folder / "data.h5")


def require_page(folder: Path, names: Sequence[str]) -> None:
    """Asserts that the data set can be drawn, and that its page shows each map."""
    output = folder / "page.html"
    with open_data_set(folder / "data.h5") as data:
        draw(data, facts_of(data, None), output, name="data.h5", everything=False, calorimeter=None)
    page = output.read_text("utf-8")
    for name in names:
        assert name in page


def test_hcal(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "hcal" / "hcal_digi_rechit_occ_run306138_6ls.h5"
    path, page = tmp_path / "data.h5", tmp_path / "page.html"
    words = ("--label", "JetHT", "--workers", "1")
    assert "6 lumisections of 1 run" in caloscope("convert", source, "-o", path, *words)
    found = arrays(path)
    assert found["lumis"].tolist() == [1, 2, 3, 4, 5, 6]
    assert set(found["runs"]) == {306138}
    events = [1350, 1379, 1366, 1930, 1868, 1911]
    with h5py.File(source) as file:
        for name, task in (("HCAL/digi", "DigiTask"), ("HCAL/rechit", "RecHitTask")):
            depths = [file[f"{task}_Occupancy_depth_depth{depth}"][:] for depth in range(1, 8)]
            counts = np.stack(depths, axis=1)
            require(found, name, rows(counts.astype(np.uint32), events=events))
            if task == "DigiTask":
                require(found, "HO/digi", rows(counts[:, 3].astype(np.uint32), events=events))
    caloscope("info", path, "--plot", page)
    assert all(name in page.read_text("utf-8") for name in (*HCAL_MAPS, "HCAL/rechit"))


def test_a_branch_of_histograms(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "formats" / "tbranch-of-th2.root"
    found = converted(source, tmp_path, maps=(), histograms=("*",), as_float=True, run=306138)
    with uproot.open(source) as file:
        (histogram,) = file["g4SimHits/tree"]["histogram"].array(library="np")
    name = plain_name("g4SimHits/tree/histogram")
    assert (found["runs"].tolist(), found["lumis"].tolist()) == ([306138], [1])
    require(found, name, rows([histogram.values().T.astype(np.float32)]))
    with open_data_set(tmp_path / "data.h5") as data:
        axes = data.maps[name].axes
    assert [each[1:] for each in axes] == [(100, -5.0, 5.0), (100, 1300.0, 1500.0)]
    require_page(tmp_path, [name])


@pytest.mark.parametrize(("file", "as_float"), [("1d", False), ("1d", True), ("2d", True)])
def test_legacy_csv(shared_data: Path, tmp_path: Path, file: str, as_float: bool) -> None:
    source = shared_data / "formats" / f"legacy_ml4dqm_{file}.csv"
    found = converted(source, tmp_path, maps=(), histograms=("*",), as_float=as_float)
    with source.open(newline="") as lines:
        told = {row["hname"]: row for row in csv.DictReader(lines)}
    assert len(told) == 9
    assert found["runs"].tolist() == [315488]
    for name, row in told.items():
        y, x = (
            (1, int(float(row["Xbins"])))
            if file == "1d"
            else (int(float(row["Ybins"])), int(float(row["Xbins"])))
        )
        numbers = np.array(row["histo"].strip("[]").split(","), np.float64)
        full = numbers.reshape((1, x + 2) if file == "1d" else (y + 2, x + 2))
        inside = full[:, 1:-1] if file == "1d" else full[1:-1, 1:-1]
        require(found, plain_name(name), rows([inside.astype(np.float32 if as_float else np.uint32)]))
    require_page(tmp_path, [plain_name(name) for name in told])


@pytest.mark.parametrize(
    "file",
    [
        "eb_rechit_occ_run276582_hot_tower_8ls",
        "eb_rechit_occ_run276582_missing_supermodule_8ls",
        "ecal_rechit_occ_time_good_7ls",
    ],
)
def test_ecal(shared_data: Path, tmp_path: Path, file: str) -> None:
    source = shared_data / "ecal" / f"{file}.h5"
    found = converted(source, tmp_path, maps=("E*/rechit",), as_float=True, run=276582)
    keys = {
        "EB/rechit": "EBOccupancyTask_EBOT_rec_hit_occupancy",
        "EE-/rechit": "EEOccupancyTask_EEOT_rec_hit_occupancy_EE_-",
        "EE+/rechit": "EEOccupancyTask_EEOT_rec_hit_occupancy_EE_+",
    }
    with h5py.File(source) as given:
        there = {name: given[key][:].astype(np.float64) for name, key in keys.items() if key in given}
    assert len(there) == (3 if "good" in file else 1)
    for name, crystals in there.items():
        lumis, y, x = crystals.shape
        sums = crystals.reshape(lumis, y // 5, 5, x // 5, 5).sum(axis=(2, 4))
        assert found[f"{name} counts"].dtype == np.float32
        np.testing.assert_allclose(found[f"{name} counts"], sums, rtol=1e-6)
        assert found["lumis"].tolist() == list(range(1, lumis + 1))
    require_page(tmp_path, list(there))


def test_what_is_no_count_is_refused_with_a_word_of_what_to_do(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "ecal" / "eb_rechit_occ_run276582_hot_tower_8ls.h5"
    error = caloscope("convert", source, "-o", tmp_path / "data.h5", "--map", "EB/rechit", code=1)
    assert "--as-float takes real ones" in error
    assert len(error.splitlines()) == 1
    assert not list(tmp_path.iterdir())
