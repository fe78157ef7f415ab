"""Patterns of a detector out of files: a data set that was measured, or a published table."""

from math import prod
from pathlib import Path
from typing import Final

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.dataset import DataSet, is_data_set, open_data_set
from caloscope.detectors.base import Array
from caloscope.errors import Fault, SourceError, UsageError
from caloscope.geometry import View

_MOST_BYTES: Final = 4 * 2**20
NO_DATA: Final = 1.0
"""What CMSSW's padded tables hold, exactly, where the average knows nothing."""


def read_pattern(path: Path, spec: MapSpec, on: View) -> Array:
    """Rates per event of the map's cells, float64 in the view's shape, zero where no cell exists.

    Out of a data set: the map's counts over its events, in all rows that know them; out of a text: numbers
    apart by white space or commas, in the order of the array. A table may have a row more above and below,
    and a column more on the left and the right, as those of CMSSW's autoencoders do; in such a table a 1
    means no data, which is a dead cell here. Raises `SourceError` for a file that is damaged or does not fit
    the view.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file, expected a pattern of {spec.name}")
    found = _measured(path, spec, on) if is_data_set(path) else _table(path, on)
    if not np.isfinite(found).all() or found.min() < 0.0:
        raise SourceError(path, Fault.INVALID_COUNTS, "negative numbers, or none", "rates of 0 or more")
    return np.where(on.exists, found, 0.0)


def _measured(path: Path, spec: MapSpec, on: View) -> Array:
    with open_data_set(path) as data:
        info = data.maps.get(spec.name)
        if info is None or info.kind != "counts":
            there = f"maps {sorted(data.maps)[:5]!r:.100}"
            raise SourceError(path, Fault.NOTHING_KNOWN, there, f"counts of {spec.name}")
        if (info.geometry, info.shape) != (on.version, on.shape):
            found = f"{spec.name} of geometry {info.geometry:.20} (era {data.era:.20})"
            raise SourceError(path, Fault.WRONG_BINNING, found, f"{on.version} (era {on.era})")
        return _rate(data, spec.name)


def _rate(data: DataSet, name: str) -> Array:
    """Counts per event of each cell, row by row."""
    events = data.events(name)
    total = np.zeros(data.maps[name].shape)
    used = np.flatnonzero(data.present(name) & (events > 0))
    for row in used.tolist():
        total += data.counts(name, row, row + 1)[0]
    if not used.size:
        raise SourceError(data.path, Fault.INVALID_SCALAR, f"no events in any row of {name}", "some")
    return np.asarray(total / float(events[used].sum(dtype=np.float64)))


def _table(path: Path, on: View) -> Array:
    values = _numbers(path)
    if values.size == prod(on.shape):
        return values.reshape(on.shape)
    for above, beside in ((1, 0), (1, 1)):
        rows, columns = on.shape[-2] + 2 * above, on.shape[-1] + 2 * beside
        if not on.depths and values.size == rows * columns:
            inside = values.reshape(rows, columns)[above : rows - above, beside : columns - beside]
            known = inside != NO_DATA
            return np.where(known, inside, 0.0) if known.any() else inside
    shape = " x ".join(map(str, on.shape))
    raise SourceError(path, Fault.WRONG_BINNING, f"{values.size} numbers", f"those of {shape} cells")


def _numbers(path: Path) -> Array:
    """All numbers of a text; raises `SourceError` UNREADABLE for anything else."""
    expected = f"numbers, in at most {_MOST_BYTES} bytes"
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise SourceError(path, Fault.UNREADABLE, "a longer file", expected)
        return np.array([float(word) for word in text.decode("ascii").replace(",", " ").split()])
    except (OSError, ValueError) as error:
        raise SourceError(path, Fault.UNREADABLE, f"no table of numbers ({error!s:.80})", expected) from None
