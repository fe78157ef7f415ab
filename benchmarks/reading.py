"""Reading per-LS DQM files into lumisections, against plain uproot taking the arrays from the same files."""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import uproot
from numpy.typing import NDArray

from benchmarks.tables import show
from caloscope.config.catalogue import MapSpec, load
from caloscope.errors import CaloscopeError
from caloscope.geometry import View, view
from caloscope.readers import read
from caloscope.simulate import Fill, healthy_maps, lumisections, write_fill

ERA = "2018"
RUN = 320_002
LUMIS = 30
REPETITIONS = 15
Arrays: TypeAlias = list[NDArray[np.generic]]

PRODUCERS = {"Ecal": ("EB/digi", "EE-/digi", "EE+/digi"), "Hcal": ("HCAL/digi",)}


def run() -> None:
    """Print milliseconds per file for both, and their ratio, for each producer's files."""
    rows = []
    for producer, names in PRODUCERS.items():
        maps = [(load()[name], view(load()[name].view, ERA)) for name in names]
        with tempfile.TemporaryDirectory() as folder:
            files = _write(Path(folder), maps)
            _check(files, maps)
            ours, plain = _race(partial(_ours, files, maps), partial(_plain, files, maps))
        histograms = sum(max(1, len(on.depths)) for _, on in maps)
        times = (f"{1000 * np.median(each) / LUMIS:.2f}" for each in (ours, plain))
        rows.append((producer, str(histograms), *times, f"{np.median(np.divide(plain, ours)):.1f}"))
    print(f"{LUMIS} files a producer, {REPETITIONS} repetitions in turn, medians")
    show(("files of", "histograms", "caloscope, ms a file", "uproot, ms a file", "ratio"), rows)


def _write(folder: Path, maps: list[tuple[MapSpec, View]]) -> list[Path]:
    detectors = healthy_maps(maps, seed=1)
    write_fill(folder, lumisections(Fill(RUN, LUMIS, 1), detectors), maps)
    return sorted(folder.iterdir())


def _race(ours: Callable[[], object], plain: Callable[[], object]) -> tuple[list[float], list[float]]:
    """Seconds of each repetition, one after the other in turn, after one that is not counted."""
    times: tuple[list[float], list[float]] = ([], [])
    for repetition in range(REPETITIONS + 1):
        for which, what in enumerate((ours, plain)):
            started = time.perf_counter()
            what()
            if repetition:
                times[which].append(time.perf_counter() - started)
    return times


def _check(files: list[Path], maps: list[tuple[MapSpec, View]]) -> None:
    """Make sure that both read the same."""
    for one, other in zip(_ours(files, maps), _plain(files, maps), strict=True):
        if not np.array_equal(one, other):
            raise CaloscopeError("reading: the two readers disagree, expected the same counts")


def _ours(files: list[Path], maps: list[tuple[MapSpec, View]]) -> Arrays:
    """Everything that a reader does: recognise, check binning and counts, find events, pileup and times."""
    specs, views = [spec for spec, _ in maps], {on.name: on for _, on in maps}
    found: Arrays = []
    for path in files:
        for each in read(path, specs, label="benchmark", era=ERA, views=lambda name, _: views[name]):
            for spec, on in maps:
                counts = each.maps[spec.name].counts
                found += list(counts) if on.depths else [counts]
    return found


def _plain(files: list[Path], maps: list[tuple[MapSpec, View]]) -> Arrays:
    """The arrays `(y, x)` alone, from paths known beforehand: no scalars, no checks."""
    paths = [spec.paths(ERA)[0].format(depth=depth) for spec, on in maps for depth in on.depths or (0,)]
    inside = [f"DQMData/Run {RUN}/{path.replace('/', '/Run summary/', 1)}" for path in paths]
    found: Arrays = []
    for path in files:
        with uproot.open(path) as file:
            found += [file[name].values(flow=False).T for name in inside]
    return found
