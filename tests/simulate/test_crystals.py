"""Crystals of the files that are written: their noise, and what they may not count."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import uproot
from numpy.typing import NDArray

from caloscope.config.catalogue import load
from caloscope.geometry import view
from caloscope.geometry.ecal_endcap import crystals
from caloscope.records import Counts, Lumisection, MapRecord
from caloscope.simulate import STEADY, Conditions, healthy
from caloscope.simulate.spool import write_lumisection

EVENTS, LUMIS = 500, 100
NAMES = ("EB/rechit", "EE-/rechit", "EE+/rechit")


@cache
def towers(name: str) -> tuple[Counts, ...]:
    """Counts of the cells of all lumisections, of a detector that does not change."""
    spec = load()[name]
    detector = healthy(spec, view(spec.view, "2018"), 3, stability=STEADY)
    lumis = range(1, LUMIS + 1)
    return tuple(detector.draw(Conditions(320_001, lumi, EVENTS, 50.0, 50.0)) for lumi in lumis)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NDArray[np.int64]]:
    """What the histograms of the written files hold, (lumisections, y, x) in crystals."""
    folder = tmp_path_factory.mktemp("crystals")
    maps = [(load()[name], view(load()[name].view, "2018")) for name in NAMES]
    found: dict[str, list[NDArray[np.int64]]] = {name: [] for name in NAMES}
    for lumi in range(1, LUMIS + 1):
        records = {name: MapRecord(towers(name)[lumi - 1], EVENTS, 50.0) for name in NAMES}
        for path in write_lumisection(folder, Lumisection("x", 320_001, lumi, records), maps):
            _read(path, found)
    return {name: np.stack(each) for name, each in found.items()}


def _read(path: Path, found: dict[str, list[NDArray[np.int64]]]) -> None:
    with uproot.open(path) as file:
        for name, each in found.items():
            key = "DQMData/Run 320001/" + load()[name].histograms[0].replace("/", "/Run summary/", 1)
            if key in file:
                each.append(file[key].values().T.astype(np.int64))


@pytest.mark.parametrize("name", NAMES)
def test_crystals_fluctuate_like_real_ones(files: dict[str, NDArray[np.int64]], name: str) -> None:
    """Real crystals have a Fano factor of 0.95 to 1.0, near the beam and far from it."""
    found = files[name].astype(float)
    mean = found.mean(axis=0)
    fano = np.divide(found.var(axis=0, ddof=1), mean, out=np.full(mean.shape, np.nan), where=mean > 2.0)
    assert np.nanmean(fano) == pytest.approx(0.98, abs=0.03)
    rows, columns = mean.shape
    for part in np.array_split(fano, 10) if name == "EB/rechit" else _rings(fano, rows, columns):
        assert 0.9 < np.nanmean(part) < 1.1


def _rings(fano: NDArray[np.float64], rows: int, columns: int) -> list[NDArray[np.float64]]:
    y, x = np.indices((rows, columns))
    radius = np.hypot(y - (rows - 1) / 2, x - (columns - 1) / 2)
    return [fano[(radius >= low) & (radius < low + 5)] for low in range(12, 48, 5)]


@pytest.mark.parametrize("name", NAMES)
def test_crystals_neither_lose_nor_invent(files: dict[str, NDArray[np.int64]], name: str) -> None:
    found, (rows, columns) = files[name], towers(name)[0].shape
    assert found.shape == (LUMIS, 5 * rows, 5 * columns)
    sums = found.reshape(LUMIS, rows, 5, columns, 5).sum(axis=(2, 4))
    np.testing.assert_array_equal(sums, np.stack(towers(name)))
    assert found.min() == 0
    assert found.max() <= EVENTS
    if name != "EB/rechit":
        assert not found[:, ~crystals()].any()


@pytest.mark.parametrize("name", NAMES)
def test_crystals_of_a_tower_go_together(files: dict[str, NDArray[np.int64]], name: str) -> None:
    """As in real lumisections (0.3 to 0.6): a whole readout is one count in all of them."""
    found = files[name].astype(float)
    alive = found.mean(axis=0) > 5.0
    z = (found - found.mean(axis=0)) / np.where(alive, found.std(axis=0, ddof=1), np.inf)
    rows, columns = towers(name)[0].shape
    middle = z.reshape(LUMIS, rows, 5, columns, 5)[:, :, 2]
    one, other = middle[..., 2], middle[..., 3]
    both = one.any(axis=0) & other.any(axis=0)
    assert 0.3 < (one * other).mean(axis=0)[both].mean() < 0.6
