"""From the arrival of a lumisection's files in the spool to its verdicts in the store and on the page.

A live monitor scores all maps of a calorimeter and writes its DQM output, a page server runs beside it: two
processes. Both producers' files of a lumisection are renamed into the spool together; this process looks into
the store every millisecond, and reads the page's stream of changes as a browser does. Half-way to the next
lumisection copies of the same files go to the least that anybody could do (`benchmarks.bare`). One clock, one
machine. `python -m benchmarks.latency --plot PICTURE.png` draws what was measured.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.following import TOGETHER, Measured, measure
from benchmarks.live import Site
from benchmarks.tables import show

LUMIS: Final = 500
PACE: Final = 0.5
"""Seconds from one lumisection to the next: 47 times as fast as the experiment."""

TARGETS: Final = {0.5: 100.0, 0.99: 300.0}
"""Milliseconds from the rename to the event, wanted of all maps, by quantile."""

_QUANTILES: Final = {"median": 0.5, "90 %": 0.9, "99 %": 0.99, "slowest": 1.0}


def main() -> None:
    """Measure, and draw where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__.split("\n")[0])
    parser.add_argument("--lumis", type=int, default=LUMIS)
    parser.add_argument("--pace", type=float, default=PACE, help="seconds from one to the next")
    parser.add_argument("--plot", type=Path, help="where to write a picture")
    arguments = parser.parse_args()
    measured = _measured(arguments.lumis, arguments.pace)
    if arguments.plot is not None:
        from benchmarks.delay_picture import delay_figure

        arguments.plot.write_bytes(delay_figure(measured, arguments.pace, TARGETS))


def run() -> None:
    """Print quantiles of the delay by map, beside the bare copy, and where it goes."""
    _measured(LUMIS, PACE)


def _measured(lumis: int, pace: float) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(Site(Path(folder)), lumis, pace)
    print(f"{lumis} LS, one every {pace:g} s; milliseconds from the rename to the verdict in the store")
    show(("map", *_QUANTILES), [_quantiles(*item) for item in measured.verdict.items()])
    print("\nmilliseconds from the rename to the event on the page")
    show(("map", *_QUANTILES), [_quantiles(*item) for item in measured.event.items()])
    wanted = ", ".join(f"{share:.0%}: {limit:.0f}" for share, limit in TARGETS.items())
    ratio = np.divide(measured.event[TOGETHER], measured.bare)
    print(f"\nwanted of all maps: {wanted}. The least that can be done, from the rename to a row in a table:")
    show(("bare copy", *_QUANTILES), [_quantiles("all maps", measured.bare)])
    print(f"ratio of the delays, median: {np.median(ratio):.2f}")
    _show_stages(measured)
    return measured


def _quantiles(name: str, values: Sequence[float]) -> tuple[str, ...]:
    return (name, *(f"{value:.0f}" for value in np.quantile(values, list(_QUANTILES.values()))))


def _show_stages(measured: Measured) -> None:
    total = float(np.mean(measured.event[TOGETHER]))
    print("\nwhere the time until the event of the last map goes, both files")
    rows = [
        (name, f"{np.mean(v):.1f}", f"{100 * np.mean(v) / total:.0f}", f"{np.quantile(v, 0.99):.1f}")
        for name, v in measured.stages.items()
    ]
    show(("stage", "mean ms", "share, %", "99 %, ms"), [*rows, ("together", f"{total:.1f}", "100", "")])
    print(f"\nDQM output, of several lumisections together, after it: mean {np.mean(measured.output):.0f} ms")
    for name, used in measured.used.items():
        memory = f"{used.resident / 1e6:.0f} MB of memory"
        print(f"{name}: {1000 * used.seconds:.0f} ms of a core for a lumisection, {memory}")


if __name__ == "__main__":
    main()
