"""What a monitor and its page server hold at one moment, and by how much that grows."""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from benchmarks.live import Site, Usage, usage

CONFIDENCE = 0.95
FEWEST = 4
"""Points that a line with an interval needs."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment, `lumis` lumisections after the start; sizes in bytes.

    `store` is what lies on the disk, its log included, `used` what of it is in use.
    """

    lumis: int
    at: float
    monitor: Usage
    server: Usage
    store: int
    used: int
    spool: int
    output: int

    @staticmethod
    def titles() -> tuple[str, ...]:
        """Heads of the columns of `told`."""
        sizes = ("monitor", "page server", "store", "in use", "output")
        return ("LS", "spool", *(f"{name}, MB" for name in sizes), "open files", "threads")

    def told(self) -> tuple[str, ...]:
        """As a row of a table."""
        sizes = (self.monitor.resident, self.server.resident, self.store, self.used, self.output)
        counts = (self.monitor.descriptors, self.monitor.threads)
        return (str(self.lumis), str(self.spool), *(f"{size / 1e6:.1f}" for size in sizes), *map(str, counts))


class Slope(NamedTuple):
    """By how much something grows, with its 95 % interval."""

    value: float
    low: float
    high: float


def sampled(lumis: int, site: Site, monitor: int, server: int) -> Sample:
    """What is so now; `monitor` and `server` are numbers of processes."""
    found = (usage(monitor), usage(server))
    store = sum(size(site.store.with_name(site.store.name + suffix)) for suffix in ("", "-wal", "-shm"))
    files = sum(1 for _ in site.spool.iterdir())
    output = sum(size(path) for path in site.output.rglob("*"))
    return Sample(lumis, time.monotonic(), *found, store, _used(site.store), files, output)


def size(path: Path) -> int:
    """Of a file, zero where there is none or it has just gone."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _used(store: Path) -> int:
    """Bytes of a store in pages that hold something."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        numbers = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        ]
    return int((numbers[0] - numbers[1]) * numbers[2])


def slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> Slope:
    """Of a straight line through points, by least squares.

    Points near each other are alike: the interval is as wide as for the number of independent ones that
    holds as much, from the correlation of each residual with the next. Raises `ValueError` for fewer than 4.
    """
    if len(x) < FEWEST:
        raise ValueError(f"found {len(x)} points, expected {FEWEST} or more")
    centred = x - x.mean()
    value = float(centred @ (y - y.mean()) / (centred @ centred))
    rest = y - y.mean() - value * centred
    alike = float(rest[1:] @ rest[:-1] / max(float(rest @ rest), 1e-300))
    alike = min(max(alike, 0.0), 0.99)
    free = max((len(x) - 2) * (1.0 - alike) / (1.0 + alike), 1.0)
    error = np.sqrt(float(rest @ rest) / free / float(centred @ centred))
    half = float(t.ppf(0.5 + CONFIDENCE / 2.0, free) * error)
    return Slope(value, value - half, value + half)
