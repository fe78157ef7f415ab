"""Real lumisections beside simulated ones: seven good ones of 2016, rec hits of all crystals."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from caloscope.config.catalogue import load
from caloscope.geometry.readout import full_readout_share
from caloscope.simulate import STEADY, healthy
from tests.simulate.ecal_making import Array, at, correlation, on

pytestmark = pytest.mark.realdata

SETS = 12
APART = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0))
HISTOGRAMS = {
    "EB/digi": "EBOccupancyTask_EBOT_rec_hit_occupancy",
    "EE+/digi": "EEOccupancyTask_EEOT_rec_hit_occupancy_EE_+",
    "EE-/digi": "EEOccupancyTask_EEOT_rec_hit_occupancy_EE_-",
}


def whole(content: Array) -> NDArray[np.int64]:
    """Counts of a normalised map: multiples of a unit that divides its smallest entry."""
    for part in range(1, 9):
        unit = content[content > 1e-9].min() / part
        for highest in (10.0, 100.0, np.inf):  # the unit gets surer with higher counts
            small = content / unit < highest
            number = np.rint(content[small] / unit)
            unit = float((content[small] * number).sum() / (number * number).sum())
        counts = np.rint(content / unit)
        if np.abs(content / unit - counts).max() < 0.1:
            return np.asarray(counts, dtype=np.int64)
    raise AssertionError("no unit")


def towers(shared_data: Path, name: str) -> Array:
    """Counts of towers, `(lumi, y, x)`."""
    with h5py.File(shared_data / "ecal" / "ecal_rechit_occ_time_good_7ls.h5") as file:
        maps = np.array([whole(each) for each in file[HISTOGRAMS[name]][:].astype(np.float64)])
    lumis, rows, columns = maps.shape
    summed = maps.reshape(lumis, rows // 5, 5, columns // 5, 5).sum(axis=(2, 4))
    return np.asarray(summed, dtype=np.float64)


def around(counts: Array) -> Array:
    """The mean of each lumisection: its total times the share of each cell."""
    totals = counts.sum(axis=(1, 2), keepdims=True)
    return np.asarray(totals * counts.sum(axis=0) / totals.sum())


def noise(counts: Array, name: str) -> Array:
    """Median Fano factor of the cells, and the correlations of those that lie `APART`."""
    mean = around(counts)
    usual = counts.mean(axis=0)
    good = on(name).exists & (usual > 0.3 * np.median(usual[usual > 0.0]))
    residuals = (counts - mean) * np.sqrt(len(counts) / (len(counts) - 1))
    fano = np.median((residuals**2).sum(axis=0)[good] / counts.sum(axis=0)[good])
    pulls = residuals / np.sqrt(np.where(good, mean, np.nan) * (1.0 + 20.0 * full_readout_share(on(name))))
    pulls /= np.sqrt(np.nanmean(pulls**2))
    circular = on(name).x.circular
    return np.array([fano, *(correlation(pulls, *apart, circular) for apart in APART)])


@pytest.mark.parametrize("name", list(HISTOGRAMS))
def test_real_and_simulated_noise_are_alike(shared_data: Path, name: str) -> None:
    """With the real pattern, sets of as many simulated lumisections with as many counts, analysed alike."""
    real = towers(shared_data, name)
    usual = np.where(on(name).exists, real.mean(axis=0), 0.0)
    made = healthy(load()[name], on(name), 1, stability=STEADY, pattern=usual)
    events = round(usual.sum() / made.expected(at(events=1)).sum())
    drawn = np.array(
        [made.draw(at(lumi, events)) for lumi in range(1, 1 + SETS * len(real))], dtype=np.float64
    )
    sets = np.array([noise(each, name) for each in drawn.reshape(SETS, *real.shape)])
    error = sets.std(axis=0, ddof=1)
    # No model is perfect: a tenth of the Fano factor (a fifth in EE-, noisier than EE+), 0.03 of the others.
    slack = np.array([(0.2 if name == "EE-/digi" else 0.1) * sets[:, 0].mean(), *(0.03 for _ in APART)])
    assert (np.abs(noise(real, name) - sets.mean(axis=0)) < 4.0 * error + slack).all()
