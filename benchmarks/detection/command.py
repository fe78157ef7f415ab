"""The command line of the table."""

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.detection import fdr, regimes, report, tasks
from benchmarks.detection.contenders import CONTENDERS
from benchmarks.detection.rows import HARDWARE

MAPS: Final = tuple(HARDWARE)
TRIALS: Final = 60


def main(words: Sequence[str] | None = None) -> None:
    """Measure what is asked for, as far as it is not measured yet, and print the tables."""
    arguments = _parser().parse_args(words)
    plan = tasks.Plan(
        maps=tuple(arguments.maps),
        regimes=tuple(arguments.regimes),
        detectors=tuple(arguments.detectors) if arguments.detectors else None,
        trials=arguments.trials,
        clean=arguments.clean,
        images=arguments.images,
    ).inside(Path(arguments.results))
    print(f"results in {plan.place}", flush=True)
    if not arguments.report:
        tasks.work(plan, arguments.workers)
    found = report.sections(plan)
    for name, table in found.items():
        print(f"\n## {name.capitalize()}\n\n{table}", flush=True)
    if arguments.page:
        report.fill_in(Path(arguments.page), found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=main.__doc__)
    parser.add_argument("--maps", nargs="+", choices=MAPS, default=MAPS)
    parser.add_argument(
        "--regimes", nargs="+", choices=tuple(regimes.REGIMES), default=tuple(regimes.REGIMES)
    )
    parser.add_argument("--detectors", nargs="+", choices=CONTENDERS, help="all where none is named")
    parser.add_argument("--trials", type=int, default=TRIALS, help="faults of each kind")
    parser.add_argument("--clean", type=int, help="lumisections in which nothing is wrong, of each map")
    parser.add_argument("--images", type=int, default=fdr.IMAGES, help="images for the false discovery rate")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--results", default=str(Path(tempfile.gettempdir()) / "caloscope-detection"))
    parser.add_argument("--report", action="store_true", help="print what is there, measure nothing")
    parser.add_argument("--page", help="a page whose marked tables are replaced (docs/detection.md)")
    return parser
