"""`python -m benchmarks [NAME...]`: run the benchmarks named, or all of them."""

import argparse
import os
import time
from collections.abc import Callable

from benchmarks import (
    conversion,
    delay,
    detection,
    dqmio,
    false_alarms,
    latency,
    networks,
    reading,
    replay,
    short_references,
    simulation,
    surroundings,
    tdirectory,
    verdict,
)

BENCHMARKS: dict[str, tuple[Callable[[], None], str]] = {
    "reading": (reading.run, "reading DQM files, against plain uproot"),
    "dqmio": (dqmio.run, "reading DQMIO files, against ROOT itself and plain uproot"),
    "tdirectory": (tdirectory.run, "reading DQM files with folders, against ROOT itself and plain uproot"),
    "conversion": (conversion.run, "from DQM files to a data set, against PyROOT and h5py; cores; memory"),
    "simulation": (simulation.run, "simulated lumisections, against a loop over towers"),
    "latency": (latency.run, "from the arrival of a file to its results in the store"),
    "replay": (replay.run, "lumisections a second from a data set to the store, against h5py and sqlite3"),
    "verdict": (verdict.run, "from the arrays of one lumisection of all maps to its verdict"),
    "delay": (delay.run, "from the onset of an endcap fault to its flag, with false flags"),
    "false_alarms": (false_alarms.run, "false incidents of the reference detector on healthy lumisections"),
    "surroundings": (surroundings.run, "what is left of a cell's fluctuation: a covariance, a network"),
    "short_references": (short_references.run, "the same on references of few lumisections"),
    "networks": (networks.run, "training a network, against a plain loop; ONNX, against a session a map"),
    "detection": (detection.run, "delays of all detectors against an oracle, and their false incidents"),
}


def main() -> None:
    """Parse the command line and run what it asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run benchmarks by name.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="what to run; everything where none is named"
    )
    parser.add_argument("--list", action="store_true", help="tell what there is and stop")
    arguments = parser.parse_args()
    for name in set(arguments.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark {name!r}, expected some of {', '.join(BENCHMARKS)}")
    if arguments.list:
        for name, (_, what) in BENCHMARKS.items():
            print(f"{name:16} {what}")
        return
    for name in arguments.names or BENCHMARKS:
        benchmark, what = BENCHMARKS[name]
        print(f"\n## {name}: {what}\n", flush=True)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n", flush=True)
        started = time.perf_counter()
        benchmark()
        print(f"\n({time.perf_counter() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
