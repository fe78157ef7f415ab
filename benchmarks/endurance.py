"""Whether memory and disk of a live monitor stay what they are over many lumisections, with retention.

The monitor is a process with all maps, its DQM output and a retention rule; a page server with a listener
runs beside it. A few hundred simulated lumisections, some of them with faults, come again and again under new
numbers, in runs of 2,000, each ended by its marker. Files leave the spool when the ledger calls them done.
`python -m benchmarks.endurance --plot PICTURE.png` draws what was measured.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import live
from benchmarks.live import LABEL, RUN, Site, Stream
from benchmarks.samples import FEWEST, Sample, Slope, sampled, slope
from benchmarks.stamped import Feeder, stamped
from benchmarks.tables import show
from caloscope.errors import CaloscopeError
from caloscope.faults import Fault
from caloscope.records import LumiId
from caloscope.store import Store

LUMIS: Final = 20_000
RUN_LENGTH: Final = 2_000
FIRST: Final = 1_001
"""Where the numbers of all runs begin: they all have four digits, so that files can be given others."""

SIMULATED: Final = 250
SAMPLES: Final = 200
"""And at most one every tenth lumisection."""

AHEAD: Final = 12
"""Lumisections that wait in the spool at most: a monitor that is seldom idle, and never has much at once."""

RETENTION: Final = {"keep_lumis": 500, "every": 10, "forget_lumis": 2_000, "changes": 20_000}
"""What the monitor is told to keep: arrays of the newest lumisections, then every tenth, then few."""

SETTLED: Final = 0.15
"""The share of the lumisections, the first ones, after which nothing should grow that retention bounds."""

FAULTS: Final = (
    Fault("EE+/digi", (9, 5), "dead", onset=40, end=70),
    Fault("EB/digi", (20, 30), "factor", onset=120, end=160),
    Fault("HCAL/digi", (0, 20, 50), "dead", onset=180, end=210),
)
"""In each round through what was simulated; numbers are those of its lumisections."""

ROWS: Final = 11


def main() -> None:
    """Measure, and draw where that is asked for."""
    what = __doc__.split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance", description=what)
    parser.add_argument("--lumis", type=int, default=LUMIS)
    parser.add_argument("--map", action="append", help="one of the maps; all without it")
    parser.add_argument("--plot", type=Path, help="where to write a picture")
    arguments = parser.parse_args()
    maps = arguments.map or live.MAPS
    samples = _measured(arguments.lumis, maps)
    if arguments.plot is not None:
        from benchmarks.memory_picture import memory_figure

        settled = settled_of(samples)
        arguments.plot.write_bytes(memory_figure(samples, settled, growth(settled), len(maps)))


def run() -> None:
    """Print memory, store and spool over the lumisections, and how much they grow."""
    _measured(LUMIS, live.MAPS)


def settled_of(samples: Sequence[Sample]) -> list[Sample]:
    """Those after which nothing should grow any more."""
    return [each for each in samples if each.lumis >= SETTLED * samples[-1].lumis]


def growth(settled: Sequence[Sample]) -> dict[str, Slope]:
    """Bytes a lumisection that quantities grow by."""
    lumis = np.array([each.lumis for each in settled], np.float64)
    columns = {
        "memory of the monitor": [each.monitor.resident for each in settled],
        "memory of the page server": [each.server.resident for each in settled],
        "store": [each.store for each in settled],
        "store in use": [each.used for each in settled],
    }
    return {name: slope(lumis, np.array(values, np.float64)) for name, values in columns.items()}


def _measured(lumis: int, maps: Sequence[str]) -> list[Sample]:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        samples = measure(Site(Path(folder), maps), lumis)
        seconds = time.perf_counter() - started
    kept = ", ".join(f"{name} {value}" for name, value in RETENTION.items())
    print(f"{lumis} LS of {', '.join(maps)} in {seconds / 60:.0f} min, in runs of {RUN_LENGTH}")
    print(f"retention: {kept}")
    shown = np.linspace(0, len(samples) - 1, min(ROWS, len(samples))).round().astype(int)
    show(Sample.titles(), [samples[place].told() for place in shown])
    settled = settled_of(samples)
    if len(settled) >= FEWEST:
        print(f"\nfrom LS {settled[0].lumis} on, least squares")
        rows = [(name, *(f"{value:.0f}" for value in each)) for name, each in growth(settled).items()]
        show(("growth of", "bytes a LS", "95 % from", "to"), rows)
    return samples


def measure(site: Site, lumis: int) -> list[Sample]:
    """Samples of everything, the first one before the first lumisection."""
    faults = [fault for fault in FAULTS if fault.map in {spec.name for spec, _ in site.maps}]
    templates = [stamped(site, each, FIRST - 1) for each in site.fill(RUN, SIMULATED, faults)]
    with ExitStack() as stack:
        settings = _settings(site)
        monitor = stack.enter_context(
            live.running(site.folder / "monitor.log", "caloscope", "monitor", "--config", settings)
        )
        live.until(site.store.is_file, "the store", monitor)
        server, port = stack.enter_context(live.serving(site))
        listening = stack.enter_context(Stream(port))
        threading.Thread(target=_listen, args=(listening,), daemon=True).start()
        spool = Feeder(site, AHEAD, stack.enter_context(Store(str(site.store), read_only=True)))
        samples, every = [], max(10, lumis // SAMPLES)
        for number in range(lumis):
            if number % every == 0:
                samples.append(sampled(number, site, monitor.pid, server.pid))
            run, place = RUN + number // RUN_LENGTH, number % RUN_LENGTH
            spool.add(templates[number % SIMULATED], LumiId(run, FIRST + place))
            if place == RUN_LENGTH - 1:
                spool.end(LumiId(run, FIRST + place))
        spool.wait(0)
        return [*samples, sampled(lumis, site, monitor.pid, server.pid)]


def _listen(stream: Stream) -> None:
    """Read the page's stream until it ends, as a page that is open all the time does."""
    with suppress(CaloscopeError, OSError):
        while True:
            stream.take()


def _settings(site: Site) -> Path:
    """The configuration of the monitor."""
    paths = {"spool": site.spool, "store": site.store, "output_dir": site.output, "label": LABEL}
    lines = ["[monitor]", *(f"{name} = {json.dumps(str(value))}" for name, value in paths.items())]
    lines += [f"bundles = {json.dumps([str(path) for path in site.learn()])}"]
    lines += ["[retention]", *(f"{name} = {value}" for name, value in RETENTION.items())]
    path = site.folder / "monitor.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


if __name__ == "__main__":
    main()
