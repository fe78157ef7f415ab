"""Arrays in an HDF5 file of their own: flat, plain numbers, no link to anything else."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from caloscope.detectors.plain_file import open_plain
from caloscope.errors import BundleError

MAX_BYTES = 500_000_000
"""Of one array, and of all arrays of a file together, and of the file."""

MOST = 10_000
"""Arrays in a file."""


def write_arrays(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write arrays by name; the same arrays make the same bytes."""
    with h5py.File(path, "w", track_order=False) as file:
        for name in sorted(arrays):
            array = np.asarray(arrays[name])
            packed = {"compression": "gzip", "compression_opts": 4, "shuffle": True} if array.size > 1 else {}
            file.create_dataset(name, data=array, **packed)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays, refusing links to other files and sizes that no calorimeter has.

    Raises `BundleError` for these, and for a file that is no HDF5, or a damaged one.
    """
    try:
        with open_plain(path, MAX_BYTES):
            pass
        with h5py.File(path, "r") as file:
            return _read_all(path, file)
    except BundleError:
        raise
    except Exception as error:  # h5py says what is damaged in a dozen ways
        reason = " ".join(f"{error}".split())[:200]
        raise BundleError(f"{path}: found no readable HDF5 ({reason})") from error


def _read_all(path: Path, file: h5py.File) -> dict[str, NDArray[Any]]:
    if len(file) > MOST:
        raise BundleError(f"{path}: found {len(file)} arrays, expected at most {MOST}")
    arrays: dict[str, NDArray[Any]] = {}
    left = MAX_BYTES
    for name in file:
        arrays[name] = _read_array(path, file, name, left)
        left -= arrays[name].nbytes
    return arrays


def _read_array(path: Path, file: h5py.File, name: str, left: int) -> NDArray[Any]:
    """One array that lies in this file alone: no link, no bytes of another file behind it."""
    link, found = file.get(name, getlink=True), file.get(name)
    if not isinstance(link, h5py.HardLink) or not isinstance(found, h5py.Dataset):
        raise BundleError(f"{path}: found {name!r} to be a link or a group, expected an array")
    if found.external is not None or found.is_virtual:
        raise BundleError(f"{path}: found {name!r} to lie in another file, expected an array")
    piece = math.prod(found.chunks or ()) * found.dtype.itemsize  # a whole one is unpacked for one number
    if max(found.nbytes, piece) > MAX_BYTES or found.dtype.kind not in "biuf":
        raise BundleError(f"{path}: found {name!r} of {found.nbytes} bytes, expected a moderate array")
    if found.nbytes > left:
        raise BundleError(f"{path}: found more than {MAX_BYTES} bytes, expected moderate arrays")
    return np.asarray(found[()])
