"""Files as the public ones are, made from counts that are drawn here."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from caloscope.geometry.ecal_endcap import crystals

ENDCAP = "EEOccupancyTask_EEOT_rec_hit_occupancy_EE_+"
BARREL = "EBOccupancyTask_EBOT_rec_hit_occupancy"


def barrel(seed: int, lumis: int = 5) -> NDArray[np.float64]:
    """Poisson counts of barrel crystals, twelve each."""
    return np.random.default_rng(seed).poisson(12.0, (lumis, 170, 360)).astype(float)


def endcap(seed: int, lumis: int = 5) -> NDArray[np.float64]:
    """Poisson counts of endcap crystals, those that exist."""
    return np.random.default_rng(seed).poisson(20.0 * crystals(), (lumis, 100, 100)).astype(float)


def write(path: Path, **arrays: NDArray[Any]) -> Path:
    """An HDF5 file of arrays; `run` becomes an attribute as it is in the public files."""
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values.astype(np.float32)
        file.attrs["run"] = 276582
    return path
