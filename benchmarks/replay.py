"""How fast `caloscope replay` goes through a data set, store writes included, on one core.

Each set of maps is simulated, learned and replayed by processes with one thread. Beside it stands the least
that anybody could do with the same data: plain h5py reads the counts, plain sqlite3 writes as many bytes as
the store holds of them, in transactions of 200 lumisections, and nothing is scored.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import h5py

from benchmarks.tables import show
from caloscope import bundle as bundles
from caloscope.cli.options import sources
from caloscope.config.catalogue import load
from caloscope.geometry import view
from caloscope.monitor import Intake, replay
from caloscope.readers import read
from caloscope.store import Store

SETS = {
    "EB, EE-, EE+": (("EB/digi", "EE-/digi", "EE+/digi"), 300.0),
    "EB, EE-, EE+, HCAL, HO": (("EB/digi", "EE-/digi", "EE+/digi", "HCAL/digi", "HO/digi"), 100.0),
}
"""Maps, and the lumisections a second that are wanted of them on one core."""

ERA, LABEL = "2018", "benchmark"
RUN, TRAINING_RUN = 320_002, 320_001
LUMIS, TRAINING_LUMIS = 600, 60
TOGETHER = 200
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def run() -> None:
    """Print lumisections per second, beside what is wanted and the bare copy; and where the time goes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder)
        found = {words: _measured(folder, maps) for words, (maps, _) in SETS.items()}
    print(f"{LUMIS} simulated LS from one data set into an empty SQLite store, one thread")
    rows = [
        (words, f"{each['lumis'] / each['total']:.0f}", f"{SETS[words][1]:.0f}", _against(each), _size(each))
        for words, each in found.items()
    ]
    show(("maps", "LS/s", "wanted", "time of h5py + sqlite3", "kB per LS in the store"), rows)
    print("\nmilliseconds per LS; scoring is prepare, detector, evidence and incidents")
    show(
        ("maps", "reading", "scoring", "packing and storing", "total"),
        [_stages(*item) for item in found.items()],
    )


def _against(each: dict[str, float]) -> str:
    return f"{1000 * each['bare'] / each['lumis']:.2f} ms per LS, ratio {each['total'] / each['bare']:.1f}"


def _size(each: dict[str, float]) -> str:
    return f"{each['bytes'] / each['lumis'] / 1000:.0f}"


def _stages(words: str, each: dict[str, float]) -> Sequence[str]:
    rest = each["total"] - each["reading"] - each["scoring"]
    times = (each["reading"], each["scoring"], rest, each["total"])
    return (words, *(f"{1000 * seconds / each['lumis']:.2f}" for seconds in times))


def _prepare(folder: Path) -> None:
    """Data sets to learn from and to replay, and bundles for all maps."""
    maps = [name for names, _ in SETS.values() for name in names]
    chosen = [word for name in dict.fromkeys(maps) for word in ("--map", name)]
    for name, run_number, lumis in (("good", TRAINING_RUN, TRAINING_LUMIS), ("data", RUN, LUMIS)):
        output = ("--output", str(folder / f"{name}.h5"), "--run", str(run_number), "--lumis", str(lumis))
        _caloscope("simulate", *chosen, *output, "--era", ERA, "--calm")
    for name in dict.fromkeys(maps):
        words = ("--map", name, "--output", str(_bundle(folder, name)), "--detector", "reference")
        _caloscope("train", str(folder / "good.h5"), *words)


def _bundle(folder: Path, name: str) -> Path:
    return folder / f"{load()[name].slug}.bundle"


def _caloscope(*words: str) -> None:
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "caloscope", *words], check=True, capture_output=True
    )


def _measured(folder: Path, maps: Iterable[str]) -> dict[str, float]:
    """Seconds of a replay and of its stages, in a process of its own with one thread."""
    command = [sys.executable, "-m", "benchmarks.replay", str(folder), *maps]
    done = subprocess.run(  # noqa: S603 - our own command
        command, env={**os.environ, **ONE_THREAD}, check=True, capture_output=True, text=True
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def measure(folder: Path, maps: Sequence[str]) -> dict[str, float]:
    """Seconds of a replay of the maps, of reading alone, of scoring, and of the bare copy."""
    data = folder / "data.h5"
    path = folder / f"{len(maps)}.sqlite"
    with Store(str(path)) as store:
        intake = Intake(store, [bundles.load(_bundle(folder, name)) for name in maps], LABEL)
        started = time.perf_counter()
        done = replay(sources([str(data)]), intake)
        total = time.perf_counter() - started
        scoring = sum(row.seconds for row in store.results(LABEL, RUN))
    started = time.perf_counter()
    specs = [load()[name] for name in maps]
    lumis = sum(1 for _ in read(data, specs, label=LABEL, era=ERA, views=view))
    reading = time.perf_counter() - started
    if (done.lumisections, done.results) != (lumis, lumis * len(maps)):
        raise RuntimeError(f"{done.results} results of {done.lumisections} lumisections, expected {lumis}")
    written = path.stat().st_size
    bare = _copied(data, maps, folder / f"{len(maps)}-bare.sqlite", written // done.results)
    return {
        "lumis": lumis,
        "total": total,
        "reading": reading,
        "scoring": scoring,
        "bare": bare,
        "bytes": written,
    }


def _copied(data: Path, maps: Sequence[str], path: Path, size: int) -> float:
    """Seconds to read all counts with h5py and to write `size` bytes for each with sqlite3."""
    started = time.perf_counter()
    blob, rows = os.urandom(size), list[tuple[Any, ...]]()
    with h5py.File(data) as file, closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("CREATE TABLE copy (map TEXT, row INTEGER, total INTEGER, content BLOB)")
        arrays = {name: file["maps"][name]["counts"] for name in maps}
        for row in range(len(next(iter(arrays.values())))):
            rows += [(name, row, int(array[row].sum()), blob) for name, array in arrays.items()]
            if row % TOGETHER == TOGETHER - 1:
                _insert(connection, rows)
                rows = []
        _insert(connection, rows)
    return time.perf_counter() - started


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    with connection:
        connection.executemany("INSERT INTO copy VALUES (?, ?, ?, ?)", rows)


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2:])))
