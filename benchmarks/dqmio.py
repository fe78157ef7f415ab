"""Reading DQMIO files that real ROOT wrote, against ROOT itself and against plain uproot."""

import importlib.util
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import uproot
import xxhash
from numpy.typing import NDArray

from benchmarks import dqmio_root
from benchmarks.tables import show
from caloscope.errors import CaloscopeError
from caloscope.readers.root.rootfile import RootFile
from caloscope.readers.trees.baskets import Baskets
from caloscope.readers.trees.dqmio import shelves
from caloscope.readers.trees.ttree import read_tree

LUMIS = 200
BINS = (84, 72, 34, 72)
"""Bins along x and y of one kind of map, and of another."""
DEPTHS = 7
COMPRESSIONS = {"zlib": 101, "lz4": 404, "zstd": 505}
REPETITIONS = 7
HISTOGRAMS = LUMIS * DEPTHS * len(BINS) // 2
NUMBERS = LUMIS * DEPTHS * sum(x * y for x, y in zip(BINS[::2], BINS[1::2], strict=True))
OURS, LIMIT = "caloscope", "inflating alone"


def run() -> None:
    """Print histograms per second of all methods, and our ratio to each, for each compression."""
    if importlib.util.find_spec("ROOT") is None:
        raise CaloscopeError("dqmio: no package root, expected real ROOT to compare with")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, compression in COMPRESSIONS.items():
            speeds = _race(Path(folder) / f"{name}.root", compression)
            rows.append((name, *(f"{speed:,.0f}" for speed in speeds.values())))
            rows.append(("  ours to it", *(f"{speeds[OURS] / speed:.2f}" for speed in speeds.values())))
    print(f"{LUMIS} lumisections of {HISTOGRAMS // LUMIS} TH2F, {4 * NUMBERS / 1e6:.0f} MB of contents;")
    print(f"histograms a second of CPU time, medians of {REPETITIONS} repetitions in turn, one core")
    show(("compression", *METHODS), rows)
    print("\nThe last column reads and inflates all baskets and does nothing else: no reader passes it.")
    print("The rest goes into names (ROOT's loop reads none), the check of each layout, and this machine's")
    print("byte order.")


def _race(path: Path, compression: int) -> dict[str, float]:
    """Histograms per second of each method, after one turn of each that is checked and not counted.

    Every method has a process of its own: how fast memory can be had depends on what else is loaded.
    """
    spawn = multiprocessing.get_context("spawn")
    workers = {name: ProcessPoolExecutor(1, mp_context=spawn) for name in METHODS}
    try:
        workers["PyROOT, arrays"].submit(dqmio_root.write, path, compression, LUMIS, BINS, DEPTHS).result()
        turns = [
            {name: worker.submit(_turn, name, path).result() for name, worker in workers.items()}
            for _ in range(REPETITIONS + 1)
        ]
    finally:
        for worker in workers.values():
            worker.shutdown()
    for name, (_, digest) in turns[0].items():
        if name != LIMIT and digest != turns[0][OURS][1]:
            raise CaloscopeError(f"dqmio: {name} disagrees with {OURS}, expected the same arrays")
    return {name: HISTOGRAMS / float(np.median([turn[name][0] for turn in turns[1:]])) for name in METHODS}


def _turn(name: str, path: Path) -> tuple[float, int]:
    """Seconds that a method takes for a file, and a digest of the array that it filled."""
    out = np.full(NUMBERS, -1, np.float32)
    started = time.process_time()
    METHODS[name](path, out)
    seconds = time.process_time() - started
    return seconds, xxhash.xxh3_64_intdigest(out.tobytes())


def _ours(path: Path, out: NDArray[np.float32]) -> None:
    """All lumisections with the names in each, as any user of the reader takes them."""
    place = 0
    for shelf in shelves(path):
        for name in shelf.names():
            histogram = shelf.histogram(name)
            if histogram is not None:
                values = histogram.values
                out[place : place + values.size].reshape(values.shape)[:] = values
                place += values.size


def _plain(path: Path, out: NDArray[np.float32]) -> None:
    place = 0
    with uproot.open(path) as file:
        for histogram in file["TH2Fs/Value"].array(library="np"):
            values = histogram.values(flow=False).T
            out[place : place + values.size].reshape(values.shape)[:] = values
            place += values.size


def _inflate(path: Path, _out: NDArray[np.float32]) -> None:
    with RootFile(path, whole=False) as file:
        branch = read_tree(file, file.top.objects["TH2Fs"]).branches["Value"]
        baskets = Baskets(file)
        for index in range(len(branch.seeks)):
            baskets.take(branch, index)


METHODS: dict[str, Callable[[Path, NDArray[np.float32]], None]] = {
    OURS: _ours,
    "ROOT, C++ loop": dqmio_root.loop,
    "PyROOT, arrays": dqmio_root.arrays,
    "uproot": _plain,
    LIMIT: _inflate,
}
"""All ways to get the contents of all histograms, one after the other, into an array."""
