"""From per-lumisection DQM files to a data set, against PyROOT and h5py with lzf; cores; memory."""

import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import h5py
import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import show
from caloscope import dataset
from caloscope.convert import Request, convert
from caloscope.errors import CaloscopeError
from caloscope.fetch import expand
from caloscope.geometry import view

Bins: TypeAlias = Callable[[Any], NDArray[np.float32]]
"""Takes the bins of a histogram of ROOT's, `(y, x)`."""

RUN = 320_002
MAPS = ("HCAL/digi", "HCAL/rechit")
TASKS = ("DigiTask", "RecHitTask")
FILES = 1000
REPETITIONS = 3
LEGACY_FILES = 20
MEMORY_FILES = (200, 2000)


def run() -> None:
    """Print milliseconds a file of each way, ratios, scaling with cores, and memory against lumisections."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write_files(folder / "spool", FILES)
        times = _race(folder)
        _check(folder)
        sizes = [(folder / name).stat().st_size / 2**20 for name in ("ours1.h5", "pyroot.h5")]
        _root()  # loading it takes longer than the files
        started = time.perf_counter()
        _pyroot(folder, files[:LEGACY_FILES], _bins)
        legacy = (time.perf_counter() - started) / LEGACY_FILES
        base = times["PyROOT arrays, h5py lzf"]
        rows = [
            (way, f"{1000 * np.median(each) / FILES:.2f}", f"{np.median(np.divide(base, each)):.2f}")
            for way, each in times.items()
        ]
        rows.append(
            ("PyROOT bin by bin, h5py lzf", f"{1000 * legacy:.2f}", f"{np.median(base) / FILES / legacy:.2f}")
        )
        print(f"{FILES} files of 14 TH2F (84 x 72, zlib 1), {REPETITIONS} repetitions in turn, medians")
        show(("way", "ms a file", "times as fast as PyROOT arrays"), rows)
        print(f"\nsize: {sizes[0]:.1f} MiB against {sizes[1]:.1f} MiB with lzf")
        _memory(folder)


def write_files(folder: Path, count: int) -> list[Path]:
    """Per-lumisection files of the hadron calorimeter, as real ROOT writes them."""
    folder.mkdir()
    code = f"from benchmarks.conversion import write; write({str(folder)!r}, {count})"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)  # noqa: S603 - our own words
    return sorted(folder.iterdir())


def write(folder: str, count: int) -> None:
    """What `write_files` does, in a process that has ROOT."""
    root = _root()
    shape = view("HCAL", "2018").shape
    rng = np.random.default_rng(1)
    mean = rng.uniform(100, 1500, shape) * view("HCAL", "2018").exists
    for lumi in range(1, count + 1):
        file = root.TFile(f"{folder}/DQM_V0001_Hcal_R{RUN:09d}_L{lumi:09d}.root", "RECREATE", "", 101)
        for task in TASKS:
            where = file.mkdir(f"DQMData/Run {RUN}/Hcal/Run summary/{task}/Occupancy/depth", "", True)
            for depth, plane in enumerate(rng.poisson(mean), start=1):
                histogram = root.TH2F(f"depth{depth}", f"depth{depth}", 84, 0, 84, 72, 0.5, 72.5)
                histogram.SetDirectory(root.nullptr)
                full = np.zeros((74, 86), np.float32)
                full[1:-1, 1:-1] = plane
                np.frombuffer(histogram.GetArray(), np.float32, full.size)[:] = full.ravel()
                where.WriteTObject(histogram)
        file.Close()


def _root() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ROOT
    ROOT.gROOT.SetBatch(True)
    return ROOT


WAYS = ("caloscope, 1 worker", "caloscope, 2 workers", "PyROOT arrays, h5py lzf")


def _race(folder: Path) -> dict[str, list[float]]:
    """Seconds of each repetition, one way after the other in turn.

    Each in a process of its own, as ROOT slows down whatever else runs in its process.
    """
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(REPETITIONS):
        for way in WAYS:
            code = f"from benchmarks.conversion import once; once({way!r}, {str(folder)!r})"
            command = [sys.executable, "-W", "ignore", "-c", code]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
            times[way].append(float(done.stdout.split()[-1]))
    return times


def once(way: str, folder: str) -> None:
    """Print the seconds of one way, after once that is not counted."""
    place = Path(folder)
    files = sorted((place / "spool").iterdir())
    ways: dict[str, Callable[[], None]] = {
        "caloscope, 1 worker": partial(_ours, place, 1),
        "caloscope, 2 workers": partial(_ours, place, 2),
        "PyROOT arrays, h5py lzf": partial(_pyroot, place, files, _arrays),
    }
    ways[way]()
    started = time.perf_counter()
    ways[way]()
    print(time.perf_counter() - started)


def _ours(folder: Path, workers: int) -> None:
    """All that `caloscope convert` does: checksums, checks of every bin, provenance, the sync to the disk."""
    output = folder / f"ours{workers}.h5"
    output.unlink(missing_ok=True)
    convert(expand([str(folder / "spool")]), Request(maps=MAPS, era="2018"), output, workers=workers)


def _pyroot(folder: Path, files: list[Path], bins: Bins) -> None:
    """The histograms into one array each, nothing checked, nothing else recorded."""
    root = _root()
    with h5py.File(folder / "pyroot.h5", "w") as output:
        arrays = {
            f"{task}/Occupancy/depth/depth{depth}": output.create_dataset(
                f"{task}_{depth}",
                (len(files), 72, 84),
                "f4",
                chunks=(1, 72, 84),
                compression="lzf",
                shuffle=True,
            )
            for task in TASKS
            for depth in range(1, 8)
        }
        for row, path in enumerate(files):
            file = root.TFile.Open(str(path))
            for name, array in arrays.items():
                array[row] = bins(file.Get(f"DQMData/Run {RUN}/Hcal/Run summary/{name}"))
            file.Close()


def _arrays(histogram: Any) -> NDArray[np.float32]:
    full = np.frombuffer(histogram.GetArray(), np.float32, 86 * 74).reshape(74, 86)
    return full[1:-1, 1:-1]


def _bins(histogram: Any) -> NDArray[np.float32]:
    """Bin by bin, as scripts do that follow ROOT's manual."""
    values = [[histogram.GetBinContent(x, y) for x in range(1, 85)] for y in range(1, 73)]
    return np.array(values, np.float32)


def _check(folder: Path) -> None:
    """Make sure that both hold the same."""
    with dataset.open_data_set(folder / "ours1.h5") as ours, h5py.File(folder / "pyroot.h5") as theirs:
        for name, task in zip(MAPS, TASKS, strict=True):
            planes = np.stack([theirs[f"{task}_{depth}"][:] for depth in range(1, 8)], axis=1)
            if not np.array_equal(ours.counts(name, 0, FILES), planes):
                raise CaloscopeError("conversion: the two ways disagree, expected the same counts")


def _memory(folder: Path) -> None:
    """Largest resident memory of a conversion of few and of many lumisections."""
    rows = []
    for count in MEMORY_FILES:
        spool = folder / f"spool{count}"
        write_files(spool, count)
        words = ["convert", str(spool), "-o", str(folder / f"memory{count}.h5"), "--workers", "1"]
        code = "import sys; from caloscope.cli import app; app(sys.argv[1:], standalone_mode=False)"
        # Not getrusage, whose largest memory of a new process is that of the one that started it.
        code += "; print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')))"
        command = [sys.executable, "-c", code, *words]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
        rows.append((str(count), f"{int(done.stdout.split()[-2]) / 1024:.0f}"))
    print()
    show(("lumisections", "largest memory, MiB"), rows)
