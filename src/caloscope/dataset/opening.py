"""What is read as a data set is opened: its rows, its maps, whether it is simulated."""

import numpy as np
from numpy.typing import NDArray

from caloscope.dataset.arrays import find_column, read_column
from caloscope.dataset.guard import MAX_NAMES, Hdf5Folder
from caloscope.dataset.maps import MapInfo, is_name, read_info
from caloscope.dataset.writing import LUMISECTIONS


def read_rows(file: Hdf5Folder) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Run, lumisection and time of all rows. Raises `SourceError` UNREADABLE where they do not ascend."""
    folder = folder_of(file, "lumisections")
    arrays = [find_column(folder, name, column.dtype) for name, column in LUMISECTIONS.items()]
    if len({array.shape for array in arrays}) > 1:
        raise file.refused("columns of lumisections that are not equally long", "one row for each")
    run, lumi, began = (read_column(array) for array in arrays)
    ids = run.astype(np.uint64) << np.uint64(32) | lumi.astype(np.uint64)
    if np.any(ids[1:] <= ids[:-1]) or np.any(run == 0):
        raise file.refused("lumisections that do not ascend", "each once, in order of run and lumi")
    return run.astype(np.int64), lumi.astype(np.int64), began.astype(np.float64)


def find_maps(file: Hdf5Folder) -> dict[str, MapInfo]:
    """The maps by name, sorted. Raises `SourceError` UNREADABLE for what is no map, and for too many."""
    found: dict[str, MapInfo] = {}
    for view in sorted(folder_of(file, "maps").names):
        for quantity in sorted(folder_of(file, "maps", view).names):
            name = f"{view}/{quantity}"
            if not is_name(name) or len(found) >= MAX_NAMES:
                raise file.refused(f"map {name!r:.100}", f"at most {MAX_NAMES} names <view>/<quantity>")
            found[name], _ = read_info(folder_of(file, "maps", view, quantity), name)
    return found


def is_simulated(file: Hdf5Folder) -> bool:
    """Whether the data set says so; one that does not say is not."""
    value = file.attribute("simulated")
    if value is not None and not isinstance(value, (bool, np.bool_)):
        raise file.refused(f"simulated {value!r:.40}", "true or false")
    return bool(value)


def folder_of(file: Hdf5Folder, *names: str) -> Hdf5Folder:
    """A folder inside folders. Raises `SourceError` UNREADABLE where there is none."""
    folder = file
    for name in names:
        inside = folder.folder(name)
        if inside is None:
            raise folder.refused(f"no folder {'/'.join(names)}", "a data set")
        folder = inside
    return folder
