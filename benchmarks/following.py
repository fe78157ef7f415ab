"""Measures how long a live monitor takes; see `benchmarks.latency`, which prints it."""

import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks import bare, live
from benchmarks.eyes import LOOK, Eyes, Seen, drop
from benchmarks.live import MAPS, PATIENCE, PRODUCERS, RUN, Site, Stream, Usage
from caloscope.errors import CaloscopeError
from caloscope.store import FileRow, Store

WARM_UP: Final = 5
TOGETHER: Final = "all maps"
_OF_FIRST: Final = {"noticed": "waited", "ordered": "ordered"}
_OF_BOTH: Final = ("read", "score", "store")

Columns = dict[str, list[float]]


@dataclass(slots=True)
class Measured:
    """Milliseconds, one number a lumisection.

    Until the `verdict` and the `event`, by map and for all maps; what the `bare` copy took; and the `stages`
    of all maps, which add up to the time until the event.

    `output` is what the DQM output took, most of it after the event. `used` is what the monitor and the page
    server used of a core, in seconds a lumisection, and of memory at the end.
    """

    verdict: Columns = field(default_factory=dict)
    event: Columns = field(default_factory=dict)
    bare: list[float] = field(default_factory=list)
    stages: Columns = field(default_factory=dict)
    output: list[float] = field(default_factory=list)
    used: dict[str, Usage] = field(default_factory=dict)


def measure(site: Site, lumis: int, pace: float) -> Measured:
    """All that is measured, in lumisections after a few that are not."""
    found: list[tuple[int, Seen, float]] = []
    with ExitStack() as stack:
        monitor = stack.enter_context(live.monitoring(site))
        live.until(site.store.is_file, "the store", monitor)
        server, port = stack.enter_context(live.serving(site))
        stream, copied = stack.enter_context(Stream(port)), stack.enter_context(_copying(site))
        store = stack.enter_context(Store(str(site.store), read_only=True))
        eyes = Eyes(site, store, stream)
        due = time.monotonic()
        for each in site.fill(RUN, WARM_UP + lumis):
            if each.lumi == WARM_UP + 1:
                before = [live.usage(process.pid) for process in (monitor, server)]
            files = site.write(each)
            others = [Path(shutil.copy2(path, site.folder / "copies")) for path in files]
            due = _sleep_until(due)
            seen = eyes.follow(each.lumi, drop(files, site.spool))
            _sleep_until(due + 0.5 * pace)
            found.append((each.lumi, seen, copied(others)))
            due += pace
        used = [live.usage(process.pid) for process in (monitor, server)]
        measured = _summed(found[WARM_UP:], _ledger(store, WARM_UP + lumis))
    for name, first, last in zip(("monitor", "page server"), before, used, strict=True):
        measured.used[name] = last._replace(seconds=(last.seconds - first.seconds) / lumis)
    return measured


def _sleep_until(moment: float) -> float:
    """When it really was."""
    time.sleep(max(0.0, moment - time.monotonic()))
    return max(moment, time.monotonic())


@contextmanager
def _copying(site: Site) -> Iterator["_Copied"]:
    """The bare copy, in a process of its own that waits for files."""
    folder, database = site.folder / "bare", site.folder / "bare.sqlite"
    for path in (folder, site.folder / "copies"):
        path.mkdir()
    words = (folder, database, RUN)
    with live.running(site.folder / "bare.log", "benchmarks.bare", *words) as process:
        live.until(database.is_file, "the bare copy", process)
        time.sleep(1.0)  # until it watches
        with closing(sqlite3.connect(database, timeout=PATIENCE, isolation_level=None)) as connection:
            yield _Copied(folder, connection)


class _Copied:
    """Times the bare copy."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder, self._connection = folder, connection
        self._rows = 0
        self._each = sum(map(len, bare.paths(RUN).values()))

    def __call__(self, files: Sequence[Path]) -> float:
        """Seconds from the rename of the first file until the copies of all are seen."""
        started = min(drop(files, self._folder).values())
        self._rows += self._each
        while self._connection.execute("SELECT max(rowid) FROM copy").fetchone()[0] != self._rows:
            if time.perf_counter() > started + PATIENCE:
                raise CaloscopeError("latency: the bare copy took too long")
            time.sleep(LOOK)
        return time.perf_counter() - started


def _ledger(store: Store, last: int) -> dict[int, list[FileRow]]:
    """The ledger's rows by lumisection, once those of the last one are there."""
    producers = len(set(PRODUCERS.values()))
    live.until(lambda: len(_rows(store).get(last, ())) == producers, "the ledger")
    return _rows(store)


def _rows(store: Store) -> dict[int, list[FileRow]]:
    found: dict[int, list[FileRow]] = {}
    for row in store.files():
        found.setdefault(int(Path(row.path).stem.rpartition("_L")[2]), []).append(row)
    return found


def _summed(found: Sequence[tuple[int, Seen, float]], ledger: Mapping[int, Sequence[FileRow]]) -> Measured:
    """Columns of milliseconds from what was seen."""
    measured = Measured()
    for lumi, seen, copied in found:
        first = min(seen.dropped.values())
        for columns, times in ((measured.verdict, seen.verdict), (measured.event, seen.event)):
            for name in MAPS:
                columns.setdefault(name, []).append(1000 * (times[name] - seen.dropped[PRODUCERS[name]]))
            columns.setdefault(TOGETHER, []).append(1000 * (max(times.values()) - first))
        measured.bare.append(1000 * copied)
        stages = stages_of(ledger[lumi], measured.verdict[TOGETHER][-1], measured.event[TOGETHER][-1])
        for name, value in stages.items():
            measured.stages.setdefault(name, []).append(value)
        measured.output.append(1000 * max(row.stages.get("output", 0.0) for row in ledger[lumi]))
    return measured


def stages_of(files: Sequence[FileRow], verdict: float, event: float) -> dict[str, float]:
    """Where the milliseconds until the event went; `verdict` and `event` are those of the last map.

    What the second file waits for is what happens to the first one, so only that one's waiting counts;
    *other* is what no stage accounts for.
    """
    stages = {name: 1000 * min(row.stages.get(its, 0.0) for row in files) for name, its in _OF_FIRST.items()}
    stages |= {name: 1000 * sum(row.stages.get(name, 0.0) for row in files) for name in _OF_BOTH}
    stages["other"] = verdict - sum(stages.values())
    return {**stages, "event": event - verdict}
