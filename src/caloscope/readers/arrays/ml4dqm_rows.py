"""Which run an ML4DQM file is of, and which lumisection each of its rows."""

import numpy as np
from numpy.typing import NDArray

from caloscope.dataset.guard import Hdf5File
from caloscope.errors import Fault, SourceError

MOST_ROWS = 2**20
_MAX_LUMI = 2**31 - 1
_MAX_RUN = 2**32 - 1


def find_run(file: Hdf5File, asked: int | None) -> tuple[int, list[str]]:
    """The run of the attribute, else the one asked for, and what was assumed.

    Raises `SourceError` INVALID_SCALAR, and NO_LUMISECTION where there is neither.
    """
    stored = file.whole_numbers("run")
    if stored is not None:
        if stored.size != 1 or not 0 < stored.flat[0] <= _MAX_RUN:
            found = f"run {stored.ravel()[:3].tolist()}"
            raise SourceError(file.path, Fault.INVALID_SCALAR, found, "one run number")
        run = int(stored.flat[0])
        if asked in (None, run):
            return run, []
        return run, [f"run {run} as the content says, not {asked} as asked for"]
    if asked is None:
        raise SourceError(
            file.path, Fault.NO_LUMISECTION, "no run number", "an attribute run, or a run given"
        )
    return asked, [f"run {asked} as asked for"]


def find_lumis(file: Hdf5File, rows: int) -> tuple[NDArray[np.int64], list[str]]:
    """Each row's lumisection, and what was assumed: attribute or array `lumi`, else row + 1.

    Raises `SourceError` NO_LUMISECTION and CONFLICT, and UNREADABLE for too many rows.
    """
    if rows > MOST_ROWS:
        raise SourceError(file.path, Fault.UNREADABLE, f"{rows} rows", f"at most {MOST_ROWS}")
    stored = file.whole_numbers("lumi")
    if stored is None:
        return np.arange(1, rows + 1), ["lumisection = row + 1"]
    lumis = stored.ravel()
    if lumis.size != rows or np.any((lumis < 1) | (lumis > _MAX_LUMI)):
        raise SourceError(
            file.path, Fault.NO_LUMISECTION, f"{lumis.size} numbers in lumi", f"{rows}, each above 0"
        )
    if np.unique(lumis).size != rows:
        raise SourceError(file.path, Fault.CONFLICT, "a lumisection twice in lumi", "each one once")
    return lumis, []
