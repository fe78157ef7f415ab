"""Samples from HDF5 files of ECAL occupancy per crystal, raw or normalised."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from caloscope.config.catalogue import MapSpec
from caloscope.dataset.guard import Hdf5File, open_hdf5
from caloscope.detectors.base import Array
from caloscope.errors import Fault, SourceError
from caloscope.geometry import View
from caloscope.validation.sample import Crystals, Frame, Sample, Stack
from caloscope.validation.sources.integers import integers
from caloscope.validation.sources.masking import mask

MOST_LUMIS = 200
"""More lumisections of crystals than these are not held in memory: the first are taken."""

APART = 25
"""The public files of crystals hold every 25th lumisection."""

_FAINT = 1e-3
"""Raw counts below this stand for nothing: a value that was put where there is none."""


class _Counted(NamedTuple):
    counts: Array
    notes: tuple[str, ...]


def crystal_samples(path: Path, maps: list[tuple[MapSpec, View]]) -> list[Sample]:
    """A sample for each of the maps that the file holds crystal by crystal; raises `SourceError`."""
    with open_hdf5(path) as file:
        run = file.whole_numbers("run") if "run" in file.names else file.attribute("run")
        return [sample for spec, view in maps if (sample := _sample(file, spec, view, _when(run)))]


def _when(run: object) -> str:
    return f"run {int(np.ravel(np.asarray(run))[0])}" if run is not None else "2016"


def _sample(file: Hdf5File, spec: MapSpec, view: View, when: str) -> Sample | None:
    array = file.array(spec.hdf5) if spec.hdf5 and spec.block > 1 else None
    fine = (spec.block * view.y.bins, spec.block * view.x.bins)
    if array is None or len(array.shape) != 3 or array.shape[1:] != fine:
        return None
    values = array.rows(0, min(array.shape[0], MOST_LUMIS)).astype(float)
    if len(values) < 3 or not np.isfinite(values).all() or (values < 0).any():
        found = f"{len(values)} lumisections, or numbers that are no counts, in {array.name}"
        raise SourceError(file.path, Fault.INVALID_COUNTS, found, "three or more of counts")
    counted = _counts(values, file.path, array.name)
    towers = counted.counts.reshape(len(values), view.y.bins, spec.block, view.x.bins, spec.block).sum((2, 4))
    masked = mask(view, towers)
    valid = np.repeat(np.repeat(masked.valid, spec.block, 1), spec.block, 2)
    stack = Stack(towers, masked.valid, crystals=Crystals(counted.counts, valid))
    title = f"{spec.name}, {when}, {len(values)} LS"
    name = sample_name(spec.slug, file.path)
    notes = (*counted.notes, *masked.notes)
    frame = Frame(spec, view)
    return Sample(name, title, file.path.name, frame, stack, masked.mean, masked.dead, notes, step=APART)


def sample_name(slug: str, path: Path) -> str:
    """A map and a file as names of pictures hold them: letters, digits and dashes, no word twice."""
    words = "".join(sign if sign.isalnum() else " " for sign in path.stem.lower()).split()
    new = [word for word in dict.fromkeys(words) if word not in slug.lower().split("-")]
    return "-".join([slug, *new])[:80]


def _counts(values: Array, path: Path, name: str) -> _Counted:
    """Whole numbers, as they stand or recovered from each lumisection by itself."""
    ordinary = values[values >= _FAINT]
    if ordinary.size and np.array_equal(ordinary, np.rint(ordinary)):
        return _Counted(np.where(values < _FAINT, 0.0, values), ("raw counts per crystal",))
    found = []
    for lumi, one in enumerate(values):
        recovered = integers(one)
        if recovered is None:
            what = f"lumisection {lumi} of {name}, no multiple of any unit"
            raise SourceError(path, Fault.INVALID_COUNTS, what, "counts, normalised or not")
        found.append(recovered)
    error = max(each[1] for each in found)
    smallest = sorted({each[2] for each in found})
    words = f"normalised: counts recovered, all within {error:.1g} of a whole number"
    note = f"{words}; the smallest value of a lumisection stands for {', '.join(map(str, smallest))}"
    return _Counted(np.array([each[0] for each in found]), (note,))
