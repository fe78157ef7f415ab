"""Arrays in an HDF5 file of their own: flat, plain numbers, no link to anything else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from caloscope.errors import BundleError

MAX_BYTES = 500_000_000
"""Of one array, and of all arrays of a file together."""


def write_arrays(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write arrays by name; the same arrays make the same bytes."""
    with h5py.File(path, "w", track_order=False) as file:
        for name in sorted(arrays):
            array = np.asarray(arrays[name])
            packed = {"compression": "gzip", "compression_opts": 4, "shuffle": True} if array.size > 1 else {}
            file.create_dataset(name, data=array, **packed)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays, refusing links to other files and sizes that no calorimeter has.

    Raises `BundleError` for these, and for a file that is no HDF5.
    """
    arrays: dict[str, NDArray[Any]] = {}
    total = 0
    try:
        with h5py.File(path, "r") as file:
            for name in file:
                arrays[name] = _read_array(path, file, name)
                total += arrays[name].nbytes
                if total > MAX_BYTES:
                    raise BundleError(f"{path}: found more than {MAX_BYTES} bytes, expected moderate arrays")
    except OSError as error:
        raise BundleError(f"{path}: found no readable HDF5 ({error})") from error
    return arrays


def _read_array(path: Path, file: h5py.File, name: str) -> NDArray[Any]:
    """One array that lies in this file alone: no link, no bytes of another file behind it."""
    link, found = file.get(name, getlink=True), file.get(name)
    if not isinstance(link, h5py.HardLink) or not isinstance(found, h5py.Dataset):
        raise BundleError(f"{path}: found {name!r} to be a link or a group, expected an array")
    if found.external is not None or found.is_virtual:
        raise BundleError(f"{path}: found {name!r} to lie in another file, expected an array")
    if found.nbytes > MAX_BYTES or found.dtype.kind not in "biuf":
        raise BundleError(f"{path}: found {name!r} of {found.nbytes} bytes, expected a moderate array")
    return np.asarray(found[()])
