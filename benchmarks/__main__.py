"""`python -m benchmarks [NAME...]`: run the benchmarks named, or all of them."""

import argparse
import os
import time
from importlib import import_module
from typing import Final

BENCHMARKS: Final = {
    "reading": "reading DQM files, against plain uproot",
    "dqmio": "reading DQMIO files, against ROOT itself and plain uproot",
    "tdirectory": "reading DQM files with folders, against ROOT itself and plain uproot",
    "conversion": "from DQM files to a data set, against PyROOT and h5py; cores; memory",
    "simulation": "simulated lumisections, against a loop over towers",
    "latency": "from the arrival of files to the verdicts in the store and on the page",
    "endurance": "memory and disk of a live monitor over 20,000 lumisections (40 minutes)",
    "replay": "lumisections a second from a data set to the store, against h5py and sqlite3",
    "verdict": "from the arrays of one lumisection of all maps to its verdict",
    "delay": "from the onset of an endcap fault to its flag, with false flags",
    "false_alarms": "false incidents of the reference detector on healthy lumisections",
    "surroundings": "what is left of a cell's fluctuation: a covariance, a network",
    "short_references": "the same on references of few lumisections",
    "networks": "training a network, against a plain loop; ONNX, against a session a map",
    "detection": "delays of all detectors against an oracle, and their false incidents",
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
        for name, what in BENCHMARKS.items():
            print(f"{name:16} {what}")
        return
    for name in arguments.names or BENCHMARKS:
        print(f"\n## {name}: {BENCHMARKS[name]}\n", flush=True)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n", flush=True)
        benchmark = import_module(f"benchmarks.{name}")  # some take seconds to import: only what is wanted
        started = time.perf_counter()
        benchmark.run()
        print(f"\n({time.perf_counter() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
