"""Reading per-LS DQM files with folders that real ROOT wrote, against ROOT itself and plain uproot."""

import importlib.util
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import uproot
from numpy.typing import NDArray

from benchmarks import tdirectory_root
from benchmarks.tables import show
from caloscope.errors import CaloscopeError
from caloscope.readers import shelves
from caloscope.readers.root.blocks import inflate
from caloscope.readers.root.rootfile import Key, RootFile

RUN = 306_138
FILES = int(os.environ.get("BENCHMARK_FILES", "200"))
"""The more, the longer it takes; the figures are per file."""
FOLDERS = {
    "Hcal/Run summary/DigiTask/Occupancy/depth": 84,
    "Hcal/Run summary/RecHitTask/Occupancy/depth": 34,
}
DEPTHS = 7
COMPRESSIONS = {"zlib": 101, "lz4": 404, "zstd": 505, "none": 0}
REPETITIONS = 5
INSIDE = [f"DQMData/Run {RUN}/{folder}/depth{depth}" for folder in FOLDERS for depth in range(1, DEPTHS + 1)]
OURS = [name.replace("Run summary/", "").split("/", 2)[2] for name in INSIDE]
NUMBERS = 72 * DEPTHS * sum(FOLDERS.values())
LIMIT = "reading and inflating alone"

Method = Callable[[Path, NDArray[np.float32]], None]


def run() -> None:
    """Print milliseconds per file of all methods, and their ratio to ours, for each compression."""
    if importlib.util.find_spec("ROOT") is None:
        raise CaloscopeError("tdirectory: no package root, expected real ROOT to compare with")
    root = tdirectory_root.load_root()
    rows = []
    for name, compression in COMPRESSIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            files = [
                Path(folder) / f"DQM_V0001_Hcal_R{RUN:09d}_L{lumi:09d}.root" for lumi in range(1, FILES + 1)
            ]
            for seed, path in enumerate(files, 1):
                tdirectory_root.write(root, path, compression, RUN, FOLDERS, DEPTHS, seed)
            times = _race(files, root)
        ours = times["caloscope"]
        rows.append((name, *(f"{1000 * each:.2f}" for each in times.values())))
        rows.append(("  times ours", *(f"{each / ours:.2f}" for each in times.values())))
    print(f"{FILES} files of {len(INSIDE)} TH2F, {4 * NUMBERS / 1e3:.0f} kB of contents each, fewer for the")
    print(f"slow methods; CPU milliseconds a file, medians of {REPETITIONS} repetitions in turn, one core")
    show(("compression", *times), rows)
    print("\nThe last column knows where each object stands: no reader passes it. The rest goes into")
    print("directories, keys, the check of each layout, and this machine's byte order.")


def _race(files: Sequence[Path], root: ModuleType) -> dict[str, float]:
    """Seconds per file of each method, after one turn of each that is checked and not counted."""
    keys = {path: _keys(path) for path in files}
    methods: dict[str, tuple[Method, int]] = {
        "caloscope": (_ours, len(files)),
        "PyROOT, arrays": (lambda path, out: tdirectory_root.arrays(root, path, INSIDE, out), len(files)),
        "PyROOT, bin by bin": (lambda path, out: tdirectory_root.bin_by_bin(root, path, INSIDE, out), 10),
        "uproot": (_plain, 20),
        LIMIT: (partial(_limit, keys), len(files)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    for repetition in range(REPETITIONS + 1):
        for name, (method, count) in methods.items():
            out = np.full((count, NUMBERS), -1, np.float32)
            started = time.process_time()
            for path, row in zip(files, out, strict=False):
                method(path, row)
            seconds[name].append((time.process_time() - started) / count)
            if repetition == 0:
                _check(name, out, files)
    return {name: float(np.median(each[1:])) for name, each in seconds.items()}


def _check(name: str, out: NDArray[np.float32], files: Sequence[Path]) -> None:
    """Make sure that a method reads what ours does."""
    if name == LIMIT:
        return
    expected = np.empty_like(out)
    for path, row in zip(files, expected, strict=False):
        _ours(path, row)
    if not np.array_equal(out, expected):
        raise CaloscopeError(f"tdirectory: {name} disagrees with caloscope")


def _ours(path: Path, out: NDArray[np.float32]) -> None:
    """What a user of the reader does: the format is recognised, lumisection and time are looked for."""
    place = 0
    for shelf in shelves(path):
        for name in OURS:
            histogram = shelf.histogram(name)
            if histogram is not None:
                values = histogram.values
                out[place : place + values.size].reshape(values.shape)[:] = values
                place += values.size


def _plain(path: Path, out: NDArray[np.float32]) -> None:
    place = 0
    with uproot.open(path) as file:
        for name in INSIDE:
            values = file[name].values(flow=False).T
            out[place : place + values.size].reshape(values.shape)[:] = values
            place += values.size


def _keys(path: Path) -> list[Key]:
    """Where the objects stand, found beforehand."""
    with RootFile(path) as file:
        found = [file.folder(file.top, *name.split("/")[:-1]) for name in INSIDE]
        return [at.objects[name.rsplit("/", 1)[1]] for at, name in zip(found, INSIDE, strict=True) if at]


def _limit(keys: dict[Path, list[Key]], path: Path, _out: NDArray[np.float32]) -> None:
    with path.open("rb", buffering=0) as file:
        content = file.read()
    for key in keys[path]:
        raw = content[key.seek + key.key_bytes : key.seek + key.stored_bytes]
        if len(raw) != key.object_bytes:
            inflate(raw, key.object_bytes)
