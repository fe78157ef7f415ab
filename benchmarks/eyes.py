"""Sees when a lumisection has its verdicts in the store, and when the page is told of them."""

import os
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.live import LABEL, MAPS, PATIENCE, RUN, Site, Stream
from caloscope.errors import CaloscopeError
from caloscope.store import Store

LOOK: Final = 0.001
"""Seconds from one look to the next."""


@dataclass(slots=True)
class Seen:
    """When things were there: a producer's file in the spool, a map's verdict in the store, its event."""

    dropped: dict[str, float] = field(default_factory=dict)
    verdict: dict[str, float] = field(default_factory=dict)
    event: dict[str, float] = field(default_factory=dict)


def drop(files: Sequence[Path], folder: Path) -> dict[str, float]:
    """Rename files into a folder, as if they were written that moment; when each producer's was there."""
    dropped = {}
    for path in files:
        now = time.time_ns()
        os.utime(path, ns=(now, now))  # by itself it would be that of the kernel's last tick, 4 ms ago
        dropped[path.name.split("_")[2]] = time.perf_counter()
        path.rename(folder / path.name)
    return dropped


class Eyes:
    """Looks into the store and reads the stream, by turns, in one thread."""

    def __init__(self, site: Site, store: Store, stream: Stream) -> None:
        self._store, self._stream = store, stream
        self._connection = sqlite3.connect(f"file:{site.store}?mode=ro", uri=True, isolation_level=None)
        self._version = -1

    def follow(self, lumi: int, dropped: dict[str, float]) -> Seen:
        """Wait until all maps of a lumisection have their verdict and their event."""
        seen, until = Seen(dropped), time.monotonic() + PATIENCE
        while len(seen.verdict) < len(MAPS) or len(seen.event) < len(MAPS):
            if time.monotonic() > until:
                found = f"{len(seen.verdict)} verdicts and {len(seen.event)} events of LS {lumi}"
                raise CaloscopeError(f"latency: found {found}, expected {len(MAPS)}")
            came, now = self._stream.wait(LOOK), time.perf_counter()
            for change in self._stream.take() if came else ():
                if (change.get("kind"), change.get("run"), change.get("lumi")) == ("result", RUN, lumi):
                    seen.event.setdefault(change["map"], now)
            if self._changed():
                for row in self._store.results(LABEL, RUN, first=lumi, last=lumi):
                    seen.verdict.setdefault(row.key.map, now)
        return seen

    def _changed(self) -> bool:
        """Whether anybody wrote since the last look; the question costs microseconds."""
        before, (self._version,) = self._version, self._connection.execute("PRAGMA data_version").fetchone()
        return before != self._version
