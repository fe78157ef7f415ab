"""The number of events behind an occupancy map of the hadron calorimeter, from the map itself.

The forward calorimeter (HF) is read out without zero suppression: each of its channels counts every event. In
six real lumisections of 2017 all 864 HF channels of a depth hold exactly the number of events.
"""

from dataclasses import dataclass

import numpy as np

from caloscope.geometry import View
from caloscope.readers.counts import to_counts
from caloscope.readers.hdf5file import Array, Hdf5File

_HF_COLUMNS = 13
"""HF takes the first and the last 13 ieta bins (|ieta| 29 to 41) of the 84."""

_IETA_BINS = 84
_CALORIMETER = ("HCAL", "HO")


@dataclass(frozen=True, slots=True, eq=False)
class Plateau:
    """The array in which HF shows the number of events."""

    array: Array

    def events(self, row: int) -> int | None:
        """What most HF channels of a row count; None where they count nothing or do not agree."""
        plane = to_counts(self.array.row(row), self.array.path, f"{self.array.name}[{row}]")
        forward = np.concatenate([plane[:, :_HF_COLUMNS], plane[:, -_HF_COLUMNS:]], axis=1)
        alive = forward[forward > 0]
        values, channels = np.unique(alive, return_counts=True)
        if not values.size or 2 * channels.max() <= alive.size:
            return None
        return int(values[np.argmax(channels)])


def find_plateau(file: Hdf5File, key: str, view: View) -> Plateau | None:
    """The plateau for the map under a key: depth 1 of its quantity; None on a view that is not CMS's HCAL."""
    if view.name not in _CALORIMETER:
        return None
    stem, depth, _ = key.replace("{depth}", "1").rpartition("depth")
    array = file.array(f"{stem}{depth}1")
    if array is None or len(array.shape) != 3 or array.shape[2] != _IETA_BINS:
        return None
    return Plateau(array)
