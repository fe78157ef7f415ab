"""From the arrival of a per-LS file in the spool of a live monitor to its results in the store.

The monitor is a process of its own with bundles for EB, EE-, EE+ and HCAL that writes its DQM output too.
Both producers' files of a lumisection are renamed into the spool together; a second process reads the store
until it sees the results. All on one clock and one machine.
"""

import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.tables import show
from caloscope import training
from caloscope.config.catalogue import load
from caloscope.errors import CaloscopeError
from caloscope.geometry import view
from caloscope.records import Lumisection
from caloscope.simulate import Fill, healthy_maps, lumisections, write_lumisection
from caloscope.store import FileRow, Store

ERA, LABEL = "2018", "benchmark"
RUN, TRAINING_RUN = 320_002, 320_001
MAPS = ("EB/digi", "EE-/digi", "EE+/digi", "HCAL/digi")
WARM_UP, LUMIS, TRAINING_LUMIS = 3, 60, 30
PACE = 1.0
"""Seconds from one lumisection to the next."""
LOOK = 0.002
PATIENCE = 60.0
STAGES = ("waiting", "reading and storing", "scoring")


@dataclass(slots=True)
class Times:
    """Milliseconds until results were visible, by map and for all maps; and where they went, by producer."""

    until: dict[str, list[float]] = field(default_factory=dict)
    stages: dict[str, list[tuple[float, ...]]] = field(default_factory=dict)


class Spool:
    """Folders of one run of the benchmark, and the simulated detector behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store.sqlite"
        self._maps = [(load()[name], view(load()[name].view, ERA)) for name in MAPS]
        self._detectors = healthy_maps(self._maps, seed=1)
        for name in ("spool", "staging"):
            (folder / name).mkdir()

    def learn(self) -> list[Path]:
        """Bundles of the reference detector for all maps."""
        good = list(lumisections(Fill(TRAINING_RUN, TRAINING_LUMIS, 1), self._detectors))
        folders = [self.folder / f"{spec.slug}.bundle" for spec, _ in self._maps]
        for (spec, on), folder in zip(self._maps, folders, strict=True):
            training.train(good, spec, on, folder)
        return folders

    def fill(self) -> Iterator[Lumisection]:
        """The lumisections to be measured, after a few that are not."""
        return lumisections(Fill(RUN, WARM_UP + LUMIS, 1), self._detectors)

    def drop(self, lumisection: Lumisection) -> dict[str, float]:
        """Rename a lumisection's files into the spool; when each producer's appeared, seconds since 1970."""
        written = write_lumisection(self.folder / "staging", lumisection, self._maps, began_at=time.time())
        dropped = {}
        for path in written:
            dropped[path.name.split("_")[2]] = time.time()
            path.rename(self.folder / "spool" / path.name)
        return dropped


def run() -> None:
    """Print quantiles of the time from the rename to the visible result, and the share of the stages."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder))
        times = Times()
        with _monitor(spool), Store(str(spool.store), read_only=True) as store:
            for each in spool.fill():
                began = time.monotonic()
                dropped = spool.drop(each)
                _measure(store, each.lumi, dropped, times)
                time.sleep(max(0.0, PACE - (time.monotonic() - began)))
    print(f"{LUMIS} LS, one every {PACE:g} s; milliseconds from the rename to the result in the store")
    rows = [
        (name, *(f"{q:.0f}" for q in np.quantile(v, (0.5, 0.9, 0.99)))) for name, v in times.until.items()
    ]
    show(("map", "median", "90 %", "99 %"), rows)
    print("\nmedian milliseconds of each file's stages")
    shown = [(n, *(f"{q:.0f}" for q in np.median(v, axis=0))) for n, v in times.stages.items()]
    show(("file of", *STAGES), shown)


def _measure(store: Store, lumi: int, dropped: dict[str, float], times: Times) -> None:
    """Wait for the results of one lumisection and note what they took."""
    seen = _wait(store, lumi)
    files = _files(store, lumi)
    if lumi <= WARM_UP:
        return
    producers = {name: load()[name].producer for name in MAPS}
    until = {name: 1000 * (seen[name] - dropped[producers[name]]) for name in MAPS}
    until["all maps"] = 1000 * (max(seen.values()) - min(dropped.values()))
    for name, value in until.items():
        times.until.setdefault(name, []).append(value)
    scoring = {row.key.map: row.seconds for row in store.results(LABEL, RUN, first=lumi, last=lumi)}
    for producer, file in files.items():
        scored = sum(scoring[name] for name in MAPS if producers[name] == producer)
        visible = max(seen[name] for name in MAPS if producers[name] == producer)
        waiting = visible - dropped[producer] - file.seconds
        stages = (1000 * waiting, 1000 * (file.seconds - scored), 1000 * scored)
        times.stages.setdefault(producer, []).append(stages)


def _wait(store: Store, lumi: int) -> dict[str, float]:
    """When the result of each map was first seen, seconds since 1970."""
    seen: dict[str, float] = {}
    until = time.monotonic() + PATIENCE
    while len(seen) < len(MAPS):
        if time.monotonic() > until:
            raise CaloscopeError(f"latency: {len(seen)} results of LS {lumi}, expected {len(MAPS)}")
        rows = store.results(LABEL, RUN, first=lumi, last=lumi)
        now = time.time()
        for row in rows:
            seen.setdefault(row.key.map, now)
        time.sleep(LOOK)
    return seen


def _files(store: Store, lumi: int) -> dict[str, FileRow]:
    """The ledger's rows of a lumisection by producer, once they are there."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        rows = [row for row in store.files() if row.path.endswith(f"_L{lumi:09d}.root")]
        if len(rows) == len({load()[name].producer for name in MAPS}):
            return {Path(row.path).name.split("_")[2]: row for row in rows}
        time.sleep(LOOK)
    raise CaloscopeError(f"latency: LS {lumi} is not in the ledger")


@contextmanager
def _monitor(spool: Spool) -> Iterator[None]:
    """A live monitor on the spool, ended at the end."""
    given = itertools.chain.from_iterable(("--bundle", str(path)) for path in spool.learn())
    with Store(str(spool.store)):
        pass  # so that it can be read before the monitor is up
    command = [sys.executable, "-m", "caloscope", "monitor", str(spool.folder / "spool"), *given]
    command += ["--store", str(spool.store), "--label", LABEL, "--output-dir", str(spool.folder / "output")]
    with (spool.folder / "monitor.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603 - ours
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
